package framework

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// What a Decision holds of the nodes.
const (
	// wholeTable is the number of nodes up to which all are recorded.
	wholeTable = 100
	// nextBest is how many nodes besides the winner are recorded above that.
	nextBest = 5
)

// Outcome is how a cycle ended.
type Outcome struct {
	// Winner is the position in Feasible of the chosen node; -1 for none.
	Winner int
	// ByNomination says that it was chosen because it had been freed for the pod.
	ByNomination bool
	// Preemption is what PostFilter found out; nil if it did not run.
	Preemption *Preemption
}

// Record writes a cycle down; above 100 nodes it keeps the winner, the next
// five and counts.
func (e *Evaluation) Record(o Outcome) *Decision {
	return e.record(o, len(e.Verdicts) > wholeTable)
}

// Table writes a cycle down with every node, and every failing plugin of each
// node that was rejected.
func (e *Evaluation) Table(o Outcome) *Decision {
	d := e.record(o, false)
	for i := range d.Nodes {
		if !d.Nodes[i].Feasible {
			d.Nodes[i].Failures = e.failures(e.State.View.Nodes()[i])
		}
	}
	return d
}

func (e *Evaluation) record(o Outcome, shorten bool) *Decision {
	d := &Decision{
		Pod: e.Pod.Key, Gated: e.Profile.Gate(e.Pod).Message(), Examined: len(e.Verdicts), Feasible: len(e.Feasible),
		Prefilter: e.prefilterRecord(), ScoreSkipped: sortedNames(e.SkippedScores),
		Rejections: e.rejections(), Shortened: shorten, ByNomination: o.ByNomination,
		Best: []string{}, Nodes: []NodeRecord{},
	}
	if e.Profile.Name != DefaultSchedulerName {
		d.Scheduler = e.Profile.Name
	}
	next := e.leaders(o.Winner, nextBest)
	e.recordWinner(d, o, next, shorten)
	if shorten {
		e.recordLeaders(d, o, next)
	} else {
		e.recordAll(d)
	}
	if len(e.Feasible) == 0 {
		d.FilterMessage = e.FilterMessage()
		d.Message = FailureMessage(d.FilterMessage, o.Preemption)
		d.Preemption = o.Preemption.record(e.Pod)
	}
	return d
}

func (e *Evaluation) prefilterRecord() *PrefilterRecord {
	r := &PrefilterRecord{Code: Success.String(), Skipped: sortedNames(e.SkippedFilters)}
	if e.PreFilter != nil {
		r.Code, r.Plugin, r.Reasons, r.Skipped = e.PreFilter.Code.String(), e.PreFilter.Plugin, e.PreFilter.Reasons, nil
	}
	return r
}

func (e *Evaluation) recordWinner(d *Decision, o Outcome, next []int, shorten bool) {
	top, n := e.top()
	d.BestCount = n
	named := n
	if shorten {
		named = min(n, 1+nextBest)
	}
	for i := 0; len(d.Best) < named; i++ {
		if e.Totals[i] == top {
			d.Best = append(d.Best, e.Feasible[i].Name)
		}
	}
	if o.Winner < 0 || o.Winner >= len(e.Feasible) {
		return
	}
	d.Winner, d.WinnerTotal = e.Feasible[o.Winner].Name, e.Totals[o.Winner]
	d.Tie = n > 1 && !o.ByNomination
	if len(next) > 0 {
		d.RunnerUp, d.RunnerUpTotal = e.Feasible[next[0]].Name, e.Totals[next[0]]
	}
}

// leaders returns the positions of the n best nodes besides one, best first,
// equal ones by name.
func (e *Evaluation) leaders(besides, n int) []int {
	var top []int
	enough := int64(math.MinInt64) // what a node must exceed to be among them
	for i, total := range e.Totals {
		if total <= enough || i == besides {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, total, func(j int, t int64) int {
			if e.Totals[j] >= t {
				return -1
			}
			return 1
		})
		top = slices.Insert(top, at, i)
		if top = top[:min(n, len(top))]; len(top) == n {
			enough = e.Totals[top[n-1]]
		}
	}
	return top
}

func (e *Evaluation) recordLeaders(d *Decision, o Outcome, next []int) {
	var picked []int
	if o.Winner >= 0 {
		picked = append(picked, o.Winner)
	}
	board := newScoreboard(e.Columns)
	for _, i := range append(picked, next...) {
		d.Nodes = append(d.Nodes, e.feasibleRecord(i, board))
	}
}

func (e *Evaluation) recordAll(d *Decision) {
	d.Nodes = make([]NodeRecord, 0, len(e.Verdicts))
	board := newScoreboard(e.Columns)
	next := 0
	for i, n := range e.State.View.Nodes() {
		if v := e.Verdicts[i]; v != nil {
			reasons := slices.Sorted(slices.Values(v.Reasons))
			d.Nodes = append(d.Nodes, NodeRecord{Name: n.Name, Code: v.Code.String(), Plugin: v.Plugin, Reasons: reasons, Cause: e.cause(n, v)})
			continue
		}
		d.Nodes = append(d.Nodes, e.feasibleRecord(next, board))
		next++
	}
}

func (e *Evaluation) feasibleRecord(i int, board *scoreboard) NodeRecord {
	return NodeRecord{Name: e.Feasible[i].Name, Feasible: true, Scores: board.at(i), Total: e.Totals[i]}
}

// failures asks every filter plugin about a node, not only up to the first
// that fails.
func (e *Evaluation) failures(n *NodeInfo) []Rejection {
	if e.PreFilter != nil {
		return []Rejection{{Plugin: e.PreFilter.Plugin, Code: e.PreFilter.Code.String(), Reasons: e.PreFilter.Reasons}}
	}
	with, state := e.counted(n)
	var out []Rejection
	for _, plugin := range e.filters {
		status := plugin.Filter(state, e.Pod, with)
		if status.OK() {
			continue
		}
		r := Rejection{Plugin: plugin.Name(), Code: status.Code.String(), Reasons: slices.Sorted(slices.Values(status.Reasons))}
		if x, ok := plugin.(Explainer); ok {
			r.Cause = x.Explain(state, e.Pod, with)
		}
		out = append(out, r)
	}
	return out
}

// counted is the node as the filters saw it, nominated pods included.
func (e *Evaluation) counted(n *NodeInfo) (*NodeInfo, *CycleState) {
	if with, state := e.addNominated(e.State, n); with != nil {
		return with, state
	}
	return n, e.State
}

// cause tells a node's first rejection in numbers, where its plugin can.
func (e *Evaluation) cause(n *NodeInfo, verdict *Status) Cause {
	for _, plugin := range e.filters {
		x, ok := plugin.(Explainer)
		if !ok || plugin.Name() != verdict.Plugin || e.PreFilter != nil {
			continue
		}
		with, state := e.counted(n)
		if plugin.Filter(state, e.Pod, with).OK() {
			return Cause{} // PreFilter left the node out
		}
		return x.Explain(state, e.Pod, with)
	}
	return Cause{}
}

// rejections counts the nodes by first failing plugin and reason, in the
// profile's order of plugins, then by count.
func (e *Evaluation) rejections() []RejectionCount {
	if len(e.Feasible) == len(e.Verdicts) {
		return nil
	}
	counts := make(map[[2]string]int)
	for status, n := range e.Tally() {
		for _, reason := range status.Reasons {
			counts[[2]string{status.Plugin, reason}] += n
		}
	}
	var out []RejectionCount
	for key, n := range counts {
		out = append(out, RejectionCount{Plugin: key[0], Reason: key[1], Nodes: n})
	}
	place := func(name string) int {
		return slices.IndexFunc(e.Profile.Filters, func(f FilterPlugin) bool { return f.Name() == name })
	}
	slices.SortFunc(out, func(a, b RejectionCount) int {
		return cmp.Or(cmp.Compare(place(a.Plugin), place(b.Plugin)), cmp.Compare(b.Nodes, a.Nodes), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

func (p *Preemption) record(pod *PodInfo) *PreemptionRecord {
	if p == nil || p.Nominated == "" {
		return nil
	}
	r := &PreemptionRecord{Nominated: p.Nominated, Victims: podKeys(p.Victims), Tied: p.Tied, Because: p.because(pod)}
	for _, c := range p.Candidates {
		r.Candidates = append(r.Candidates, CandidateRecord{c.Node.Name, podKeys(c.Victims), c.Violations})
	}
	return r
}

// because says that the victims matter less than the pod, and what speaks for
// the node.
func (p *Preemption) because(pod *PodInfo) string {
	text := fmt.Sprintf("priority %d is below %d", p.Victims[0].Priority, pod.Priority)
	if p.Choice != "" {
		text += fmt.Sprintf("; of %d nodes %s", len(p.Candidates), p.Choice)
	}
	return text
}

func podKeys(pods []*PodInfo) []string {
	keys := make([]string, len(pods))
	for i, p := range pods {
		keys[i] = p.Key
	}
	return keys
}

func sortedNames(set map[string]bool) []string {
	return slices.Sorted(maps.Keys(set))
}
