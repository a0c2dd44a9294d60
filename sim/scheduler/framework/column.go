package framework

import "slices"

// column is what a shape keeps of one score plugin.
type column struct {
	WeightedScore
	// kept says that the plugin looks at one node alone, so that its raw scores,
	// by node index, hold until the node or one of the epochs changes.
	kept    bool
	byNode  []int64
	depends []Epoch
	epochs  [epochKinds]uint64
	valid   bool

	// raw and normalized are the scores of the feasible nodes; one slice where
	// the plugin does not normalise.
	raw, normalized []int64
	// counted says that the totals contain normalized.
	counted bool
}

// score brings the columns and the totals up to date. same says that the
// feasible nodes are those of last time; then only what changed is added up.
func (s *shape) score(e *Evaluation, same bool) {
	e.preScore()
	if !same {
		s.totals = resize(s.totals, len(s.feasible))
		clear(s.totals)
	}
	for _, c := range s.columns {
		if !same {
			c.counted = false
		}
		if e.SkippedScores[c.Name()] {
			s.drop(c)
			continue
		}
		whole := c.kept && s.refresh(e, c)
		if c.counted && c.kept && !whole {
			s.adjust(e, c)
		} else {
			s.recount(e, c)
		}
		e.Columns = append(e.Columns, ScoreColumn{c.Name(), c.Weight, c.raw, c.normalized})
	}
	e.Totals = s.totals
	s.unscored.clear()
}

// refresh asks a kept column's plugin for the raw scores that no longer hold,
// and reports whether that was all of them.
func (s *shape) refresh(e *Evaluation, c *column) (whole bool) {
	view := s.evaluator.view
	whole = !c.valid || slices.ContainsFunc(c.depends, func(d Epoch) bool { return c.epochs[d] != view.epochs[d] })
	c.valid, c.epochs = true, view.epochs
	if whole {
		for i, n := range view.nodes {
			c.byNode[i] = c.Score(e.State, e.Pod, n)
		}
		return true
	}
	for _, i := range s.unscored.list {
		c.byNode[i] = c.Score(e.State, e.Pod, view.nodes[i])
	}
	return false
}

// drop takes a column out of the totals.
func (s *shape) drop(c *column) {
	if c.counted {
		s.addTotals(c, -1)
		c.counted = false
	}
	c.valid = false
}

// adjust carries the changed nodes of a kept column into the totals.
func (s *shape) adjust(e *Evaluation, c *column) {
	_, normalizes := c.ScorePlugin.(Normalizer)
	changed := false
	for _, i := range s.unscored.list {
		at := s.place[i]
		if at < 0 || c.raw[at] == c.byNode[i] {
			continue
		}
		if !normalizes {
			s.totals[at] += (c.byNode[i] - c.raw[at]) * c.Weight
		}
		c.raw[at] = c.byNode[i]
		changed = true
	}
	if changed && normalizes {
		s.addTotals(c, -1)
		s.normalize(e, c)
		s.addTotals(c, 1)
	}
}

// recount works a column out for all feasible nodes.
func (s *shape) recount(e *Evaluation, c *column) {
	if c.counted {
		s.addTotals(c, -1)
	}
	c.raw = resize(c.raw, len(s.feasible))
	batch, batches := c.ScorePlugin.(BatchScorer)
	switch {
	case c.kept:
		for i, n := range s.feasible {
			c.raw[i] = c.byNode[n.index]
		}
	case batches:
		batch.ScoreAll(e.State, e.Pod, s.feasible, c.raw)
	default:
		for i, n := range s.feasible {
			c.raw[i] = c.Score(e.State, e.Pod, n)
		}
	}
	s.normalize(e, c)
	s.addTotals(c, 1)
	c.counted = true
}

func (s *shape) normalize(e *Evaluation, c *column) {
	n, ok := c.ScorePlugin.(Normalizer)
	if !ok {
		c.normalized = c.raw
		return
	}
	c.normalized = resize(c.normalized, len(c.raw))
	copy(c.normalized, c.raw)
	n.Normalize(e.State, e.Pod, s.feasible, c.normalized)
}

func (s *shape) addTotals(c *column, sign int64) {
	weight := sign * c.Weight
	for i, score := range c.normalized {
		s.totals[i] += score * weight
	}
}

// resize returns a slice of length n, the old one if it is large enough.
func resize(list []int64, n int) []int64 {
	if cap(list) < n {
		return make([]int64, n, n+n/4)
	}
	return list[:n]
}
