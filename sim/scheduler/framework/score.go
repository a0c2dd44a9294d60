package framework

import "slices"

func (e *Evaluation) preScore() {
	for _, plugin := range e.Profile.PreScores {
		if plugin.PreScore(e.State, e.Pod, e.Feasible).Skipped() {
			e.SkippedScores[plugin.Name()] = true
		}
	}
}

func (e *Evaluation) score() {
	e.preScore()
	e.Totals = make([]int64, len(e.Feasible))
	for _, w := range e.Profile.Scores {
		if e.SkippedScores[w.Name()] {
			continue
		}
		raw := make([]int64, len(e.Feasible))
		for i, n := range e.Feasible {
			raw[i] = w.Score(e.State, e.Pod, n)
		}
		e.addColumn(w, raw)
	}
}

// addColumn normalises and weighs one plugin's raw scores.
func (e *Evaluation) addColumn(w WeightedScore, raw []int64) {
	normalized := raw
	if n, ok := w.ScorePlugin.(Normalizer); ok {
		normalized = slices.Clone(raw)
		n.Normalize(e.State, e.Pod, e.Feasible, normalized)
	}
	for i, score := range normalized {
		e.Totals[i] += score * w.Weight
	}
	e.Columns = append(e.Columns, ScoreColumn{w.Name(), w.Weight, raw, normalized})
}

// Best returns the positions in Feasible of the nodes with the highest total.
func (e *Evaluation) Best() []int {
	top, n := e.top()
	best := make([]int, 0, n)
	for i, total := range e.Totals {
		if total == top {
			best = append(best, i)
		}
	}
	return best
}

// top returns the highest total and the number of nodes that have it.
func (e *Evaluation) top() (top int64, n int) {
	if e.highest.known {
		return e.highest.total, e.highest.nodes
	}
	for i, total := range e.Totals {
		switch {
		case i == 0 || total > top:
			top, n = total, 1
		case total == top:
			n++
		}
	}
	e.highest.known, e.highest.total, e.highest.nodes = true, top, n
	return top, n
}

// best returns the position of the k-th node, from 0, with the highest total.
func (e *Evaluation) best(k int) int {
	top, _ := e.top()
	for i, total := range e.Totals {
		if total != top {
			continue
		}
		if k == 0 {
			return i
		}
		k--
	}
	return -1
}

// DefaultNormalize scales scores so that the highest becomes MaxNodeScore, or,
// reversed, so that the highest becomes 0 and 0 becomes MaxNodeScore.
func DefaultNormalize(scores []int64, reverse bool) {
	var highest int64
	for _, s := range scores {
		highest = max(highest, s)
	}
	for i, s := range scores {
		switch {
		case highest == 0 && reverse:
			scores[i] = MaxNodeScore
		case highest == 0:
		case reverse:
			scores[i] = MaxNodeScore - MaxNodeScore*s/highest
		default:
			scores[i] = MaxNodeScore * s / highest
		}
	}
}
