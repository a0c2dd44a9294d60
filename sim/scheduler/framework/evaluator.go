package framework

// Evaluator evaluates pods as Profile.Evaluate does and keeps, per shape of
// pod, what it found out about each node. The next pod of the same shape costs
// only what has changed since: nodes whose pods or properties changed are asked
// again by the rules that look at one node alone, and the counts of the rules
// that look at all nodes follow each pod that comes or goes.
//
// An Evaluation that it returns is good until the Snapshot changes or the next
// one is asked for.
type Evaluator struct {
	profile *Profile
	view    *Snapshot
	shapes  map[string]*shape
	uses    uint64
}

// What bounds the memory for kept results; the shape that was not used for the
// longest time goes first.
const (
	maxShapes = 256
	minShapes = 8
	// maxCells bounds shapes times nodes; a cell takes about 200 bytes.
	maxCells = 400_000
)

// NewEvaluator returns an Evaluator of pods for a profile over a view.
func NewEvaluator(profile *Profile, view *Snapshot) *Evaluator {
	return &Evaluator{profile: profile, view: view, shapes: make(map[string]*shape)}
}

// Evaluate is Profile.Evaluate with kept results.
func (v *Evaluator) Evaluate(pod *PodInfo) *Evaluation {
	s := v.shape(pod)
	s.sync(pod)
	e := &Evaluation{
		Profile: v.profile, State: s.state, Pod: pod,
		SkippedFilters: make(map[string]bool), SkippedScores: make(map[string]bool),
	}
	limit := e.preFilter()
	if e.PreFilter != nil {
		e.filter(limit)
		return e
	}
	if same := s.filter(e, limit); len(e.Feasible) > 0 {
		s.score(e, same)
	} else {
		e.trials = s.keptTrials(e)
	}
	return e
}

// shape finds what is kept for pods like this one.
func (v *Evaluator) shape(pod *PodInfo) *shape {
	key := pod.shape()
	s := v.shapes[key]
	if s == nil {
		limit := min(max(maxCells/max(len(v.view.nodes), 1), minShapes), maxShapes)
		for len(v.shapes) >= limit {
			v.evict()
		}
		s = newShape(v, pod)
		v.shapes[key] = s
	}
	v.uses++
	s.used = v.uses
	return s
}

func (v *Evaluator) evict() {
	var oldest string
	for key, s := range v.shapes {
		if oldest == "" || s.used < v.shapes[oldest].used {
			oldest = key
		}
	}
	delete(v.shapes, oldest)
}
