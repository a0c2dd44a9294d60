package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"minisim/sim/scenario"
	"minisim/sim/trace"
)

const promptHelp = `enter   go on to the next decision
n       go on to the next scheduling decision
c       continue to the end
w       why: the last decision in detail
l       list what is about to happen
q       quit
?       this help
Anything else is a verb that acts on the cluster now:`

// errQuit is a person who has seen enough.
var errQuit = errors.New("quit")

// stepThrough plays with a stop before each decision.
func (p *player) stepThrough() error {
	p.runner.Cluster.Trace.Subscribe(func(r trace.Record) {
		if isDecision(r.Body) {
			p.chosen = &r
		}
	})
	lines := p.input()
	for {
		next, err := p.ask(lines)
		if errors.Is(err, errQuit) {
			p.text.Flush()
			return fmt.Errorf("%w before the end of the run", errQuit)
		}
		if err != nil {
			return err
		}
		if next == nil {
			return p.play()
		}
		more, err := p.toRecord(next)
		if err != nil || !more {
			return err
		}
	}
}

// isDecision says whether a record is one that --step stops at: somebody
// compared what is with what should be, chose a node, or acted from outside.
func isDecision(b trace.Body) bool {
	switch b.Kind() {
	case "decision", "power", "crash", "restart", "verb", "verdict", "say", "mark":
		return true
	case "reconcile":
		return b.(trace.Teller).Tell() != "" // a mere report decides nothing
	}
	return false
}

// isScheduling says whether a record is a decision of the scheduler.
func isScheduling(b trace.Body) bool { return b.Kind() == "decision" }

// toRecord goes on until a decision has been made and told that is of the kind wanted.
func (p *player) toRecord(wanted func(trace.Body) bool) (bool, error) {
	before := p.chosen
	for p.chosen == before || !wanted(p.chosen.Body) {
		if more, err := p.advance(); err != nil || !more {
			return more, err
		}
	}
	p.text.Flush()
	return true, nil
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

// ask prompts until the person wants to go on, and says to which record; nil
// stands for the end of the run.
func (p *player) ask(lines <-chan string) (next func(trace.Body) bool, err error) {
	for {
		e := p.runner.Cluster.Engine
		coming := "nothing"
		if n, ok := e.Next(); ok {
			coming = fmt.Sprintf("%s %s", n.Actor, n.Kind)
		}
		fmt.Fprintf(p.streams.out, "[%ss, next: %s] enter, n, c, w, ? > ", trace.Seconds(e.Now()), coming)
		var line string
		select {
		case <-p.ctx.Done():
			fmt.Fprintln(p.streams.out)
			return nil, p.ctx.Err()
		case l, ok := <-lines:
			if !ok { // no more input: nobody is there to ask
				fmt.Fprintln(p.streams.out)
				return nil, p.failed
			}
			line = strings.TrimSpace(l)
		}
		switch line {
		case "":
			return isDecision, nil
		case "n":
			return isScheduling, nil
		case "c":
			return nil, nil
		case "q":
			return nil, errQuit
		case "w":
			p.why()
		case "l":
			for _, w := range e.Pending(10) {
				fmt.Fprintf(p.streams.out, "  at %ss  %s\n", trace.Seconds(w.Time), w.Work)
			}
		case "?", "h", "help":
			fmt.Fprintln(p.streams.out, promptHelp)
			for _, v := range scenario.Verbs() {
				fmt.Fprintf(p.streams.out, "        %s\n", v.Usage)
			}
		default:
			if err := p.runner.Type(line); err != nil {
				fmt.Fprintln(p.streams.out, err)
			}
			if err := p.untilDone(); err != nil {
				return nil, err
			}
			p.text.Flush()
		}
	}
}

// why shows the last decision in detail.
func (p *player) why() {
	if p.chosen == nil {
		fmt.Fprintln(p.streams.out, "nothing has been decided yet")
		return
	}
	fmt.Fprintf(p.streams.out, "step %d, %s, by %s:\n", p.chosen.Step, trace.Seconds(p.chosen.Time)+"s", p.chosen.Actor)
	if t, ok := p.chosen.Body.(trace.Teller); ok {
		fmt.Fprintln(p.streams.out, "  "+t.Tell())
	}
	if d, ok := p.chosen.Body.(trace.Detailer); ok {
		for _, line := range d.Detail() {
			fmt.Fprintln(p.streams.out, "  "+line)
		}
	}
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
