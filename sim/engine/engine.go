// Package engine is the heart of the simulation: a virtual clock, one queue of
// work ordered by (virtual time, sequence), seeded randomness, the inbox for
// requests from outside and the journal of what came in.
//
// One goroutine calls Step; nothing here starts another. Work is data, not a
// closure, so that what is about to happen can be listed. The package knows
// nothing of Kubernetes, of the wall clock or of any file.
package engine

import (
	"sync"
	"time"
)

// Epoch is the instant at which virtual time 0 lies when nothing else is asked for.
var Epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Engine owns the clock and the queue. It is not safe for concurrent use, but
// for Submit and Visit, which any goroutine may call.
type Engine struct {
	seed  uint64
	epoch time.Time
	now   time.Duration

	queue  queue
	once   map[Work]*item
	seq    uint64
	steps  uint64
	cause  uint64
	actor  string
	actors map[string]*registration
	gen    uint64

	limits   Limits
	repeated map[Work]int // deduplicated work run at the present instant
	err      error

	observe func(Step)
	done    func()
	active  time.Duration // when something of consequence last changed

	outside map[string]Outsider // by kind of request
	journal []Entry
	script  []Entry // entries to be replayed

	mu     sync.Mutex // guards what follows
	inbox  []Request
	visits []func()
	wake   func()
	admit  func() error
}

type registration struct {
	actor Actor
	gen   uint64
}

// Config says what an engine starts from. The zero value is a valid one.
type Config struct {
	Seed   uint64
	Epoch  time.Time // zero: Epoch
	Start  time.Duration
	Limits Limits // zero: DefaultLimits
}

// New gives an engine whose clock stands at c.Start.
func New(c Config) *Engine {
	if c.Epoch.IsZero() {
		c.Epoch = Epoch
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits
	}
	return &Engine{
		seed: c.Seed, epoch: c.Epoch, now: c.Start, active: c.Start, limits: c.Limits,
		once: map[Work]*item{}, actors: map[string]*registration{}, repeated: map[Work]int{},
		outside: map[string]Outsider{},
	}
}

// Seed is the number from which all randomness of the run derives.
func (e *Engine) Seed() uint64 { return e.seed }

// Now is the virtual time since the epoch.
func (e *Engine) Now() time.Duration { return e.now }

// Clock is the virtual time as a date (UTC), for the timestamps of objects.
func (e *Engine) Clock() time.Time { return e.epoch.Add(e.now) }

// StartAt sets the clock before the first step, for a cluster that carries on
// from an earlier run.
func (e *Engine) StartAt(t time.Duration) {
	if e.steps > 0 {
		panic("engine: the clock cannot be set once it runs")
	}
	e.now, e.active = t, t
}

// Since is how long ago, in virtual time, the date t lies.
func (e *Engine) Since(t time.Time) time.Duration { return e.Clock().Sub(t) }

// Steps is the number of steps done so far.
func (e *Engine) Steps() uint64 { return e.steps }

// Observe has f called at the beginning of each step. There is one observer: the trace.
func (e *Engine) Observe(f func(Step)) { e.observe = f }

// Follow has f called at the end of each step, when its work is done and before
// the next one begins. There is one follower. It may queue work; it must do the
// same in every run.
func (e *Engine) Follow(f func()) { e.done = f }

// Actor is the name of the actor whose step is running, "" between steps.
func (e *Engine) Actor() string { return e.actor }

// Cause is what the running step, or what was last set, stands for: work that
// is scheduled now carries it.
func (e *Engine) Cause() uint64 { return e.cause }

// SetCause makes id the cause of what is scheduled from now on in this step,
// and returns the one before.
func (e *Engine) SetCause(id uint64) (before uint64) {
	before, e.cause = e.cause, id
	return before
}

// Touch notes that something of consequence has changed: anything but leases,
// heartbeats and events.
func (e *Engine) Touch() { e.active = e.now }

// Quiet is for how long nothing of consequence has changed.
func (e *Engine) Quiet() time.Duration { return e.now - e.active }

// Register makes a the actor of this name. An actor that had the name before is
// forgotten together with its work.
func (e *Engine) Register(name string, a Actor) {
	e.gen++
	e.actors[name] = &registration{a, e.gen}
}

// Remove forgets an actor and all of its work: the program has stopped.
func (e *Engine) Remove(name string) { delete(e.actors, name) }

// Registered says whether an actor of this name is alive.
func (e *Engine) Registered(name string) bool { return e.actors[name] != nil }
