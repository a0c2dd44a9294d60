package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"minisim/internal/roster"
	"minisim/sim/apiserver/rest"
	"minisim/sim/cluster"
	"minisim/ui/remote"
)

// door lets in who comes from outside: with kubectl or the like, or with a command
// from another terminal. What it needs in the file system is in the cluster's home.
type door struct {
	home     *roster.Home
	server   *rest.Server
	desk     *remote.Desk
	commands *remote.Server
	wake     chan struct{} // has something in it when somebody has come, unless a rest.Live is woken
}

// openDoor serves a cluster with v, kept going by live or, if that is nil, by somebody
// who listens to wake. leave is called, on any goroutine, when the run is to end.
func openDoor(c *cluster.Cluster, v *serving, live *rest.Live, leave context.CancelCauseFunc) (d *door, err error) {
	d = &door{home: v.home, wake: make(chan struct{}, 1)}
	config := rest.Config{Engine: c.Engine, API: c.API, Keys: v.keys, Faults: v.faults}
	bell := d.knock
	if live != nil {
		config.Clock = live.Date
		bell = func() { c.Engine.Visit(func() {}) } // a visitor wakes it
	} else {
		c.Engine.OnArrival(d.knock)
	}
	if d.server, err = rest.Start(config); err != nil {
		return nil, err
	}
	d.desk = remote.NewDesk(bell, func(args []string) bool {
		if args[0] != leaveCommand {
			return false
		}
		leave(errLeave) // at once, for the simulation may be busy with a long command
		return true
	})
	if err := d.announce(v.card); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// announce has the cluster be found.
func (d *door) announce(card roster.Card) (err error) {
	if err := d.server.WriteKubeconfig(d.home.Kubeconfig(), d.home.Context(), rest.Admin); err != nil {
		return err
	}
	if d.commands, err = remote.Listen(d.home.Socket(), d.desk); err != nil {
		return err
	}
	card.Server, card.PID, card.Started = "https://"+d.server.Address(), os.Getpid(), time.Now().UTC()
	return d.home.Announce(card)
}

// knock wakes who listens. It is called by whoever comes.
func (d *door) knock() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake already
	}
}

// follow serves another cluster from now on.
func (d *door) follow(c *cluster.Cluster) {
	c.Engine.OnArrival(d.knock)
	d.server.Follow(c.Engine, c.API)
}

// leaveCommand is the command that ends the cluster.
const leaveCommand = "leave"

// wayMark begins the line that says how to get to the cluster.
const wayMark = "export KUBECONFIG="

// way is what a person types to come in.
func (d *door) way() string { return wayMark + shellQuote(d.home.Kubeconfig()) }

func (d *door) close() error {
	var err error
	if d.commands != nil {
		err = d.commands.Close()
	}
	if err = errors.Join(err, d.server.Close()); err != nil {
		return fmt.Errorf("close the cluster's door: %w", err)
	}
	return nil
}
