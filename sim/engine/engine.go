// Package engine is the heart of the simulation: a virtual clock, one queue of
// work ordered by (virtual time, sequence), seeded randomness, the inbox for
// requests from outside and the journal of what came in.
//
// One goroutine calls Step; nothing here starts another. Work is data, not a
// closure, so that what is about to happen can be listed. The package knows
// nothing of Kubernetes, of the wall clock or of any file.
package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Epoch is the instant at which virtual time 0 lies when nothing else is asked for.
var Epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Work is one piece of work, as data: which actor does it, of which kind it is
// ("watch", "reconcile", "sync", …) and what it is about (often an object's key).
type Work struct {
	Actor string `json:"actor"`
	Kind  string `json:"kind"`
	Key   string `json:"key,omitempty"`
}

func (w Work) String() string { return w.Actor + " " + w.Kind + " " + w.Key }

// Actor runs one piece of work to completion: it takes no virtual time and never blocks.
type Actor interface {
	Run(w Work)
}

// ActorFunc is a function that is an Actor.
type ActorFunc func(Work)

// Run calls f(w).
func (f ActorFunc) Run(w Work) { f(w) }

// Step is one unit of progress: the number-th thing that happened, when, and why.
type Step struct {
	Number uint64        // from 1
	Time   time.Duration // virtual time since the epoch
	Work   Work
	Cause  uint64 // what led to it: an identifier that the trace gave out, 0 if none
}

// Scheduled is work that is yet to be done.
type Scheduled struct {
	Work
	Time time.Duration // virtual time at which it is due
}

// Limits bound a run, so that a mistake ends in a plain sentence and not in a hang.
type Limits struct {
	Steps      uint64 // steps in all
	SameWork   int    // how often one deduplicated piece of work may run at one instant
	QueueItems int    // work waiting at once
}

// DefaultLimits are far above what a healthy run needs.
var DefaultLimits = Limits{Steps: 200_000_000, SameWork: 1000, QueueItems: 20_000_000}

// LimitError says which limit a run has hit. The run ends there.
type LimitError struct {
	What string
	At   Step
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("stopped at step %d, virtual time %s: %s (last work: %s)", e.At.Number, e.At.Time, e.What, e.At.Work)
}

// ErrIdle says that no work is left at all.
var ErrIdle = errors.New("nothing is left to do")

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

// At queues work for the virtual time t (now, if t has passed). Work for an
// actor that is not registered is dropped: nobody hears it.
func (e *Engine) At(t time.Duration, w Work) { e.push(t, w) }

// After queues work for d from now.
func (e *Engine) After(d time.Duration, w Work) { e.push(e.now+d, w) }

// Once queues work for t unless the same work waits already; if it waits for a
// later time it is moved forward to t.
func (e *Engine) Once(t time.Duration, w Work) {
	if it, ok := e.once[w]; ok && e.alive(it) {
		if t = max(t, e.now); t < it.at {
			it.at, it.cause = t, e.cause
			e.seq++
			it.seq = e.seq
			e.queue.fix(it)
		}
		return
	}
	if it := e.push(t, w); it != nil {
		it.once = true
		e.once[w] = it
	}
}

// OnceAfter is Once for d from now.
func (e *Engine) OnceAfter(d time.Duration, w Work) { e.Once(e.now+d, w) }

// Cancel takes back work that Once has queued, and says whether there was any.
func (e *Engine) Cancel(w Work) bool {
	it, ok := e.once[w]
	if !ok {
		return false
	}
	delete(e.once, w)
	e.queue.remove(it)
	return e.alive(it)
}

// Due is when work that Once has queued will be done.
func (e *Engine) Due(w Work) (time.Duration, bool) {
	it, ok := e.once[w]
	if !ok || !e.alive(it) {
		return 0, false
	}
	return it.at, true
}

func (e *Engine) push(t time.Duration, w Work) *item {
	r := e.actors[w.Actor]
	if r == nil {
		return nil
	}
	e.seq++
	it := &item{work: w, at: max(t, e.now), seq: e.seq, gen: r.gen, cause: e.cause}
	e.queue.push(it)
	if e.queue.len() > e.limits.QueueItems {
		e.fail(fmt.Sprintf("more than %d pieces of work wait", e.limits.QueueItems), w)
	}
	return it
}

func (e *Engine) alive(it *item) bool {
	r := e.actors[it.work.Actor]
	return r != nil && r.gen == it.gen
}

func (e *Engine) fail(what string, w Work) {
	if e.err == nil {
		e.err = &LimitError{What: what, At: Step{Number: e.steps, Time: e.now, Work: w}}
	}
}

// Next is the time of the next work, without doing it; false when there is none.
func (e *Engine) Next() (Scheduled, bool) {
	it := e.peek()
	if it == nil {
		return Scheduled{}, false
	}
	return Scheduled{it.work, it.at}, true
}

func (e *Engine) peek() *item {
	for {
		it := e.queue.peek()
		if it == nil || e.alive(it) {
			return it
		}
		e.queue.pop()
		if e.once[it.work] == it {
			delete(e.once, it.work)
		}
	}
}

// Pending lists up to n pieces of work to come, the earliest first.
func (e *Engine) Pending(n int) []Scheduled {
	var out []Scheduled
	for _, it := range e.queue.sorted() {
		if len(out) == n {
			break
		}
		if e.alive(it) {
			out = append(out, Scheduled{it.work, it.at})
		}
	}
	return out
}

// Step does the next thing: a journal entry that is due, a request from outside
// that waits, or else the earliest work. It returns ErrIdle when nothing is
// left, and a *LimitError when a limit is hit.
func (e *Engine) Step() (Step, error) {
	if e.err != nil {
		return Step{}, e.err
	}
	e.receive()
	if s, ok := e.stepOutside(); ok {
		return s, e.err
	}
	it := e.peek()
	if it == nil {
		return Step{}, ErrIdle
	}
	e.queue.pop()
	if it.at > e.now {
		e.now = it.at
		clear(e.repeated)
	}
	if it.once {
		delete(e.once, it.work)
		if e.repeated[it.work]++; e.repeated[it.work] > e.limits.SameWork {
			e.fail(fmt.Sprintf("the same work was done more than %d times at one instant", e.limits.SameWork), it.work)
			return Step{}, e.err
		}
	}
	s := e.begin(it.work, it.cause)
	e.actors[it.work.Actor].actor.Run(it.work)
	e.end()
	return s, e.err
}

func (e *Engine) begin(w Work, cause uint64) Step {
	e.steps++
	if e.steps > e.limits.Steps {
		e.fail(fmt.Sprintf("more than %d steps", e.limits.Steps), w)
	}
	e.cause, e.actor = cause, w.Actor
	s := Step{Number: e.steps, Time: e.now, Work: w, Cause: cause}
	if e.observe != nil {
		e.observe(s)
	}
	return s
}

func (e *Engine) end() {
	e.cause, e.actor = 0, ""
	if e.done != nil {
		e.done()
	}
}

// RunUntil steps until stop says so after a step. It returns nil then, and the
// error of Step otherwise.
func (e *Engine) RunUntil(stop func(Step) bool) error {
	for {
		s, err := e.Step()
		if err != nil {
			return err
		}
		if stop(s) {
			return nil
		}
	}
}

// RunTo does all work that is due up to and including virtual time t, and then
// sets the clock to t.
func (e *Engine) RunTo(t time.Duration) error {
	for {
		it := e.peek()
		if (it == nil || it.at > t) && !e.Waiting() {
			if e.now < t {
				e.now = t
				clear(e.repeated)
			}
			return e.err
		}
		if _, err := e.Step(); err != nil {
			return err
		}
	}
}

// Idle lets virtual time pass while nothing is done: the clock goes on to t, or
// to the time of the next work if that comes first.
func (e *Engine) Idle(t time.Duration) {
	if it := e.peek(); it != nil {
		t = min(t, it.at)
	}
	if e.now < t {
		e.now = t
		clear(e.repeated)
	}
}
