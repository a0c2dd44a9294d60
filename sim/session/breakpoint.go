package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"minisim/internal/source"
	"minisim/sim/cluster"
	"minisim/sim/engine"
	"minisim/sim/scenario"
	"minisim/sim/trace"
)

// Breakpoint has Until stop wherever it is going.
type Breakpoint struct {
	ID     int    // from 1
	Moment string // the name of a moment, or
	When   string // a condition in CEL: it stops when that begins to hold

	moment    func(trace.Record) bool
	condition *scenario.Condition
	held      bool
}

// String is how it was written.
func (b *Breakpoint) String() string { return b.Moment + b.When }

// moments are what a breakpoint can name beside the kinds of the trace's records.
var moments = map[string]func(trace.Record) bool{
	"rejected": func(r trace.Record) bool {
		d, ok := r.Body.(interface{ Unschedulable() bool })
		return ok && d.Unschedulable()
	},
	"outside": func(r trace.Record) bool {
		w, _ := trace.StepWork(r.Body)
		return w.Kind == cluster.WriteRequest && w.Actor == engine.OutsideActor || r.Body.Kind() == "verb" || r.Body.Kind() == "power"
	},
}

// kinds are the kinds of records at which it makes sense to stop.
var kinds = []string{
	"ask", "binding-failed", "binding-waits", "crash", "decision", "end", "heartbeat", "mark", "missed", "node", "pod", "power", "problem",
	"reconcile", "request", "restart", "retry", "say", "verb", "verdict",
}

// Moments are the words that Break takes beside conditions, sorted.
func Moments() []string {
	words := slices.Clone(kinds)
	for name := range moments {
		words = append(words, name)
	}
	slices.Sort(words)
	return words
}

// Break adds a breakpoint: a moment's name, a condition in CEL, or a sentence such
// as "a pod is rejected" or "worker-1 is NotReady".
func (s *Session) Break(text string) (*Breakpoint, error) {
	text, err := s.plainly(text)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, errors.New("stop when? Name a moment (" + strings.Join(Moments(), ", ") + "), say it (worker-1 is NotReady) or write a condition")
	}
	b, err := s.parse(text)
	if err != nil {
		return nil, err
	}
	s.breakID++
	b.ID = s.breakID
	s.breaks = append(s.breaks, b)
	return b, nil
}

// parse understands a moment's name or a condition.
func (s *Session) parse(text string) (*Breakpoint, error) {
	b := &Breakpoint{}
	if slices.Contains(Moments(), text) {
		b.Moment, b.moment = text, moments[text]
		if b.moment == nil {
			b.moment = NextOfKind(text).record
		}
	} else {
		b.When = text
		if err := b.look(s.play.runner.View); err != nil {
			if hint := source.DidYouMean(text, Moments()); hint != "" {
				return nil, fmt.Errorf("there is no moment %q; %s", text, hint)
			}
			return nil, err
		}
	}
	return b, nil
}

// Unbreak removes a breakpoint, and says whether there was one.
func (s *Session) Unbreak(id int) bool {
	n := len(s.breaks)
	s.breaks = slices.DeleteFunc(s.breaks, func(b *Breakpoint) bool { return b.ID == id })
	return len(s.breaks) < n
}

// Breakpoints are those there are, the oldest first. They must not be changed.
func (s *Session) Breakpoints() []*Breakpoint { return slices.Clone(s.breaks) }

// look has the condition look at a cluster; it stops at what begins from now on.
func (b *Breakpoint) look(v *scenario.View) (err error) {
	if b.When == "" {
		return nil
	}
	if b.condition, err = scenario.ParseCondition(b.When, v); err == nil {
		b.held, _ = b.condition.Holds()
	}
	return err
}

// lookAnew has the breakpoints look at the cluster of the present play.
func (s *Session) lookAnew() {
	for _, b := range s.breaks {
		if err := b.look(s.play.runner.View); err != nil {
			panic("session: a condition that was understood is not any more: " + err.Error())
		}
	}
}

// checkBreakpoints stops at conditions that have begun to hold.
func (s *Session) checkBreakpoints() {
	for _, b := range s.breaks {
		if b.condition == nil {
			continue
		}
		before := b.held
		b.held, _ = b.condition.Holds()
		if b.held && !before && s.stopped == nil {
			s.stopped = &Stopped{What: b.String(), Breakpoint: b}
		}
	}
}
