package framework

import "slices"

// shape is what is kept for pods that all rules treat alike.
type shape struct {
	evaluator *Evaluator
	used      uint64

	// local are the filters, from the first on, that look at one node alone;
	// global are the rest.
	local, global []FilterPlugin
	// columns are the kept raw scores of plugins that look at one node alone.
	columns map[string]*column
	// depends are the epochs that kept results depend on.
	depends []Epoch

	state    *CycleState
	epochs   [epochKinds]uint64
	position uint64 // in the view's change log

	// verdicts are those of the local filters, by node index.
	verdicts []*Status
	// changed and unscored are the nodes whose verdict, and whose raw scores,
	// must be asked anew.
	changed, unscored indexSet

	feasible []*NodeInfo
	combined []*Status
}

// indexSet is a set of node indexes that lists itself in the order of adding.
type indexSet struct {
	in   []bool
	list []int
}

func newIndexSet(n int) indexSet { return indexSet{in: make([]bool, n)} }

func (s *indexSet) add(i int) {
	if !s.in[i] {
		s.in[i] = true
		s.list = append(s.list, i)
	}
}

func (s *indexSet) clear() {
	for _, i := range s.list {
		s.in[i] = false
	}
	s.list = s.list[:0]
}

// column keeps one plugin's raw scores by node index.
type column struct {
	raw     []int64
	depends []Epoch
	epochs  [epochKinds]uint64
	valid   bool
}

func newShape(v *Evaluator, pod *PodInfo) *shape {
	s := &shape{evaluator: v, columns: make(map[string]*column)}
	for i, plugin := range v.profile.Filters {
		epochs, kept := dependsOn(plugin, pod)
		if !kept {
			s.global = v.profile.Filters[i:]
			break
		}
		s.local = v.profile.Filters[:i+1]
		s.depends = append(s.depends, epochs...)
	}
	for _, w := range v.profile.Scores {
		if epochs, kept := dependsOn(w.ScorePlugin, pod); kept {
			s.columns[w.Name()] = &column{depends: epochs}
		}
	}
	return s
}

func dependsOn(plugin Plugin, pod *PodInfo) ([]Epoch, bool) {
	if d, ok := plugin.(Dependent); ok {
		return d.DependsOn(pod)
	}
	return nil, false
}

// sync brings what is kept in step with the view.
func (s *shape) sync(pod *PodInfo) {
	view := s.evaluator.view
	changes, next, ok := view.Changes(s.position)
	switch {
	case !ok || s.state == nil || s.moved(EpochMembers) || slices.ContainsFunc(s.depends, s.moved):
		s.forget()
	case s.moved(EpochNodes) || s.moved(EpochWorkloads) || s.moved(EpochStorage) && len(pod.Claims) > 0:
		s.state = NewCycleState(view)
		s.markChanged(changes)
	default:
		s.follow(pod, changes)
	}
	s.position, s.epochs = next, view.epochs
}

func (s *shape) moved(e Epoch) bool { return s.epochs[e] != s.evaluator.view.epochs[e] }

// forget has every node asked anew.
func (s *shape) forget() {
	n := len(s.evaluator.view.nodes)
	s.state = NewCycleState(s.evaluator.view)
	s.verdicts = make([]*Status, n)
	s.changed, s.unscored = newIndexSet(n), newIndexSet(n)
	for i := range n {
		s.mark(i)
	}
	for _, c := range s.columns {
		c.raw, c.valid = make([]int64, n), false
	}
}

func (s *shape) mark(i int) {
	s.changed.add(i)
	s.unscored.add(i)
}

func (s *shape) markChanged(changes []Change) {
	for _, c := range changes {
		s.mark(c.Node.index)
	}
}

// follow tells the rules that look at all nodes of each pod that came or went.
func (s *shape) follow(pod *PodInfo, changes []Change) {
	s.markChanged(changes)
	for _, plugin := range s.evaluator.profile.PreFilters {
		t, ok := plugin.(PodTracker)
		if !ok {
			continue
		}
		for _, c := range changes {
			if c.Pod != nil {
				t.TrackPod(s.state, pod, c.Pod, c.Node, c.Delta)
			}
		}
	}
}

// filter finds each node's verdict: kept for the local filters, asked anew for
// the others and where a nominated pod has to be counted.
func (s *shape) filter(e *Evaluation, limit NodeLimit) {
	nodes := s.evaluator.view.nodes
	local, global := active(s.local, e), active(s.global, e)
	for _, i := range s.changed.list {
		if limit.Names != nil && !limit.Names[nodes[i].Name] {
			s.verdicts[i] = limit.Verdict
		} else {
			s.verdicts[i] = e.run(local, s.state, nodes[i])
		}
	}
	s.changed.clear()
	e.Verdicts = append(s.combined[:0], s.verdicts...)
	s.combined = e.Verdicts
	feasible := s.feasible[:0]
	nominations := s.evaluator.view.AnyNominated()
	for i, n := range nodes {
		if nominations && len(s.evaluator.view.Nominated(n.Name)) > 0 && (limit.Names == nil || limit.Names[n.Name]) {
			e.Verdicts[i] = e.RunFiltersWithNominated(s.state, n)
		} else if e.Verdicts[i] == nil && len(global) > 0 {
			e.Verdicts[i] = e.run(global, s.state, n)
		}
		if e.Verdicts[i] == nil {
			feasible = append(feasible, n)
		}
	}
	s.feasible, e.Feasible = feasible, feasible
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

// score gathers the kept raw scores of the feasible nodes and asks for the rest.
func (s *shape) score(e *Evaluation) {
	e.preScore()
	for _, w := range e.Profile.Scores {
		if e.SkippedScores[w.Name()] {
			continue
		}
		c := s.columns[w.Name()]
		if c != nil {
			s.refresh(e, w, c)
		}
		raw := make([]int64, len(e.Feasible))
		for i, n := range e.Feasible {
			if c != nil {
				raw[i] = c.raw[n.index]
			} else {
				raw[i] = w.Score(e.State, e.Pod, n)
			}
		}
		e.addColumn(w, raw)
	}
	s.unscored.clear()
}

// refresh asks a plugin for the raw scores that are no longer right.
func (s *shape) refresh(e *Evaluation, w WeightedScore, c *column) {
	view := s.evaluator.view
	whole := !c.valid || slices.ContainsFunc(c.depends, func(d Epoch) bool { return c.epochs[d] != view.epochs[d] })
	c.valid, c.epochs = true, view.epochs
	if whole {
		for i, n := range view.nodes {
			c.raw[i] = w.Score(e.State, e.Pod, n)
		}
		return
	}
	for _, i := range s.unscored.list {
		c.raw[i] = w.Score(e.State, e.Pod, view.nodes[i])
	}
}
