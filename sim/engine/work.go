package engine

import "time"

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
