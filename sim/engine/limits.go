package engine

import (
	"fmt"
	"time"
)

// Limits bound a run, so that a mistake ends in a plain sentence and not in a hang.
type Limits struct {
	Steps      uint64 // steps in all
	SameWork   int    // how often one deduplicated piece of work may run at one instant
	QueueItems int    // work waiting at once
}

// DefaultLimits are far above what a healthy run needs.
var DefaultLimits = Limits{Steps: 200_000_000, SameWork: 1000, QueueItems: 20_000_000}

// LimitError says which limit a run has hit. The run ends there.
type LimitError struct {
	What string
	At   Step
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("stopped at step %d, virtual time %s: %s (last work: %s)", e.At.Number, e.At.Time.Round(time.Millisecond), e.What, e.At.Work)
}

func (e *Engine) fail(what string, w Work) {
	if e.err == nil {
		e.err = &LimitError{What: what, At: Step{Number: e.steps, Time: e.now, Work: w}}
	}
}
