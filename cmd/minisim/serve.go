package main

import (
	"context"
	"errors"
	"fmt"

	"minisim/sim/apiserver/rest"
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
// goes on until it is interrupted.
func (p *player) serve(speed string, keys *rest.Keys) (err error) {
	first, then, err := servePace(speed)
	if err != nil {
		return err
	}
	c := p.runner.Cluster
	l := rest.NewLive(c.Engine)
	d, err := openDoor(c, keys, l)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := p.tellWay(d); err != nil {
		return err
	}

	l.Speed(first)
	ended := false
	l.Before = func() {
		if !ended && p.runner.Conclude() {
			ended = true
			l.Speed(then)
		}
		if p.text != nil {
			p.text.Flush()
		}
	}
	l.Step = func() error {
		if !ended {
			_, err := p.advance()
			return err
		}
		_, err := c.Engine.Step()
		return errors.Join(err, p.failed)
	}
	err = l.Run(p.ctx)
	switch {
	case !errors.Is(err, context.Canceled):
		return err
	case p.runner.End() != nil && !p.runner.End().OK():
		return errFailed
	}
	return nil // Ctrl-C is how it is meant to end
}

// stepServed has somebody step through the run, while others may come in, too, if there are keys for them.
func (p *player) stepServed(keys *rest.Keys) (err error) {
	if keys != nil {
		if p.door, err = openDoor(p.runner.Cluster, keys, nil); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.door.close()) }()
		if err := p.tellWay(p.door); err != nil {
			return err
		}
	}
	return p.stepThrough()
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
