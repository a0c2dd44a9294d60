package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"minisim/sim/scenario"
	"minisim/sim/scheduler"
	"minisim/sim/session"
	"minisim/sim/trace"
)

// promptCommand is what the prompt of --step understands beside verbs. It gives
// how far to go on, nil to be asked again. Its error is told to the person.
type promptCommand struct {
	name, args, help string
	run              func(p *player, args string) (*session.Stop, error)
}

func promptCommands() []promptCommand {
	return []promptCommand{
		{"n", "", "go on to the next scheduling decision", goTo(session.NextOfKind("decision"))},
		{"e", "", "go on to the next event", goTo(session.Event())},
		{"c", "", "continue to the end", goTo(session.End())},
		{"u", "CONDITION", "go on until a condition holds", (*player).until},
		{"g", "TIME | #STEP | CONDITION", "go to a time (90s, +30s) or step, back too, or until a condition holds", (*player).goal},
		{"b", "[N]", "go back, N decisions", (*player).back},
		{"break", "[WHEN | delete N]", "stop wherever a condition begins to hold, or at: " + strings.Join(session.Moments(), ", "), (*player).breakpoints},
		{"w", "", "why: the last decision in detail, and what led to it", (*player).why},
		{"o", "RESOURCE NAME [REVISION]", "show an object, as it was at a revision, and its history", (*player).object},
		{"l", "", "list what is about to happen", (*player).coming},
		{"q", "", "quit", func(*player, string) (*session.Stop, error) { return nil, errQuit }},
		{"?", "", "this help", (*player).help},
	}
}

func goTo(stop session.Stop) func(*player, string) (*session.Stop, error) {
	return func(*player, string) (*session.Stop, error) { return &stop, nil }
}

// errQuit is a person who has seen enough.
var errQuit = errors.New("quit")

// stepThrough plays with a stop before each decision. It ends with the input, or
// when the person has seen enough.
func (p *player) stepThrough() error {
	for {
		stop, err := p.ask()
		switch {
		case errors.Is(err, errQuit) && p.session.End() == nil:
			if slices.ContainsFunc(p.runner.Verdicts(), func(v scenario.Verdict) bool { return !v.Held }) {
				return errFailed // what was expected so far did not hold
			}
			return fmt.Errorf("%w before the end of the run", errQuit)
		case errors.Is(err, errQuit):
			return nil
		case err != nil:
			return err
		case stop == nil: // nobody is there to ask
			return p.play()
		}
		if err := p.goOn(*stop); err != nil {
			return err
		}
	}
}

// goOn goes on until stop, and halts on the way where the scenario wants to.
func (p *player) goOn(stop session.Stop) error {
	defer p.text.Flush()
	for {
		more, err := p.session.Until(p.ctx, stop)
		if err = errors.Join(err, p.failed); err != nil {
			return err
		}
		if !more {
			if p.session.End() == nil {
				p.say("the recording ends here")
			}
			return nil
		}
		at := p.session.Stopped()
		if at.Breakpoint != nil {
			p.text.Flush()
			p.say("stopped at breakpoint %d: %s", at.Breakpoint.ID, at.Breakpoint)
		}
		if at.Scene != nil {
			if err := p.halt(at.Scene); err != nil {
				return err
			}
		}
		if at.Reached() {
			return nil
		}
	}
}

// untilDone goes on while a command that takes virtual time (wait, drain) is under way.
func (p *player) untilDone() error {
	for p.runner.Busy() {
		if more, err := p.advance(); err != nil || !more {
			return err
		}
	}
	return nil
}

// ask prompts until the person wants to go on, and says how far; nil stands for
// the end of the input.
func (p *player) ask() (*session.Stop, error) {
	for {
		line, ok, err := p.prompt(p.standing())
		if err != nil || !ok {
			return nil, err
		}
		stop, err := p.understand(strings.TrimSpace(line))
		p.text.Flush()
		switch {
		case errors.Is(err, errQuit) || p.ctx.Err() != nil || p.failed != nil:
			return nil, errors.Join(err, p.ctx.Err(), p.failed)
		case err != nil:
			p.say("%s", err)
		case stop != nil:
			return stop, nil
		}
	}
}

// standing is the prompt: where the run stands.
func (p *player) standing() string {
	switch now := clock(p.session.Now()); {
	case p.session.End() != nil:
		return fmt.Sprintf("[%ss, the end] b, g, w, q, ? > ", now)
	case p.session.Newest() > p.session.StepNumber():
		return fmt.Sprintf("[%ss, step %d of %d] enter, n, b, c, w, ? > ", now, p.session.StepNumber(), p.session.Newest())
	default:
		return fmt.Sprintf("[%ss] enter, n, b, c, w, ? > ", now)
	}
}

// understand carries out what was typed.
func (p *player) understand(line string) (*session.Stop, error) {
	if line == "" {
		if p.session.End() != nil {
			return nil, errors.New("the run has ended: b goes back, a verb goes on, q quits")
		}
		return new(session.Decision()), nil
	}
	name, args, _ := strings.Cut(line, " ")
	if name == "h" || name == "help" {
		name = "?"
	}
	for _, c := range promptCommands() {
		if c.name == name {
			return c.run(p, strings.TrimSpace(args))
		}
	}
	if p.session.Newest() > p.session.StepNumber() {
		if _, err := scenario.ParseCommand(line, p.runner.View); err == nil {
			p.say("From here on the run goes another way.")
		}
	}
	if err := p.session.Type(p.ctx, line); err != nil {
		p.say("%s", err)
	}
	return nil, p.untilDone()
}

// clock is a virtual time in seconds, to the millisecond.
func clock(t time.Duration) string { return trace.Seconds(t.Round(time.Millisecond)) }

func (p *player) say(format string, args ...any) {
	fmt.Fprintf(p.streams.out, format+"\n", args...)
}

func (p *player) help(string) (*session.Stop, error) {
	p.say("%-34s %s", "enter", "go on to the next decision")
	for _, c := range promptCommands() {
		p.say("%-34s %s", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	p.say("Anything else is a verb that acts on the cluster now:")
	for _, v := range scenario.Verbs() {
		p.say("        %s", v.Usage)
	}
	return nil, nil
}

func (p *player) coming(string) (*session.Stop, error) {
	for _, w := range p.session.Pending(10) {
		p.say("  at %ss  %s", clock(w.Time), w.Work)
	}
	return nil, nil
}

// why shows the last decision in detail.
func (p *player) why(string) (*session.Stop, error) {
	records := p.session.Records(0, p.session.StepNumber())
	slices.Reverse(records)
	i := slices.IndexFunc(records, func(r trace.Record) bool { return session.IsDecision(r.Body) })
	if i < 0 {
		return nil, errors.New("nothing has been decided yet")
	}
	r := records[i]
	p.say("step %d, %ss, by %s:", r.Step, clock(r.Time), r.Actor)
	if d, ok := r.Body.(scheduler.Decision); ok {
		p.say("  %s", d.Why())
	} else if t, ok := r.Body.(trace.Teller); ok {
		p.say("  %s", t.Tell())
	}
	if d, ok := r.Body.(trace.Detailer); ok {
		for _, line := range d.Detail() {
			p.say("  %s", line)
		}
	}
	for _, cause := range causes(records, r) {
		p.say("  because at %ss %s: %s", clock(cause.Time), cause.Actor, sentence(cause.Body))
	}
	return nil, nil
}

// causes are the records that led to r, the nearest first, as far as they say something.
func causes(records []trace.Record, r trace.Record) []trace.Record {
	byID := make(map[trace.ID]trace.Record, len(records))
	for _, x := range records {
		byID[x.ID] = x
	}
	var chain []trace.Record
	for x, ok := byID[r.Cause]; ok; x, ok = byID[x.Cause] {
		if sentence(x.Body) != "" {
			chain = append(chain, x)
		}
	}
	return chain
}

// sentence is what a record tells, at least to those who want to hear everything.
func sentence(b trace.Body) string {
	if m, ok := b.(trace.Murmurer); ok {
		return m.Murmur()
	}
	if t, ok := b.(trace.Teller); ok {
		return t.Tell()
	}
	return ""
}

// readLines reads lines on a goroutine of its own, so that Ctrl-C is heard
// while the prompt waits. The channel is closed at the end of the input.
func readLines(r io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}
