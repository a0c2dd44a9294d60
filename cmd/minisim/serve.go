package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"minisim/internal/roster"
	"minisim/sim/apiserver/rest"
	"minisim/sim/session"
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

// serving is what a cluster is served with.
type serving struct {
	home *roster.Home
	keys *rest.Keys
	card roster.Card // what is known of the cluster before it is served
	// faults is told where in minisim a request has panicked; nil: nobody is.
	faults io.Writer
}

// serving claims a home for a cluster that is to be served, and completes by it
// what the run depends on. early is for how long the cluster has been up by then.
func (o *runOptions) serving(in *session.Input, early time.Duration) (*serving, error) {
	keys, err := rest.NewKeys()
	if err != nil {
		return nil, fmt.Errorf("make the cluster's certificates: %w", err)
	}
	home, err := claimHome(o.name, in.Name)
	if err != nil {
		return nil, err
	}
	in.Served, in.RootCA, o.tempDir = true, keys.RootCA(), home.Dir
	if o.dataDir == "" {
		in.Epoch = time.Now().Add(-early).Truncate(time.Second).UTC() // so that kubectl, which knows only real time, tells ages right
	}
	return &serving{home: home, keys: keys, card: roster.Card{DataDir: o.dataDir}}, nil
}

// release gives the home back.
func (v *serving) release() error {
	if v == nil {
		return nil
	}
	return v.home.Release()
}

// farewell says that the cluster is no more, and where its recording is, unless
// an error is to be told instead.
func (v *serving) farewell(record string, err error, to io.Writer) {
	ended := err == nil || errors.Is(err, errFailed) || errors.Is(err, errQuit) || errors.Is(err, context.Canceled)
	if v == nil || !ended {
		return
	}
	text := "cluster " + v.home.Name + " has ended"
	if record != "" {
		text += "; its recording is " + record
	}
	fmt.Fprintln(to, text)
}

// serve keeps the run going, and tells it, while others come to it.
func (p *player) serve(v *serving, o runOptions, ready func(*door) error) error {
	first, then, err := servePace(o.speed)
	if err != nil {
		return err
	}
	h := newHost(p.ctx, v.home, p.session)
	defer h.leave(nil)
	p.ctx = h.ctx
	h.keeper = &keeper{player: p, host: h, first: first, then: then, speed: first}
	switch {
	case o.step:
		err = h.keeper.wake()
	case v.card.Logs:
		err = h.keeper.boot()
	}
	if err != nil {
		return err
	}
	return h.keeper.keep(v, ready)
}

// claimHome claims the folder of a cluster by the name that was given, or else by
// the first free one that is made of another.
func claimHome(given, otherwise string) (*roster.Home, error) {
	const several = 100 // of one scenario, without names of their own
	base := roster.NameOf(otherwise)
	name := cmp.Or(given, base)
	for n := 2; ; n++ {
		home, err := clusters().Claim(name)
		running := errors.Is(err, roster.ErrRunning)
		switch {
		case running && given == "" && n < several:
			name = roster.NameOf(fmt.Sprintf("%.30s", base)) + fmt.Sprintf("-%d", n)
		case running:
			return nil, usageError{fmt.Errorf("%w; choose another name with --name, or end it with: minisim down %s", err, name)}
		case roster.CheckName(name) != nil:
			return nil, usageError{err}
		default:
			return home, err
		}
	}
}

// stepServed has somebody step through the run, while others may come in, too, if it is served.
func (p *player) stepServed(v *serving) (err error) {
	if v == nil {
		return p.stepThrough()
	}
	h := newHost(p.ctx, v.home, p.session)
	defer h.leave(nil)
	p.ctx, p.host = h.ctx, h
	if p.door, err = openDoor(p.runner.Cluster, v, nil, h.leave); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.door.close()) }()
	h.desk = p.door.desk
	if err := p.tellWay(p.door); err != nil {
		return err
	}
	if err = p.stepThrough(); errors.Is(context.Cause(h.ctx), errLeave) {
		return h.farewell(err)
	}
	return err
}

// knocks has something in it when somebody waits outside.
func (p *player) knocks() <-chan struct{} {
	if p.door == nil {
		return nil
	}
	return p.door.wake
}

// tellWay says how kubectl gets to the cluster. Standard output may be for the trace.
func (p *player) tellWay(d *door) error {
	to := p.streams.out
	if p.text == nil {
		to = p.streams.err
	}
	_, err := fmt.Fprintln(to, d.way())
	return err
}
