package main

import (
	"errors"
	"time"

	"minisim/internal/roster"
	"minisim/sim/apiserver/rest"
	"minisim/sim/session"
)

// keeper keeps a served run going in real time.
type keeper struct {
	*player
	host   *host
	live   *rest.Live
	first  float64 // the speed of the scenario; 0: as fast as it can
	then   float64 // the speed of what comes after it
	speed  float64 // the present one
	paused bool
	ended  bool // the scenario has come to its end once
}

// bootTime is for how long, in virtual time, a cluster of minisim up has been up when others are let in.
const bootTime = 5 * time.Second

// boot goes on until the machines are up.
func (k *keeper) boot() error {
	_, err := k.session.Until(k.ctx, session.After(bootTime))
	return errors.Join(err, k.failed)
}

// wake goes on until the first master, and its API server with it, has power, and
// then lets time stand still.
func (k *keeper) wake() error {
	for c := k.session.Cluster(); !c.On(c.Machines()[0]); {
		if more, err := k.session.Step(); err != nil || !more {
			return err
		}
	}
	k.paused = true
	return k.failed
}

// keep lets others in, and keeps the run going until it is told to leave or
// interrupted, which is how it is meant to end. ready is called when it can be reached.
func (k *keeper) keep(keys *rest.Keys, card roster.Card, ready func(*door) error) (err error) {
	c := k.session.Cluster()
	k.live = rest.NewLive(c.Engine)
	k.live.Speed(k.speed)
	if k.paused {
		k.live.Pause()
	}
	d, err := openDoor(c, keys, k.live, k.host.home, k.host.leave, card)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	k.host.desk = d.desk
	if err := ready(d); err != nil {
		return err
	}
	k.live.Before, k.live.Step = k.before, k.step
	return k.host.farewell(k.live.Run(k.ctx))
}

// before sees to what waits between two steps.
func (k *keeper) before() {
	k.conclude()
	k.host.attend()
	if k.text != nil {
		k.text.Flush()
	}
}

// conclude sees to what changes when the scenario has ended. The cluster lives on.
func (k *keeper) conclude() {
	if k.session.End() != nil && !k.ended {
		k.ended = true
		if k.speed == k.first {
			k.setSpeed(k.then)
		}
	}
}

func (k *keeper) step() error {
	_, err := k.session.Step()
	return errors.Join(err, k.failed)
}

// setSpeed has virtual time go so many times as fast as real time; when it stands still, once it goes on.
func (k *keeper) setSpeed(speed float64) {
	k.speed = speed
	if !k.paused {
		k.live.Speed(speed)
	}
}

func (k *keeper) pause() {
	k.paused = true
	k.live.Pause()
}

func (k *keeper) resume() {
	k.paused = false
	k.live.Speed(k.speed)
}

// present moves the virtual clock to where real time has come, as far as nothing is due before.
func (k *keeper) present() {
	e := k.session.Cluster().Engine
	e.Idle(e.Now() + k.live.Date().Sub(e.Clock()))
}
