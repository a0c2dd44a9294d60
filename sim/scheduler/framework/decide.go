package framework

// Verdict is an evaluation with its outcome.
type Verdict struct {
	*Evaluation
	Outcome
}

// Decide chooses among the nodes of an evaluation: the node that was freed for
// the pod if it fits there, else one of the best, drawn by Evaluation.Draw. If
// no node fits, it asks what preemption could do.
func Decide(e *Evaluation) Verdict {
	o := Outcome{Winner: -1}
	if len(e.Feasible) == 0 {
		o.Preemption = e.PostFilter()
		return Verdict{e, o}
	}
	if nominated := e.Pod.Pod.Status.NominatedNodeName; nominated != "" {
		for i, n := range e.Feasible {
			if n.Name == nominated {
				o.Winner, o.ByNomination = i, true
				return Verdict{e, o}
			}
		}
	}
	k := 0
	if _, n := e.top(); n > 1 && e.Draw != nil {
		k = e.Draw("tie", n)
	}
	o.Winner = e.best(k)
	return Verdict{e, o}
}

// Node returns the chosen node, or nil.
func (v Verdict) Node() *NodeInfo {
	if v.Winner < 0 {
		return nil
	}
	return v.Feasible[v.Winner]
}

// Record writes the cycle down; see Evaluation.Record.
func (v Verdict) Record() *Decision { return v.Evaluation.Record(v.Outcome) }

// Table writes the cycle down in full; see Evaluation.Table.
func (v Verdict) Table() *Decision { return v.Evaluation.Table(v.Outcome) }

// Rejectors names the plugins that rejected the pod on some node.
func (v Verdict) Rejectors() map[string]bool {
	plugins := make(map[string]bool)
	for status := range v.Tally() {
		plugins[status.Plugin] = true
	}
	return plugins
}
