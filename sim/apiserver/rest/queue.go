package rest

import (
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// bookmark is the type of an event that only says how far a watcher has come.
const bookmark api.EventType = "BOOKMARK"

// maxQueue is how many events wait for one watcher. One that falls further
// behind gets 410 and has to list again; the engine never waits for it.
const maxQueue = 4096

// queue is what the engine has committed and a watcher has not read yet. The
// engine's goroutine fills it, the watcher's empties it.
type queue struct {
	mu     sync.Mutex
	events []api.Event
	ended  bool
	ready  chan struct{} // has something in it when the queue does
}

func newQueue() *queue { return &queue{ready: make(chan struct{}, 1)} }

// Send takes an event. It never waits.
func (q *queue) Send(ev api.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ended:
		return
	case ev.Type == api.Closed:
		q.ended = true
	case len(q.events) >= maxQueue:
		q.ended = true
		ev = api.Event{Type: api.Closed, Err: apierrors.NewResourceExpired("too old resource version: this watch was too slow and has lost events")}
		q.events = nil // it has to list again anyway
	}
	q.events = append(q.events, ev)
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take gives what has come since the last time.
func (q *queue) take() []api.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}
