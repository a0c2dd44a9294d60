package controller

import (
	"slices"
	"time"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
)

// ownWrites keep a controller from acting on a cache that has not seen what the
// controller itself wrote last for the same key: it would do the same again, or
// run into a conflict with itself. As in Kubernetes the reconcile is put off; the
// event of the write brings the key back. A write that is never seen is given up
// after a time.
type ownWrites struct {
	engine *engine.Engine
	byKey  map[api.Key]*unseenWrites
}

type unseenWrites struct {
	seen  []func() bool
	until time.Duration
}

func newOwnWrites(e *engine.Engine) *ownWrites {
	return &ownWrites{engine: e, byKey: map[api.Key]*unseenWrites{}}
}

// wrote notes that o, as the server answered it, was written for a key; c is the cache that will have it.
func wrote[T api.Object](w *ownWrites, key api.Key, c *component.Cache[T], o T) {
	at := int64(revision(o))
	u := w.byKey[key]
	if u == nil {
		u = &unseenWrites{}
		w.byKey[key] = u
	}
	u.until = w.engine.Now() + expectationsTimeout
	u.seen = append(u.seen, func() bool { return c.Revision() >= at })
}

// pending is for how much longer the key should wait, 0 if the caches have all.
func (w *ownWrites) pending(key api.Key) time.Duration {
	u := w.byKey[key]
	if u == nil {
		return 0
	}
	u.seen = slices.DeleteFunc(u.seen, func(seen func() bool) bool { return seen() })
	left := u.until - w.engine.Now()
	if len(u.seen) == 0 || left <= 0 {
		delete(w.byKey, key)
		return 0
	}
	return left
}

// forget drops what was written for a key whose object is gone.
func (w *ownWrites) forget(key api.Key) { delete(w.byKey, key) }
