package apiserver

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/etcdstore"
)

func newEvent(name string) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: "default", Name: name},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "a"},
		Reason:         "Started", Type: corev1.EventTypeNormal,
	}
}

func TestEventsLastAnHour(t *testing.T) {
	l := newLab(t, Latency{})
	must[*corev1.Event](t)(api.Create(l.admin, newEvent("once")))
	must[*corev1.Event](t)(api.Create(l.admin, newEvent("again")))
	w := l.watcher(l.admin, "w", api.Events, api.ListOptions{}, l.server.Revision())
	l.run(30 * time.Minute)
	must[*corev1.Event](t)(api.Patch(l.admin, api.Events, podKey("again"), func(e *corev1.Event) error { e.Count = 2; return nil }))
	l.run(30*time.Minute - 1)
	w.want(t, "MODIFIED again")
	l.run(1)
	w.want(t, "DELETED once")
	if got := l.last(); got.Tell() != "" || got.Outcome != Deleted {
		t.Errorf("record %+v", got)
	}
	l.run(30 * time.Minute)
	w.want(t, "DELETED again")
	l.run(time.Hour)
	if l.engine.Quiet() < 2*time.Hour {
		t.Error("the end of an Event counts as something of consequence")
	}
}

func TestEventsLastAnHourAfterARestart(t *testing.T) {
	dir := t.TempDir()
	l := openLab(t, Latency{}, etcdstore.Options{DataDir: dir}, 0)
	if err := l.server.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	must[*corev1.Event](t)(api.Create(l.admin, newEvent("e")))
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLab(t, Latency{}, etcdstore.Options{DataDir: dir}, 10*time.Minute)
	l.run(time.Hour - 1)
	if l.server.Get(api.Events, podKey("e")) == nil {
		t.Error("it is gone too early")
	}
	l.run(1)
	if l.server.Get(api.Events, podKey("e")) != nil {
		t.Error("it is still there")
	}
}

// TestAServerThatIsOffRemovesNothing: what was due meanwhile goes when the power is back.
func TestAServerThatIsOffRemovesNothing(t *testing.T) {
	l := newLab(t, Latency{})
	must[*corev1.Event](t)(api.Create(l.admin, newEvent("e")))
	l.server.Down(true)
	l.run(2 * time.Hour)
	if l.server.Get(api.Events, podKey("e")) == nil {
		t.Error("a server without power has removed an Event")
	}
	l.server.Down(false)
	l.run(1)
	if l.server.Get(api.Events, podKey("e")) != nil {
		t.Error("it is still there")
	}
}

// TestEventsOfAnEarlierRun: the clock may be set on after the server has loaded them.
func TestEventsOfAnEarlierRun(t *testing.T) {
	dir := t.TempDir()
	l := openLab(t, Latency{}, etcdstore.Options{DataDir: dir}, 3*time.Hour)
	if err := l.server.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	e := newEvent("e")
	e.LastTimestamp = metav1.NewTime(l.engine.Clock())
	must[*corev1.Event](t)(api.Create(l.admin, e))
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLab(t, Latency{}, etcdstore.Options{DataDir: dir}, 0)
	l.engine.StartAt(3*time.Hour + 10*time.Minute)
	l.run(50*time.Minute - 1)
	if l.server.Get(api.Events, podKey("e")) == nil {
		t.Error("it is gone too early")
	}
	l.run(1)
	if l.server.Get(api.Events, podKey("e")) != nil {
		t.Error("it is still there")
	}
}
