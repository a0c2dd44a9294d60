package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"minisim/sim/apiserver/rest"
	"minisim/sim/engine"
)

// servePace is how fast a served cluster lives: the scenario at the speed that
// was asked for, by default as fast as real time, and what comes after it no
// faster than somebody with kubectl can look on.
func servePace(speed string) (first, then float64, err error) {
	if speed == "" {
		return 1, 1, nil
	}
	if first, err = parseSpeed(speed); first == 0 {
		return 0, 1, err
	}
	return first, first, err
}

// serve plays the scenario while its cluster can be reached from outside, and
// goes on until it is interrupted. It returns nil then if the scenario had not
// come to its end.
func (p *player) serve(speed string) (err error) {
	first, then, err := servePace(speed)
	if err != nil {
		return err
	}
	l := newLive(p.runner.Cluster.Engine)
	server, err := rest.Start(rest.Config{Engine: l.engine, API: p.runner.Cluster.API, Clock: l.date})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	dir, err := os.MkdirTemp("", "minisim-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "kubeconfig")
	if err := server.WriteKubeconfig(file, "minisim", rest.Admin); err != nil {
		return err
	}
	to := p.streams.out
	if p.text == nil {
		to = p.streams.err // standard output is for the trace
	}
	fmt.Fprintf(to, "export KUBECONFIG=%s\n", file)
	l.speed(first)
	for ended := false; ; {
		if err := l.next(p.ctx); err != nil {
			return p.interrupted(err)
		}
		if ended = ended || p.runner.Conclude(); ended {
			if p.text != nil {
				p.text.Flush()
			}
			l.speed(then)
		}
		if err := p.work(ended, l); err != nil {
			return err
		}
	}
}

// interrupted is how a served cluster ends: by Ctrl-C, which is no fault.
func (p *player) interrupted(err error) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	if p.runner.End() != nil && !p.runner.End().OK() {
		return errFailed
	}
	return nil
}

// work does one step if its time has come.
func (p *player) work(ended bool, l *live) error {
	if !l.due() {
		return nil
	}
	defer l.passed()
	if !ended {
		_, err := p.advance()
		return err
	}
	_, err := l.engine.Step()
	return errors.Join(err, p.failed)
}

// live is the relation of virtual to real time while a cluster is served.
type live struct {
	engine *engine.Engine
	wake   chan struct{}
	epoch  time.Time
	now    atomic.Int64         // virtual time of the last step
	rate   atomic.Pointer[rate] // of virtual time since some moment
}

// rate says that virtual time goes so many times as fast as real time since a moment; 0 is as fast as it can.
type rate struct {
	speed   float64
	real    time.Time
	virtual time.Duration
}

func newLive(e *engine.Engine) *live {
	l := &live{engine: e, wake: make(chan struct{}, 1), epoch: e.Clock().Add(-e.Now())}
	l.rate.Store(&rate{real: time.Now(), virtual: e.Now()})
	l.passed()
	e.OnArrival(func() {
		select {
		case l.wake <- struct{}{}:
		default: // it is awake already
		}
	})
	return l
}

// speed has virtual time go at another speed from now on.
func (l *live) speed(speed float64) {
	if r := l.rate.Load(); r.speed != speed {
		l.rate.Store(&rate{speed, time.Now(), max(l.reached(), l.engine.Now())})
	}
}

// passed notes how far the engine has come.
func (l *live) passed() { l.now.Store(int64(l.engine.Now())) }

// reached is how far virtual time has gone by now. Any goroutine may ask.
func (l *live) reached() time.Duration {
	r := l.rate.Load()
	paced := r.virtual + time.Duration(float64(time.Since(r.real))*r.speed)
	return max(paced, time.Duration(l.now.Load()))
}

// date is the virtual date by now. Any goroutine may ask.
func (l *live) date() time.Time { return l.epoch.Add(l.reached()) }

// due says whether the next work's time has come.
func (l *live) due() bool {
	next, ok := l.engine.Next()
	return ok && (l.rate.Load().speed == 0 || next.Time <= l.reached())
}

// next waits until there is something to do, and serves who comes from outside meanwhile.
func (l *live) next(ctx context.Context) error {
	for {
		l.engine.ServeAt(l.reached())
		if l.due() || ctx.Err() != nil {
			return ctx.Err()
		}
		wait := time.Hour
		if next, ok := l.engine.Next(); ok {
			wait = time.Duration(float64(next.Time-l.reached())/l.rate.Load().speed) + time.Millisecond
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-t.C:
		}
		t.Stop()
	}
}
