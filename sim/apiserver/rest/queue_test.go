package rest

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// TestSlowWatcher fills the queue of a watcher who does not read: it is told to
// list again, and what comes after that is nobody's concern.
func TestSlowWatcher(t *testing.T) {
	q := newQueue()
	for range maxQueue {
		q.Send(api.Event{Type: api.Added})
	}
	if n := len(q.take()); n != maxQueue {
		t.Fatalf("%d events came through", n)
	}
	for range maxQueue + 10 {
		q.Send(api.Event{Type: api.Added})
	}
	<-q.ready
	events := q.take()
	if len(events) != 1 || events[0].Type != api.Closed || !apierrors.IsResourceExpired(events[0].Err) || statusOf(events[0].Err).Code != 410 {
		t.Errorf("a watcher who is too slow hears %v", events)
	}
	q.Send(api.Event{Type: api.Added})
	if events := q.take(); len(events) != 0 {
		t.Errorf("after the end comes %v", events)
	}
}
