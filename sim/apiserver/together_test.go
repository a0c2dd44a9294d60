package apiserver

import (
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/etcdstore"
)

func mapOf(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Data: map[string]string{"is": value}}
}

// found gives the value and the revision of a ConfigMap in the cache, which has
// to be what etcd has.
func (l *lab) found(name string) (string, int64) {
	l.Helper()
	key := podKey(name)
	o := must[api.Object](l)(l.server.Object(api.ConfigMaps, key, 0))
	revision := must[int64](l)(versionOf(o))
	if kv, _, err := l.store.Get(api.ConfigMaps.StoreKey(key), 0); err != nil || kv.ModRevision != revision {
		l.Errorf("%s has revision %d in the cache and %d in etcd, %v", name, revision, kv.ModRevision, err)
	}
	return o.(*corev1.ConfigMap).Data["is"], revision
}

func TestTogether(t *testing.T) {
	l := newLab(t, Latency{})
	w := l.watcher(l.admin, "maps", api.ConfigMaps, api.ListOptions{Namespace: "default"}, l.store.Revision())
	must[*corev1.ConfigMap](t)(api.Create(l.admin, mapOf("old", "first")))
	before := l.store.Revision()
	api.Together(l.admin, func() {
		l.engine.SetCause(11)
		must[*corev1.ConfigMap](t)(api.Create(l.admin, mapOf("new", "first")))
		l.engine.SetCause(12)
		must[*corev1.ConfigMap](t)(api.Patch(l.admin, api.ConfigMaps, podKey("old"), func(c *corev1.ConfigMap) error {
			c.Data["is"] = "second"
			return nil
		}))
		if _, err := api.Create(l.admin, mapOf("old", "again")); !apierrors.IsAlreadyExists(err) {
			t.Errorf("a name that is taken: %v", err)
		}
	})
	if now := l.store.Revision(); now != before+1 {
		t.Errorf("two writes together made %d revisions", now-before)
	}
	for name, want := range map[string]string{"new": "first", "old": "second"} {
		if got, revision := l.found(name); got != want || revision != before+1 {
			t.Errorf("%s is %q at revision %d", name, got, revision)
		}
	}
	l.run(0)
	if got := fmt.Sprint(w.heard); got != "[ADDED old ADDED new MODIFIED old]" {
		t.Errorf("the watch heard %s", got)
	}
	causes := map[string]uint64{}
	for _, r := range l.records {
		if b, ok := r.Body.(Request); ok && b.Revision == before+1 {
			causes[b.Key] = r.Cause
		}
	}
	if causes["default/new"] != 11 || causes["default/old"] != 12 {
		t.Errorf("causes of the records: %v", causes)
	}
}

// A request about something that waits finds it written.
func TestTogetherInOrder(t *testing.T) {
	l := newLab(t, Latency{})
	api.Together(l.admin, func() {
		must[*corev1.ConfigMap](t)(api.Create(l.admin, mapOf("a", "first")))
		must[*corev1.ConfigMap](t)(api.Patch(l.admin, api.ConfigMaps, podKey("a"), func(c *corev1.ConfigMap) error {
			c.Data["is"] += ", second"
			return nil
		}))
		for i := range 2 * maxGroup {
			must[*corev1.ConfigMap](t)(api.Create(l.admin, mapOf(fmt.Sprint("many-", i), "x")))
		}
		must[*corev1.ConfigMap](t)(api.Create(l.admin, mapOf("b", "first")))
		if err := api.Delete(l.admin, api.ConfigMaps, podKey("b"), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	if got, _ := l.found("a"); got != "first, second" {
		t.Errorf("a is %q", got)
	}
	if _, err := l.server.Object(api.ConfigMaps, podKey("b"), 0); !apierrors.IsNotFound(err) {
		t.Errorf("b was deleted: %v", err)
	}
	l.found(fmt.Sprint("many-", 2*maxGroup-1))
}

// refusing is a store that refuses to write one key.
type refusing struct {
	Store
	key string
}

var errRefused = errors.New("refused")

func (r refusing) Commit(ops ...etcdstore.Op) (int64, []etcdstore.Event, error) {
	for _, op := range ops {
		if op.Key == r.key {
			return 0, nil, errRefused
		}
	}
	return r.Store.Commit(ops...)
}

// A write that is refused does not take the others with it.
func TestTogetherRefused(t *testing.T) {
	l := newLab(t, Latency{})
	l.server.Store = refusing{l.store, api.ConfigMaps.StoreKey(podKey("b"))}
	l.records = nil
	api.Together(l.admin, func() {
		for _, name := range []string{"a", "b", "c"} {
			must[*corev1.ConfigMap](t)(api.Create(l.admin, mapOf(name, "first")))
		}
	})
	l.found("a")
	l.found("c")
	if _, err := l.server.Object(api.ConfigMaps, podKey("b"), 0); !apierrors.IsNotFound(err) {
		t.Errorf("b was refused: %v", err)
	}
	var said []string
	for _, r := range l.records {
		if b, ok := r.Body.(Request); ok {
			said = append(said, b.Key+" "+b.Error)
		}
	}
	if got := fmt.Sprint(said); got != "[default/a  default/b refused default/c ]" {
		t.Errorf("the records say %s", got)
	}
}
