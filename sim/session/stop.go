package session

import (
	"context"
	"fmt"
	"time"

	"minisim/sim/scenario"
	"minisim/sim/trace"
)

// Stop says how far Until goes. The zero value goes to the end of the run.
type Stop struct {
	what   string
	record func(trace.Record) bool // after a step that made such a record
	when   string                  // or once this condition holds
	at     time.Duration           // or before the first step that is due after this
	timed  bool
	after  bool // at counts from where Until begins
}

// String says what is waited for.
func (s Stop) String() string {
	if s.what == "" {
		return "the end of the run"
	}
	return s.what
}

// Event stops after every step of which there is something to tell.
func Event() Stop {
	return Stop{what: "the next event", record: func(r trace.Record) bool { return tells(r.Body) }}
}

// Phase stops after every step that did anything at all, heartbeats and status
// reports included. The phases within a step are its records: Session.Last.
func Phase() Stop {
	return Stop{what: "the next phase", record: func(r trace.Record) bool {
		_, work := trace.StepWork(r.Body)
		return !work
	}}
}

// Decision stops after every decision (IsDecision): the usual step of a person.
func Decision() Stop {
	return Stop{what: "the next decision", record: func(r trace.Record) bool { return IsDecision(r.Body) }}
}

// NextOfKind stops after a record of a kind of the trace: "decision" is the
// scheduler's next one.
func NextOfKind(kind string) Stop {
	return Stop{what: "the next " + kind, record: func(r trace.Record) bool { return r.Body.Kind() == kind }}
}

// At stops at a virtual time: all that is due up to it has been done.
func At(t time.Duration) Stop {
	return Stop{what: fmt.Sprintf("the time %s", t), at: t, timed: true}
}

// After stops so much virtual time from where Until begins.
func After(d time.Duration) Stop {
	return Stop{what: fmt.Sprintf("%s later", d), at: d, timed: true, after: true}
}

// Within has a stop that does not come given up after so much virtual time from where Until begins.
func (s Stop) Within(d time.Duration) Stop {
	s.at, s.timed, s.after = d, true, true
	return s
}

// When stops once a condition holds, which is written in CEL as in a scenario. If
// it holds already, it stops at once.
func When(condition string) Stop { return Stop{what: condition, when: condition} }

// Holds says whether a stop's condition holds already.
func (s Stop) Holds(in *Session) bool {
	if s.when == "" {
		return false
	}
	c, err := scenario.ParseCondition(s.when, in.play.runner.View)
	if err != nil {
		return false
	}
	yes, _ := c.Holds()
	return yes
}

// End goes to the end of the run.
func End() Stop { return Stop{} }

// IsDecision says whether a record is of somebody who chose a node, compared what
// is with what should be, or acted from outside.
func IsDecision(b trace.Body) bool {
	switch b.Kind() {
	case "decision", "power", "crash", "restart", "verb", "verdict", "say", "mark":
		return true
	case "reconcile":
		return tells(b) // a mere report decides nothing
	}
	return false
}

func tells(b trace.Body) bool {
	t, ok := b.(trace.Teller)
	return ok && t.Tell() != ""
}

// Stopped says why Until has stopped.
type Stopped struct {
	What       string        // what was waited for, or the breakpoint in words
	Record     *trace.Record // the record that it was, nil for a time or a condition
	Breakpoint *Breakpoint   // nil if it was not one
	Idle       bool          // a served run is over, and nothing has happened for a while

	// Scene is where the scenario itself pauses or asks something; nil for none. It
	// may come together with what was waited for.
	Scene *scenario.Stop
}

// Reached says that what was waited for, or a breakpoint, has come; otherwise only
// the scenario wants to be looked at, and Until can be called again.
func (s *Stopped) Reached() bool { return s.Scene == nil || s.Record != nil || s.Breakpoint != nil }

// Stopped is why the last Until stopped; nil if the run ended or ctx did.
func (s *Session) Stopped() *Stopped { return s.stopped }

// trigger is a Stop or a Breakpoint that is looked for.
type trigger struct {
	Stopped
	record func(trace.Record) bool
}

// told passes a record on, and sees whether it is one to stop at.
func (s *Session) told(r trace.Record) {
	for _, f := range s.sinks {
		f(r)
	}
	for _, t := range s.stops {
		if s.stopped == nil && t.record(r) {
			s.stopped = new(t.Stopped)
			s.stopped.Record = new(r)
		}
	}
}

// Until steps on until stop, a breakpoint or a place where the scenario itself
// pauses or asks something is reached: then it is true, and
// Stopped says at what. It is false when the run has ended before that. The error
// may be ctx's, too; Until can then be called again to go on.
func (s *Session) Until(ctx context.Context, stop Stop) (bool, error) {
	var condition *scenario.Condition
	if stop.when != "" {
		var err error
		if condition, err = scenario.ParseCondition(stop.when, s.play.runner.View); err != nil {
			return true, err
		}
	}
	if stop.after {
		stop.at += s.Now()
	}
	s.stopped, s.stops = nil, s.triggers(stop)
	defer func() { s.stops = nil }()
	began := s.Now()
	for s.stopped == nil {
		if s.idles(began) && !stop.timed {
			s.stopped = &Stopped{What: "a minute in which nothing but heartbeats has changed", Idle: true}
			break
		}
		if condition != nil {
			if yes, _ := condition.Holds(); yes { // what cannot be said yet does not hold
				break
			}
		}
		if stop.timed && s.play.due() > stop.at {
			s.play.idle, s.play.idleAt = stop.at, s.StepNumber()
			break
		}
		if err := ctx.Err(); err != nil {
			return true, err
		}
		if more, err := s.play.step(); err != nil || !more {
			return more, err
		}
		s.checkBreakpoints()
		if scene := s.play.runner.Stopped(); scene != nil {
			if s.stopped == nil {
				s.stopped = &Stopped{What: "the scenario's own stop"}
			}
			s.stopped.Scene = scene
		}
	}
	if s.stopped == nil {
		s.stopped = &Stopped{What: stop.String()}
	}
	return true, nil
}

// idles says that a served run, which has no end, is over and that nothing has
// happened in it for as long as it takes to be settled, since began at least.
func (s *Session) idles(began time.Duration) bool {
	return s.input.Served && s.End() != nil && min(s.Now()-began, s.Cluster().Engine.Quiet()) >= scenario.Settled
}

// triggers are the records at which Until stops.
func (s *Session) triggers(stop Stop) []trigger {
	var all []trigger
	if stop.record != nil {
		all = append(all, trigger{Stopped{What: stop.String()}, stop.record})
	}
	for _, b := range s.breaks {
		if b.moment != nil {
			all = append(all, trigger{Stopped{What: b.String(), Breakpoint: b}, b.moment})
		}
	}
	return all
}
