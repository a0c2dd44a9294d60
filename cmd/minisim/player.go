package main

import (
	"context"
	"os"

	"minisim/sim/scenario"
	"minisim/sim/session"
	"minisim/sim/trace"
)

// player steps a run and shows it.
type player struct {
	ctx     context.Context
	session *session.Session
	runner  *scenario.Runner // the session's present one
	pace    pace
	streams streams
	text    *trace.Text   // nil for JSON
	muted   bool          // nothing is shown at present
	failed  error         // of the output
	lines   <-chan string // of standard input, once somebody was asked
	door    *door         // for others, while somebody steps through the run; nil: there is none
	host    *host         // for what they want
}

// listen subscribes the output that was asked for.
func (p *player) listen(o runOptions) {
	broken := func(err error) { p.failed = err }
	subscribe := func(show trace.Sink) {
		p.session.Subscribe(func(r trace.Record) {
			if !p.muted {
				show(r)
			}
		})
	}
	if o.output == "json" {
		subscribe(trace.JSONLines(p.streams.out, broken))
		return
	}
	p.text = trace.NewText(p.streams.out, broken)
	p.text.Verbose, p.text.Spoken = o.verbose, o.plain && o.step
	if isTerminal(p.streams.out) && !o.plain {
		p.text.Color = os.Getenv("NO_COLOR") == ""
		p.text.Width = terminalWidth(p.streams.out)
	}
	subscribe(p.text.Record)
}

// play runs to the end.
func (p *player) play() error {
	for {
		before := p.told()
		more, err := p.advance()
		if !more || err != nil {
			return err
		}
		if err := p.pace.wait(p.ctx, p.runner.Cluster.Engine, p.told()-before); err != nil {
			return err
		}
	}
}

// told is how many lines of text there are so far.
func (p *player) told() int {
	if p.text == nil {
		return 0
	}
	return p.text.Lines()
}

// advance does one step.
func (p *player) advance() (bool, error) {
	if err := p.ctx.Err(); err != nil {
		return false, err
	}
	more, err := p.session.Step()
	if err == nil {
		err = p.failed
	}
	if p.text != nil && !more {
		p.text.Flush()
	}
	if stop := p.runner.Stopped(); stop != nil && more && err == nil && p.text != nil {
		err = p.halt(stop)
	}
	return more, err
}

// verdict is how a run ended, as an error if it was no success.
func (p *player) verdict() error {
	if end := p.session.End(); end != nil && !end.OK() {
		return errFailed
	}
	return nil
}
