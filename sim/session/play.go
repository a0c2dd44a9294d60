package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"minisim/sim/engine"
	"minisim/sim/scenario"
	"minisim/sim/trace"
)

// errEnded says that a run ended before a step that it was to be played to.
var errEnded = errors.New("the run ends before that")

// play is one playing of the input, on a cluster of its own.
type play struct {
	runner *scenario.Runner
	window window
	script []engine.Entry // what is still to come from outside
	served bool           // it goes on after its end …
	last   uint64         // … up to this step; 0: for ever
	tell   trace.Sink     // nil while nobody is to be told

	idle   time.Duration // up to here there is nothing to do …
	idleAt uint64        // … after this step
}

func (p *play) close() error { return p.runner.Cluster.Close() }

func (p *play) record(r trace.Record) {
	p.window.add(r)
	if p.tell != nil {
		p.tell(r)
	}
}

func (p *play) step() (bool, error) {
	c := p.runner.Cluster
	if len(p.script) > 0 && p.script[0].Step == c.Engine.Steps()+1 {
		next := p.script[0]
		p.script = p.script[1:]
		_ = p.outside(next.Time, next.Request) // what it answered the first time it answers again
		return true, c.Strayed()
	}
	if p.last > 0 && c.Engine.Steps() >= p.last {
		p.runner.Conclude()
		return false, nil
	}
	if p.served && p.runner.Conclude() {
		_, err := c.Engine.Step()
		return true, errors.Join(err, c.Strayed())
	}
	more, err := p.runner.Step()
	return more, errors.Join(err, c.Strayed())
}

// outside carries out a request at a time from now on, up to which there is nothing
// to do. If the run is over without it, it has ended before.
func (p *play) outside(at time.Duration, r engine.Request) error {
	p.runner.Conclude()
	e := p.runner.Cluster.Engine
	e.Idle(at)
	return e.Do(r).Err
}

func (p *play) now() time.Duration {
	e := p.runner.Cluster.Engine
	if p.idleAt == e.Steps() {
		return max(p.idle, e.Now())
	}
	return e.Now()
}

// to steps on to a step.
func (p *play) to(ctx context.Context, step uint64) error {
	e := p.runner.Cluster.Engine
	for n := 0; e.Steps() < step; n++ {
		if n%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		more, err := p.step()
		if err != nil {
			return err
		}
		if !more {
			return fmt.Errorf("step %d: %w, at step %d", step, errEnded, e.Steps())
		}
	}
	return nil
}

// toTime steps on to a virtual time, or to the end of the run if that comes first.
func (p *play) toTime(ctx context.Context, t time.Duration) error {
	for n := 0; p.due() <= t; n++ {
		if n%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if more, err := p.step(); err != nil || !more {
			return err
		}
	}
	p.idle, p.idleAt = t, p.runner.Cluster.Engine.Steps()
	return nil
}

// due is when the next step will be: in the past it may come from outside.
func (p *play) due() time.Duration {
	const never = 1<<63 - 1
	e := p.runner.Cluster.Engine
	if len(p.script) > 0 && p.script[0].Step == e.Steps()+1 {
		return p.script[0].Time
	}
	if next, any := e.Next(); any {
		return next.Time
	}
	return never
}
