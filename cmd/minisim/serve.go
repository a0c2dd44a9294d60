package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
	server, err := rest.Start(rest.Config{Engine: c.Engine, API: c.API, Keys: keys, Clock: l.Date})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	forget, err := p.tellWay(server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()

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

// tellWay says how kubectl gets to the cluster. What it wrote for that, forget removes.
func (p *player) tellWay(server *rest.Server) (forget func() error, err error) {
	dir, err := os.MkdirTemp("", "minisim-")
	if err != nil {
		return nil, err
	}
	forget = func() error { return os.RemoveAll(dir) }
	file := filepath.Join(dir, "kubeconfig")
	if err := server.WriteKubeconfig(file, "minisim", rest.Admin); err != nil {
		return nil, errors.Join(err, forget())
	}
	to := p.streams.out
	if p.text == nil {
		to = p.streams.err // standard output is for the trace
	}
	_, err = fmt.Fprintf(to, "export KUBECONFIG=%s\n", file)
	if err != nil {
		return nil, errors.Join(err, forget())
	}
	return forget, nil
}
