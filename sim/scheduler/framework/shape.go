package framework

import "slices"

// shape is what is kept for pods that all rules treat alike.
type shape struct {
	evaluator *Evaluator
	used      uint64

	// local are the filters, from the first on, that look at one node alone;
	// global are the rest.
	local, global []FilterPlugin
	// columns are the scores of the profile's score plugins, in its order.
	columns []*column
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

	// combined are the verdicts with those of the global filters.
	combined []*Status
	// collected says that feasible follows from verdicts alone and is up to date.
	collected bool
	// feasible are the feasible nodes of the last evaluation, place their
	// positions in it by node index (−1 for the others), and totals their scores.
	feasible []*NodeInfo
	place    []int32
	totals   []int64
	// trials are the PostFilter plugin's by node index; empty before there was one.
	trials []trial
}

func newShape(v *Evaluator, pod *PodInfo) *shape {
	s := &shape{evaluator: v}
	for i, plugin := range v.profile.Filters {
		epochs, kept := dependsOn(plugin, pod)
		if d, ok := plugin.(FilterDependent); ok {
			epochs, kept = d.FilterDependsOn(pod)
		}
		if !kept {
			s.global = v.profile.Filters[i:]
			break
		}
		s.local = v.profile.Filters[:i+1]
		s.depends = append(s.depends, epochs...)
	}
	for _, w := range v.profile.Scores {
		epochs, kept := dependsOn(w.ScorePlugin, pod)
		s.columns = append(s.columns, &column{WeightedScore: w, kept: kept, depends: epochs})
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
	s.feasible, s.place, s.collected = s.feasible[:0], make([]int32, n), false
	s.trials = nil
	for _, c := range s.columns {
		c.byNode, c.valid = make([]int64, n), false
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
		if t, ok := plugin.(Toucher); ok {
			t.Touched(s.state, s.mark)
		}
	}
}
