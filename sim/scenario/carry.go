package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"minisim/sim/engine"
)

// sequence is commands that are carried out one after the other.
type sequence struct {
	commands []Command
	begun    bool
	number   uint64 // of a command that was typed; 0: the timeline's
}

// waiting is an expectation that has time to come true.
type waiting struct {
	Expectation
	deadline time.Duration
	met      bool // it has come true, whatever is so now
}

var errMissed = errors.New("its when: has never become true")

// renewed are commands to be carried out once more: what an earlier use of them noted is forgotten.
func renewed(commands []Command, v *View) []Command {
	out := make([]Command, len(commands))
	for i, c := range commands {
		fresh, err := ParseCommand(c.Text, v)
		if err != nil {
			panic("scenario: a command cannot be read a second time: " + err.Error())
		}
		fresh.Pos = c.Pos
		out[i] = fresh
	}
	return out
}

// noticed says whether the command under way has something to do now.
func (s *sequence) noticed() bool {
	l, ok := s.commands[0].action.(lasting)
	return ok && s.begun && l.noticed()
}

func (w *waiting) noticed() bool {
	if !w.met {
		w.met, _ = w.Condition.Holds()
	}
	return w.met
}

// check goes on with commands that last and with expectations that wait, and
// sees to it that it is called again when the next of them is due.
func (r *Runner) check() {
	open := r.sequences[:0]
	for _, s := range r.sequences {
		if !r.advance(s) {
			open = append(open, s)
		}
	}
	r.sequences = open
	still := r.waiting[:0]
	for _, w := range r.waiting {
		if !r.decide(w) {
			still = append(still, w)
		}
	}
	r.waiting = still
	r.arm()
}

// arm queues the next check for the earliest time at which one is needed, whatever else happens.
func (r *Runner) arm() {
	e := r.Cluster.Engine
	check := engine.Work{Actor: Actor, Kind: checkWork}
	for _, s := range r.sequences {
		if l, ok := s.commands[0].action.(lasting); ok {
			e.Once(l.next(e.Now()), check)
		}
	}
	for _, w := range r.waiting {
		e.Once(w.deadline, check)
	}
}

// advance carries out the commands of a sequence as far as they go, and says whether it has ended.
func (r *Runner) advance(s *sequence) (ended bool) {
	r.acting = s.number
	defer func() { r.acting = 0 }()
	for len(s.commands) > 0 {
		c := s.commands[0]
		var err error
		if !s.begun {
			s.begun = true
			err = r.do(c)
		}
		if l, ok := c.action.(lasting); ok && err == nil {
			var done bool
			if done, err = l.finished(r); err == nil && !done {
				return false
			}
			if err != nil {
				r.fail(c.Text, err)
			}
		}
		if err != nil {
			return true
		}
		s.commands, s.begun = s.commands[1:], false
	}
	return true
}

// do begins one command and tells so.
func (r *Runner) do(c Command) error {
	r.Cluster.Trace.Then(Did{Text: c.Text})
	err := c.action.do(r)
	if err != nil {
		r.fail(c.Text, err)
	}
	return err
}

// say tells what comes of a command, beside the requests that it makes.
func (r *Runner) say(text string) { r.Cluster.Trace.Add(Said{text}) }

// decide gives a verdict on an expectation if it can be given already.
func (r *Runner) decide(w *waiting) bool {
	if w.noticed() {
		r.verdict(w.Expectation, true, nil)
		return true
	}
	if r.Cluster.Engine.Now() < w.deadline {
		return false
	}
	r.expect(w.Expectation)
	return true
}

// expect gives a verdict on an expectation now.
func (r *Runner) expect(x Expectation) {
	holds, err := x.Condition.Holds()
	r.verdict(x, holds, err)
}

func (r *Runner) verdict(x Expectation, holds bool, err error) {
	v := Verdict{Expect: x.Condition.Text, Held: holds, Because: x.Because, At: r.Cluster.Engine.Now()}
	if x.Pos.Line > 0 {
		v.Place = x.Pos.String()
	}
	if err != nil {
		v.Error = err.Error()
	}
	r.verdicts = append(r.verdicts, v)
	r.Cluster.Trace.Add(v)
}

// Outside carries out a verb that somebody has typed.
func (r *Runner) Outside(q engine.Request) engine.Reply {
	var text string
	if err := json.Unmarshal(q.Data, &text); err != nil {
		return engine.Reply{Err: fmt.Errorf("a verb that nobody can read: %w", err)}
	}
	c, err := ParseCommand(text, r.View)
	if err != nil {
		return engine.Reply{Err: err}
	}
	r.reopen()
	failures := r.failures
	r.typed++
	s := &sequence{commands: []Command{c}, number: r.typed}
	if !r.advance(s) {
		r.sequences = append(r.sequences, s)
		r.arm()
	}
	if r.failures > failures {
		r.failures = failures // a slip of the hand does not make the run a failed one
		return engine.Reply{Err: errCommandFailed}
	}
	return engine.Reply{}
}

var errCommandFailed = errors.New("the command has failed")

// Busy says whether commands are under way that take virtual time.
func (r *Runner) Busy() bool { return len(r.sequences) > 0 }

// Type carries out a command at once, as a request from outside that the journal keeps.
func (r *Runner) Type(text string) error {
	return r.Cluster.Engine.Do(Typed(text)).Err
}

// Typed is the request from outside that carries out a command.
func Typed(text string) engine.Request {
	data, err := json.Marshal(text)
	if err != nil {
		panic("scenario: a text cannot be written as JSON: " + err.Error()) // any string can
	}
	return engine.Request{Kind: VerbRequest, Data: data}
}
