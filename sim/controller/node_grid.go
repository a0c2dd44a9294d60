package controller

import "time"

// grid is the instants at which a loop of a fixed period looks at the world:
// start, start+period, and so on. Controllers whose originals poll use it to act
// when those would, without polling.
type grid struct {
	start, period time.Duration
}

// from is the first instant of the grid that is not before t.
func (g grid) from(t time.Duration) time.Duration {
	if t <= g.start {
		return g.start
	}
	return g.start + (t-g.start+g.period-1)/g.period*g.period
}

// after is the first instant of the grid that is after t.
func (g grid) after(t time.Duration) time.Duration { return g.from(t + 1) }
