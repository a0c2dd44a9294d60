package framework

// Decision is the record of one pod's scheduling cycle, for people and
// programs. Its JSON form is stable.
type Decision struct {
	// Pod is namespace/name.
	Pod string `json:"pod"`
	// Scheduler is the profile that decided; omitted for the default one.
	Scheduler string `json:"scheduler,omitempty"`
	// Gated tells what keeps the pod out of the queue, such as its scheduling
	// gates. The rest is what would be decided without that.
	Gated string `json:"gated,omitempty"`
	// Examined and Feasible count nodes: all of them are always looked at.
	Examined int `json:"examined"`
	Feasible int `json:"feasible"`
	// Prefilter tells how the look at the pod alone went.
	Prefilter *PrefilterRecord `json:"prefilter,omitempty"`
	// ScoreSkipped names the score plugins that had nothing to say.
	ScoreSkipped []string `json:"scoreSkipped,omitempty"`
	// Nodes tells each node's verdict and scores, by node name: all nodes up to
	// 100, above that the winner and the next five.
	Nodes []NodeRecord `json:"nodes"`
	// Shortened says that Nodes does not hold all nodes.
	Shortened bool `json:"shortened,omitempty"`
	// Rejections counts the nodes by rejecting plugin and reason.
	Rejections []RejectionCount `json:"rejections,omitempty"`
	// Best names the nodes with the highest total; more than one is a tie. Of a
	// shortened decision it names the first few; BestCount counts all.
	Best      []string `json:"best"`
	BestCount int      `json:"bestCount,omitempty"`
	// Tie says that the winner was drawn from several equally good nodes.
	Tie bool `json:"tie,omitempty"`
	// Winner is the chosen node, with its total; "" when none fits.
	Winner      string `json:"winner,omitempty"`
	WinnerTotal int64  `json:"winnerTotal,omitempty"`
	// RunnerUp is the best node that was not chosen, with its total.
	RunnerUp      string `json:"runnerUp,omitempty"`
	RunnerUpTotal int64  `json:"runnerUpTotal,omitempty"`
	// ByNomination says that the winner was taken because an earlier
	// preemption had freed it for this pod, whatever the scores.
	ByNomination bool `json:"byNomination,omitempty"`
	// Preemption is set when room can be made for the pod.
	Preemption *PreemptionRecord `json:"preemption,omitempty"`
	// FilterMessage tells why no node fits; Message adds what preemption said
	// and is the text of the FailedScheduling event.
	FilterMessage string `json:"filterMessage,omitempty"`
	Message       string `json:"message,omitempty"`
}

// PrefilterRecord tells how PreFilter went.
type PrefilterRecord struct {
	// Code is Success or the rejection's code.
	Code string `json:"code"`
	// Plugin and Reasons are set for a rejection.
	Plugin  string   `json:"plugin,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
	// Skipped names the plugins that had nothing to filter.
	Skipped []string `json:"skipped,omitempty"`
}

// NodeRecord is one node's part of a Decision.
type NodeRecord struct {
	Name     string `json:"name"`
	Feasible bool   `json:"feasible"`
	// Code, Plugin and Reasons are those of the first failing plugin.
	Code    string   `json:"code,omitempty"`
	Plugin  string   `json:"plugin,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
	// Cause tells the first failing plugin's rejection in numbers.
	Cause
	// Failures lists every failing plugin, on demand.
	Failures []Rejection `json:"failures,omitempty"`
	// Scores are by plugin; Total is the sum of the weighted ones.
	Scores Scores `json:"scores,omitzero"`
	Total  int64  `json:"total"`
}

// Rejection is one plugin's rejection of a node.
type Rejection struct {
	Plugin  string   `json:"plugin"`
	Code    string   `json:"code"`
	Reasons []string `json:"reasons"`
	// Cause tells it in numbers, where the plugin can.
	Cause
}

// RejectionCount counts nodes that a plugin rejected for a reason.
type RejectionCount struct {
	Plugin string `json:"plugin"`
	Reason string `json:"reason"`
	Nodes  int    `json:"nodes"`
}

// PreemptionRecord tells who has to go for the pod.
type PreemptionRecord struct {
	Nominated string `json:"nominated"`
	// Victims are namespace/name, most important first.
	Victims []string `json:"victims"`
	// Because says why the victims are these, and why this node is chosen.
	Because string `json:"because,omitempty"`
	// Tied names the nodes that were as good as the nominated one.
	Tied []string `json:"tied,omitempty"`
	// Candidates are all nodes where preemption would help.
	Candidates []CandidateRecord `json:"candidates,omitempty"`
}

// CandidateRecord is one node where preemption would help.
type CandidateRecord struct {
	Node          string   `json:"node"`
	Victims       []string `json:"victims"`
	PDBViolations int      `json:"pdbViolations"`
}
