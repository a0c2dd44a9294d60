package plugins

import (
	"fmt"
	"math"
	"slices"

	"minisim/sim/scheduler/framework"
)

// measures are what candidates are compared by, the most important first. A
// higher value is better.
var measures = []struct {
	says string
	of   func(framework.Candidate) int64
}{
	{"it breaks the fewest disruption budgets", func(c framework.Candidate) int64 { return -int64(c.Violations) }},
	{"its most important victim matters least", func(c framework.Candidate) int64 { return -int64(c.Victims[0].Priority) }},
	{"its victims' priorities have the smallest sum", func(c framework.Candidate) int64 { return -prioritySum(c) }},
	{"it has the fewest victims", func(c framework.Candidate) int64 { return -int64(len(c.Victims)) }},
	{"its most important victims started last", earliestTopStart},
}

// bestCandidates narrows candidates by one measure after the other, as long as
// several are left, and tells the measure that decided.
func bestCandidates(candidates []framework.Candidate) (best []framework.Candidate, choice string) {
	best = slices.Clone(candidates)
	for _, m := range measures {
		better := highest(best, m.of)
		if len(better) < len(best) {
			choice = m.says
		}
		best = better
	}
	if len(best) > 1 {
		choice = fmt.Sprintf("%d are equally good", len(best))
	}
	return best, choice
}

// highest moves those with the highest measure to the front, in their order, and returns them.
func highest(candidates []framework.Candidate, measure func(framework.Candidate) int64) []framework.Candidate {
	n, top := 0, int64(math.MinInt64)
	for _, c := range candidates {
		m := measure(c)
		if m > top {
			n, top = 0, m
		}
		if m == top {
			candidates[n] = c
			n++
		}
	}
	return candidates[:n]
}

// prioritySum adds 2^31 to each priority, so that fewer victims of negative
// priority are better than more.
func prioritySum(c framework.Candidate) int64 {
	var sum int64
	for _, v := range c.Victims {
		sum += int64(v.Priority) + int64(math.MaxInt32) + 1
	}
	return sum
}

// earliestTopStart is the earliest start, in nanoseconds, among the victims of
// the highest priority.
func earliestTopStart(c framework.Candidate) int64 {
	earliest := started(c.Victims[0])
	for _, v := range c.Victims {
		if v.Priority == c.Victims[0].Priority && started(v).Before(earliest) {
			earliest = started(v)
		}
	}
	if earliest.Equal(notStarted) {
		return math.MaxInt64
	}
	return earliest.UnixNano()
}
