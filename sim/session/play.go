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

// step does the next step, unless the run is over, and says whether it goes on after that.
func (p *play) step() (bool, error) {
	if p.over() {
		return false, nil
	}
	c := p.runner.Cluster
	var err error
	if p.called() {
		next := p.script[0]
		p.script = p.script[1:]
		_ = p.outside(next.Time, next.Request) // what it answered the first time it answers again
	} else {
		_, err = c.Engine.Step()
	}
	err = errors.Join(err, c.Strayed())
	return err == nil && !p.over(), err
}

// over says that nothing comes any more.
func (p *play) over() bool {
	switch {
	case p.called():
		return false
	case p.served:
		return p.last > 0 && p.runner.Cluster.Engine.Steps() >= p.last
	}
	return p.runner.End() != nil
}

// called says that the next step comes from outside.
func (p *play) called() bool {
	return len(p.script) > 0 && p.script[0].Step == p.runner.Cluster.Engine.Steps()+1
}

// outside carries out a request at a time from now on, up to which there is nothing to do.
func (p *play) outside(at time.Duration, r engine.Request) error {
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
		if p.over() {
			return fmt.Errorf("step %d: %w, at step %d", step, errEnded, e.Steps())
		}
		if _, err := p.step(); err != nil {
			return err
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
	if p.called() {
		return p.script[0].Time
	}
	if next, any := e.Next(); any {
		return next.Time
	}
	return never
}
