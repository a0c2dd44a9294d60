package framework

// trial is what a PostFilter plugin has found out about a node for pods of one
// shape, and as of which state of the node.
type trial struct {
	generation, refreshed uint64
	candidate             Candidate
	status                *Status
}

// Try is what try says of a node: whether room can be made there, or why not. The
// answer is kept for pods of the same shape for as long as the node does not
// change, if nothing but the node and the pod can have a say in it: no rule that
// looks beyond the node, no pod nominated to it, no disruption budget.
func (e *Evaluation) Try(n *NodeInfo, try func(*Evaluation, *NodeInfo) (Candidate, *Status)) (Candidate, *Status) {
	if e.trials == nil || len(e.State.View.Nominated(n.Name)) > 0 {
		return try(e, n)
	}
	t := &e.trials[n.index]
	if t.generation != n.Generation || t.refreshed != n.refreshed {
		*t = trial{generation: n.Generation, refreshed: n.refreshed}
		t.candidate, t.status = try(e, n)
	}
	return t.candidate, t.status
}

// keptTrials are the shape's trials, for an evaluation that may use them; else nil.
func (s *shape) keptTrials(e *Evaluation) []trial {
	view := s.evaluator.view
	if len(e.trackers) > 0 || len(active(s.global, e)) > 0 || len(view.Budgets.All()) > 0 {
		return nil
	}
	if len(s.trials) != len(view.nodes) {
		s.trials = make([]trial, len(view.nodes))
	}
	return s.trials
}
