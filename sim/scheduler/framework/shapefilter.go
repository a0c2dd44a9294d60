package framework

// filter finds each node's verdict: kept for the local filters, asked anew for
// the others and where a nominated pod has to be counted. It reports whether
// the feasible nodes are the same ones as last time.
func (s *shape) filter(e *Evaluation, limit NodeLimit) (same bool) {
	nodes := s.evaluator.view.nodes
	local, global := active(s.local, e), active(s.global, e)
	for _, i := range s.changed.list {
		verdict := limit.Verdict
		if limit.Names == nil || limit.Names[nodes[i].Name] {
			verdict = e.run(local, s.state, nodes[i])
		}
		if (verdict == nil) != (s.verdicts[i] == nil) {
			s.collected = false
		}
		s.verdicts[i] = verdict
	}
	s.changed.clear()
	e.Verdicts = s.verdicts
	if nominations := s.evaluator.view.AnyNominated(); nominations || len(global) > 0 {
		s.combined = append(s.combined[:0], s.verdicts...)
		e.Verdicts = s.combined
		s.combine(e, global, nominations, limit)
		same = s.collect(e.Verdicts)
		s.collected = false
	} else {
		same = s.collected || s.collect(e.Verdicts)
		s.collected = true
	}
	e.Feasible = s.feasible
	return same
}

// combine asks the global filters where the local ones do not object.
func (s *shape) combine(e *Evaluation, global []FilterPlugin, nominations bool, limit NodeLimit) {
	view := s.evaluator.view
	for i, n := range view.nodes {
		switch {
		case nominations && len(view.Nominated(n.Name)) > 0 && (limit.Names == nil || limit.Names[n.Name]):
			e.Verdicts[i] = e.RunFiltersWithNominated(s.state, n)
		case e.Verdicts[i] == nil && len(global) > 0:
			e.Verdicts[i] = e.run(global, s.state, n)
		}
	}
}

// collect lists the feasible nodes and reports whether they are the same ones
// as last time. It writes only what differs.
func (s *shape) collect(verdicts []*Status) (same bool) {
	same = true
	k := 0
	for i, v := range verdicts {
		if v != nil {
			s.place[i] = -1
			continue
		}
		n := s.evaluator.view.nodes[i]
		s.place[i] = int32(k)
		switch {
		case k == len(s.feasible):
			s.feasible = append(s.feasible, n)
			same = false
		case s.feasible[k] != n:
			s.feasible[k] = n
			same = false
		}
		k++
	}
	if k < len(s.feasible) {
		s.feasible = s.feasible[:k]
		same = false
	}
	return same
}

// active leaves out the filters that have nothing to say about the pod.
func active(filters []FilterPlugin, e *Evaluation) []FilterPlugin {
	var out []FilterPlugin
	for _, plugin := range filters {
		if !e.SkippedFilters[plugin.Name()] {
			out = append(out, plugin)
		}
	}
	return out
}
