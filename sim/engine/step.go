package engine

import (
	"errors"
	"fmt"
	"time"
)

// ErrIdle says that no work is left at all.
var ErrIdle = errors.New("nothing is left to do")

// Step does the next thing: a journal entry that is due, a request from outside
// that waits, or else the earliest work. It returns ErrIdle when nothing is
// left, and a *LimitError when a limit is hit.
func (e *Engine) Step() (Step, error) {
	if e.err != nil {
		return Step{}, e.err
	}
	e.receive()
	if s, ok := e.stepOutside(); ok {
		return s, e.err
	}
	it := e.peek()
	if it == nil {
		return Step{}, ErrIdle
	}
	e.queue.pop()
	e.advance(it.at)
	if it.once {
		delete(e.once, it.work)
		if e.repeated[it.work]++; e.repeated[it.work] > e.limits.SameWork {
			e.fail(fmt.Sprintf("the same work was done more than %d times at one instant", e.limits.SameWork), it.work)
			return Step{}, e.err
		}
	}
	s := e.begin(it.work, it.cause)
	e.actors[it.work.Actor].actor.Run(it.work)
	e.end()
	return s, e.err
}

func (e *Engine) begin(w Work, cause uint64) Step {
	e.steps++
	if e.steps > e.limits.Steps {
		e.fail(fmt.Sprintf("more than %d steps", e.limits.Steps), w)
	}
	e.cause, e.actor = cause, w.Actor
	s := Step{Number: e.steps, Time: e.now, Work: w, Cause: cause}
	if e.observe != nil {
		e.observe(s)
	}
	return s
}

func (e *Engine) end() {
	e.cause, e.actor = 0, ""
	if e.done != nil {
		e.done()
	}
}

// RunUntil steps until stop says so after a step. It returns nil then, and the
// error of Step otherwise.
func (e *Engine) RunUntil(stop func(Step) bool) error {
	for {
		s, err := e.Step()
		if err != nil {
			return err
		}
		if stop(s) {
			return nil
		}
	}
}

// RunTo does all work that is due up to and including virtual time t, and then
// sets the clock to t.
func (e *Engine) RunTo(t time.Duration) error {
	for {
		it := e.peek()
		if (it == nil || it.at > t) && !e.Waiting() {
			e.advance(t)
			return e.err
		}
		if _, err := e.Step(); err != nil {
			return err
		}
	}
}

// Idle lets virtual time pass while nothing is done: the clock goes on to t, or
// to the time of the next work if that comes first.
func (e *Engine) Idle(t time.Duration) {
	if it := e.peek(); it != nil {
		t = min(t, it.at)
	}
	e.advance(t)
}

// advance sets the clock to t, unless it is later already.
func (e *Engine) advance(t time.Duration) {
	if e.now < t {
		e.now = t
		clear(e.repeated)
	}
}
