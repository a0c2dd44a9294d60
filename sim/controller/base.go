package controller

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// base is what each controller has: a name, the resource that it reconciles, a
// queue of keys and a recorder of Events under its own name.
type base struct {
	name     string // as in --controllers, and the queue's actor
	resource *api.Resource
	process  *component.Process
	client   api.Client
	queue    *component.Queue
	recorder *component.Recorder
	writes   *ownWrites
}

// newBase puts a controller into a process. source is the component that its Events name,
// and the controller acts as its own service account.
func newBase(p *component.Process, name, source string, r *api.Resource, reconciler component.Reconciler) base {
	return base{
		name: name, resource: r, process: p, client: p.As(accountOf(name)),
		queue:    component.NewQueue(p, name, reconciler),
		recorder: component.NewRecorder(p, source, ""),
		writes:   newOwnWrites(p.Engine),
	}
}

// tell leaves a record of what is about to be done, as the cause of the requests that follow.
func (b *base) tell(key api.Key, r component.Reconciled) {
	r.Controller, r.Resource, r.Key = b.name, b.resource.Singular, key.String()
	b.process.Trace.Then(r)
}

// putOff says whether a key has to wait until the caches have what this
// controller wrote for it, and has it reconciled again should they never.
func (b *base) putOff(key api.Key) bool {
	left := b.writes.pending(key)
	if left > 0 {
		b.queue.AddAfter(key, left)
	}
	return left > 0
}

// now is the virtual time as objects hold it: whole seconds.
func (b *base) now() metav1.Time {
	return metaTime(b.process.Engine.Clock())
}

// metaTime is an instant as objects hold it: whole seconds.
func metaTime(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }

// enqueueChanges has each object of a cache reconciled when it changes, comes or goes.
func enqueueChanges[T api.Object](c *component.Cache[T], q *component.Queue) {
	c.OnChange(func(old, new T) {
		if o, ok := latest(old, new); ok {
			q.Add(api.KeyOf(o))
		}
	})
}

// gather is for how long a change of one of n pods waits for others of the same
// owner before the owner is reconciled. A real reconcile takes time, in the main
// for its requests, and what happens meanwhile is dealt with by the next one;
// here it takes none, and thousands of pods that get ready one after the other
// would each cost a look at all of them. Up to 50 pods nothing waits.
func gather(n int) time.Duration { return time.Duration(n/50) * time.Millisecond }

// latest is the newer of the two states that a cache's handler is given.
func latest[T api.Object](old, new T) (T, bool) {
	if exists(new) {
		return new, true
	}
	return old, exists(old)
}

// exists says whether a handler was given an object or, typed, nothing.
func exists[T api.Object](o T) bool {
	var none T
	return any(o) != any(none)
}

// replaced says whether old and new are two objects that had one name one after the other.
func replaced[T api.Object](old, new T) bool {
	return exists(old) && exists(new) && old.GetUID() != new.GetUID()
}
