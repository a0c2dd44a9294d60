package controller

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// expectationsTimeout is after how long a controller gives up waiting to see what it did.
const expectationsTimeout = 5 * time.Minute

// expectations keep a controller from acting twice on a cache that lags: by key
// of the owner, which creations and deletions it has asked for and not seen yet.
// They live in memory only; a manager that starts anew lists anew and needs none.
type expectations struct {
	engine *engine.Engine
	byKey  map[api.Key]*expected
}

type expected struct {
	creations int
	deletions map[types.UID]bool
	until     time.Duration
}

func newExpectations(e *engine.Engine) *expectations {
	return &expectations{engine: e, byKey: map[api.Key]*expected{}}
}

// expect notes what is about to be asked for, besides what is expected already.
func (x *expectations) expect(k api.Key, creations int, deletions ...types.UID) {
	want := x.byKey[k]
	if want == nil {
		want = &expected{deletions: map[types.UID]bool{}}
		x.byKey[k] = want
	}
	want.creations += creations
	want.until = x.engine.Now() + expectationsTimeout
	for _, uid := range deletions {
		want.deletions[uid] = true
	}
}

// created notes that a creation was seen, or will not come. It says whether
// this was the last thing that the owner waited for.
func (x *expectations) created(k api.Key) bool {
	want := x.byKey[k]
	if want == nil || want.creations == 0 {
		return false
	}
	want.creations--
	return x.fulfilled(k, want)
}

// deleted is created for a deletion.
func (x *expectations) deleted(k api.Key, uid types.UID) bool {
	want := x.byKey[k]
	if want == nil {
		return false
	}
	delete(want.deletions, uid)
	return x.fulfilled(k, want)
}

func (x *expectations) fulfilled(k api.Key, want *expected) bool {
	if want.creations > 0 || len(want.deletions) > 0 {
		return false
	}
	delete(x.byKey, k)
	return true
}

// pending is for how much longer the owner should wait; 0 when nothing is outstanding.
func (x *expectations) pending(k api.Key) time.Duration {
	want := x.byKey[k]
	if want == nil {
		return 0
	}
	if left := want.until - x.engine.Now(); left > 0 {
		return left
	}
	delete(x.byKey, k)
	return 0
}

// forget drops what is expected for an owner that is gone.
func (x *expectations) forget(k api.Key) { delete(x.byKey, k) }
