package plugins

import (
	"math"

	"minisim/sim/scheduler/framework"
)

// bestCandidates narrows candidates by one measure after the other, as long as
// several are left: fewest broken budgets, lowest priority of the most
// important victim, smallest sum of priorities, fewest victims, and then the
// latest start of the most important victims.
func bestCandidates(candidates []framework.Candidate) []framework.Candidate {
	for _, measure := range []func(framework.Candidate) int64{
		func(c framework.Candidate) int64 { return -int64(c.Violations) },
		func(c framework.Candidate) int64 { return -int64(c.Victims[0].Priority) },
		func(c framework.Candidate) int64 { return -prioritySum(c) },
		func(c framework.Candidate) int64 { return -int64(len(c.Victims)) },
		func(c framework.Candidate) int64 { return earliestTopStart(c) },
	} {
		candidates = highest(candidates, measure)
	}
	return candidates
}

func highest(candidates []framework.Candidate, measure func(framework.Candidate) int64) []framework.Candidate {
	var best []framework.Candidate
	top := int64(math.MinInt64)
	for _, c := range candidates {
		switch m := measure(c); {
		case m > top:
			top, best = m, []framework.Candidate{c}
		case m == top:
			best = append(best, c)
		}
	}
	return best
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
