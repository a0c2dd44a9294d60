package rest

import (
	"context"
	"sync/atomic"
	"time"

	"minisim/sim/engine"
)

// Live runs an engine in real time and lets in who comes from outside. All but
// Date, which anybody may ask for, belongs to the goroutine that calls Run.
type Live struct {
	// Before is called before somebody from outside is let in or a step is done; nil: nothing is.
	Before func()
	// Step does the step whose time has come; nil: the engine's own Step.
	Step func() error

	engine *engine.Engine
	wake   chan struct{}
	epoch  time.Time
	now    atomic.Int64         // virtual time of the last step
	rate   atomic.Pointer[rate] // of virtual time since some moment
}

// rate says that virtual time goes so many times as fast as real time since a moment; 0 is as fast as it can.
type rate struct {
	paused  bool // it stands still
	speed   float64
	real    time.Time
	virtual time.Duration
}

// NewLive prepares an engine, as fast as it can go, before anybody is served.
func NewLive(e *engine.Engine) *Live {
	l := &Live{engine: e, wake: make(chan struct{}, 1), epoch: e.Clock().Add(-e.Now())}
	l.rate.Store(&rate{real: time.Now(), virtual: e.Now()})
	l.now.Store(int64(e.Now()))
	e.OnArrival(func() {
		select {
		case l.wake <- struct{}{}:
		default: // it is awake already
		}
	})
	return l
}

// Speed has virtual time go so many times as fast as real time from now on; 0 is
// as fast as it can. It ends a pause.
func (l *Live) Speed(speed float64) {
	if r := l.rate.Load(); r.speed != speed || r.paused {
		l.rate.Store(&rate{speed: speed, real: time.Now(), virtual: l.reached()})
	}
}

// Pause has virtual time stand still, and nothing happen but what comes from outside, until Speed.
func (l *Live) Pause() { l.rate.Store(&rate{paused: true, virtual: l.reached()}) }

// Date is the virtual date by now, between two steps, too.
func (l *Live) Date() time.Time { return l.epoch.Add(l.reached()) }

// reached is how far virtual time has gone by now.
func (l *Live) reached() time.Duration {
	r := l.rate.Load()
	paced := r.virtual
	if !r.paused {
		paced += time.Duration(float64(time.Since(r.real)) * r.speed)
	}
	return max(paced, time.Duration(l.now.Load()))
}

// due says whether the next work's time has come.
func (l *Live) due() bool {
	next, ok := l.engine.Next()
	r := l.rate.Load()
	return ok && !r.paused && (r.speed == 0 || next.Time <= l.reached())
}

// Run runs the engine until ctx ends, whose error it returns, or a step fails.
func (l *Live) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if l.Before != nil {
			l.Before()
			l.now.Store(int64(l.engine.Now())) // it may have done steps of its own
		}
		l.engine.ServeAt(l.reached())
		if !l.due() {
			l.wait(ctx)
			continue
		}
		if err := l.step(); err != nil {
			return err
		}
		l.now.Store(int64(l.engine.Now()))
	}
	return ctx.Err()
}

func (l *Live) step() error {
	if l.Step != nil {
		return l.Step()
	}
	_, err := l.engine.Step()
	return err
}

// wait waits for the next work's time, or for somebody from outside.
func (l *Live) wait(ctx context.Context) {
	d := time.Hour
	r := l.rate.Load()
	if next, ok := l.engine.Next(); ok && !r.paused {
		d = time.Duration(float64(next.Time-l.reached())/r.speed) + time.Millisecond
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C:
	}
}
