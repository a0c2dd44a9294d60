package controller

import (
	"strconv"

	"minisim/sim/api"
	"minisim/sim/component"
)

// written remembers what a controller has written itself until its cache has
// caught up, so that a chain of writes does not trip over the cache's delay.
type written[T api.Object] struct {
	cache *component.Cache[T]
	own   map[api.Key]T
}

func newWritten[T api.Object](c *component.Cache[T]) *written[T] {
	w := &written[T]{cache: c, own: map[api.Key]T{}}
	c.OnChange(func(old, new T) {
		o, _ := latest(old, new)
		key := api.KeyOf(o)
		if mine, ok := w.own[key]; ok && (!exists(new) || !newer(mine, new)) {
			delete(w.own, key)
		}
	})
	return w
}

// get is the newest state that is known of an object.
func (w *written[T]) get(key api.Key) (T, bool) {
	cached, ok := w.cache.Get(key)
	if mine, have := w.own[key]; have && (!ok || newer(mine, cached)) {
		return mine, true
	}
	return cached, ok
}

// put notes what the server has answered to a write.
func (w *written[T]) put(o T) {
	if cached, ok := w.cache.Get(api.KeyOf(o)); !ok || newer(o, cached) {
		w.own[api.KeyOf(o)] = o
	}
}

// newer compares resourceVersions, which are revisions of one store.
func newer(a, b api.Object) bool {
	x, errA := strconv.ParseUint(a.GetResourceVersion(), 10, 64)
	y, errB := strconv.ParseUint(b.GetResourceVersion(), 10, 64)
	return errA == nil && errB == nil && x > y
}
