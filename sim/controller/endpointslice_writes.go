package controller

import (
	"strconv"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// sliceWrites know which of its own writes the controller's cache has not seen
// yet. Until it has, the slices of a Service are not touched again: the plan
// would start from what is no longer so.
type sliceWrites struct {
	engine    *engine.Engine
	byService map[api.Key]*unseen
}

type unseen struct {
	revisions map[api.Key]uint64 // by slice: the revision of the write, 0 for a deletion
	until     time.Duration
	asked     bool // a reconcile came meanwhile
}

func newSliceWrites(e *engine.Engine) *sliceWrites {
	return &sliceWrites{engine: e, byService: map[api.Key]*unseen{}}
}

func (w *sliceWrites) wrote(service api.Key, s *discoveryv1.EndpointSlice) {
	w.of(service).revisions[api.KeyOf(s)] = revision(s)
}

func (w *sliceWrites) deleted(service api.Key, s *discoveryv1.EndpointSlice) {
	w.of(service).revisions[api.KeyOf(s)] = 0
}

func (w *sliceWrites) of(service api.Key) *unseen {
	u := w.byService[service]
	if u == nil {
		u = &unseen{revisions: map[api.Key]uint64{}}
		w.byService[service] = u
	}
	u.until = w.engine.Now() + expectationsTimeout
	return u
}

// seen takes a change of a slice. own says that this controller has made it;
// next that the cache has caught up and a reconcile waits for it.
func (w *sliceWrites) seen(service api.Key, s *discoveryv1.EndpointSlice, gone bool) (own, next bool) {
	u := w.byService[service]
	if u == nil {
		return false, false
	}
	at, ok := u.revisions[api.KeyOf(s)]
	if !ok {
		return false, false
	}
	if gone || at != 0 && revision(s) >= at {
		delete(u.revisions, api.KeyOf(s))
	}
	own = gone && at == 0 || !gone && (at == 0 || revision(s) <= at)
	if len(u.revisions) > 0 {
		return own, false
	}
	delete(w.byService, service)
	return own, u.asked
}

// pending is for how much longer a reconcile should wait, 0 for not at all.
func (w *sliceWrites) pending(service api.Key) time.Duration {
	u := w.byService[service]
	if u == nil {
		return 0
	}
	if left := u.until - w.engine.Now(); left > 0 {
		u.asked = true
		return left
	}
	delete(w.byService, service)
	return 0
}

func (w *sliceWrites) forget(service api.Key) { delete(w.byService, service) }

// revision is an object's resourceVersion as the number that it is in this store.
func revision(o api.Object) uint64 {
	n, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
