package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"minisim/sim/apiserver/rest"
	"minisim/sim/scenario"
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
	ended  bool           // the scenario has come to its end once
	scene  *scenario.Stop // where the scenario pauses or asks something, nil if it stands elsewhere
	went   bool           // it went on by itself until it came to the scene
}

// bootTime is for how long, in virtual time, a cluster of minisim up has been up when others are let in.
const bootTime = 5 * time.Second

// boot goes on until the machines are up.
func (k *keeper) boot() error {
	_, err := k.session.Until(k.ctx, session.After(bootTime))
	k.halt(k.session.Runner().Stopped())
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
func (k *keeper) keep(v *serving, ready func(*door) error) (err error) {
	c := k.session.Cluster()
	k.live = rest.NewLive(c.Engine)
	k.live.Speed(k.speed)
	if k.paused {
		k.live.Pause()
	}
	d, err := openDoor(c, v, k.live, k.host.leave)
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
	k.halt(k.session.Runner().Stopped())
	return errors.Join(err, k.failed)
}

// halt pauses where the scenario wants to be looked at or asks something, and says
// how it goes on. Nobody may sit here: people at other terminals see to it.
func (k *keeper) halt(at *scenario.Stop) {
	if at == nil {
		return
	}
	k.scene, k.went = at, !k.paused
	k.pause()
	to := k.streams.err
	if k.text != nil {
		k.text.Flush()
		to = k.streams.out
	}
	fmt.Fprintln(to, sceneText(at))
}

// answered goes on after a question, unless somebody had paused the cluster before it.
func (k *keeper) answered(id string) (goesOn bool) {
	if k.scene == nil || k.scene.Question == nil || k.scene.Question.ID != id {
		return false
	}
	k.scene = nil
	if k.went {
		k.resume()
	}
	return k.went
}

// sceneText says what the scenario waits for, and how it goes on.
func sceneText(at *scenario.Stop) string {
	text := "The scenario pauses here"
	if at.Text != "" {
		text += ": " + strings.TrimSuffix(scenario.Plain(at.Text), ".")
	}
	if at.Question == nil {
		return text + ". It goes on with minisim resume."
	}
	if !at.Paused {
		text = "The scenario waits"
	}
	return text + fmt.Sprintf(". Question %s is answered with minisim answer TEXT; without an answer it goes on with minisim resume.", at.Question.ID)
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
	if k.live != nil {
		k.live.Pause()
	}
}

func (k *keeper) resume() {
	k.paused, k.scene = false, nil
	k.live.Speed(k.speed)
}

// present moves the virtual clock to where real time has come, as far as nothing is due before.
func (k *keeper) present() {
	e := k.session.Cluster().Engine
	e.Idle(e.Now() + k.live.Date().Sub(e.Clock()))
}
