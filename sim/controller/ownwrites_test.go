package controller

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

func TestOwnWritesAreAwaited(t *testing.T) {
	b := newBench(t)
	p := b.process()
	cache := component.Informer[*appsv1.ReplicaSet](p, api.ReplicaSets, api.ListOptions{})
	p.Start()
	b.latency[api.ReplicaSets] = time.Second
	w := newOwnWrites(b.engine)
	key := api.Key{Namespace: "default", Name: "app"}
	if w.pending(key) != 0 {
		t.Error("waits for nothing")
	}
	wrote(w, key, cache, add(b, replicaSet("one", 1)))
	wrote(w, key, cache, add(b, replicaSet("two", 1)))
	if left := w.pending(key); left != expectationsTimeout {
		t.Errorf("waits for %s", left)
	}
	b.run(2 * time.Second)
	if left := w.pending(key); left != 0 {
		t.Errorf("the cache has all, but still waits for %s", left)
	}
	lost := replicaSet("lost", 1)
	lost.ResourceVersion = "1000"
	wrote(w, key, cache, lost)
	b.run(expectationsTimeout - time.Second)
	if left := w.pending(key); left != time.Second {
		t.Errorf("waits for %s", left)
	}
	b.run(time.Second)
	if left := w.pending(key); left != 0 {
		t.Errorf("never gives up: %s", left)
	}
}

func TestExpectations(t *testing.T) {
	b := newBench(t)
	x := newExpectations(b.engine)
	key := api.Key{Namespace: "default", Name: "web"}
	x.expect(key, 2, "a", "b")
	for i, step := range []struct {
		f    func() bool
		last bool
	}{
		{func() bool { return x.created(key) }, false},
		{func() bool { return x.deleted(key, "a") }, false},
		{func() bool { return x.deleted(key, types.UID("stranger")) }, false},
		{func() bool { return x.created(key) }, false},
		{func() bool { return x.created(key) }, false}, // one more than expected
		{func() bool { return x.deleted(key, "b") }, true},
	} {
		if x.pending(key) == 0 {
			t.Errorf("step %d: nothing is pending any more", i)
		}
		if last := step.f(); last != step.last {
			t.Errorf("step %d: the last is %v", i, last)
		}
	}
	if left := x.pending(key); left != 0 {
		t.Errorf("%s left", left)
	}
	x.expect(key, 1)
	b.run(expectationsTimeout)
	if left := x.pending(key); left != 0 {
		t.Errorf("what never comes is awaited for %s more", left)
	}
}
