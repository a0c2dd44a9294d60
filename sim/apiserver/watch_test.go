package apiserver

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

func (w *watcher) want(t *testing.T, want ...string) {
	t.Helper()
	if strings.Join(w.heard, ", ") != strings.Join(want, ", ") {
		t.Errorf("heard %q\nwant  %q", w.heard, want)
	}
	w.heard, w.at = nil, nil
}

func TestWatchKeepsOrderUnderLatency(t *testing.T) {
	l := newLab(t, DefaultLatency)
	a := l.watcher(l.admin, "a", api.Pods, api.ListOptions{}, l.server.Revision())
	b := l.watcher(l.admin, "b", api.Pods, api.ListOptions{}, l.server.Revision())
	var want []string
	start := l.engine.Now()
	for i := range 50 {
		name := fmt.Sprintf("p%02d", i)
		must[*corev1.Pod](t)(api.Create(l.admin, newPod(name)))
		want = append(want, "ADDED "+name)
	}
	if len(a.heard) > 0 {
		t.Error("a watcher heard of a write in the middle of the writer's step")
	}
	l.run(time.Second)
	if reflect.DeepEqual(a.at, b.at) {
		t.Error("two watchers have the same latencies")
	}
	for _, w := range []*watcher{a, b} {
		for i, at := range w.at {
			if d := at - start; d < time.Millisecond || d > 5*time.Millisecond || i > 0 && at < w.at[i-1] {
				t.Errorf("event %d arrived after %s", i, d)
			}
		}
		w.want(t, want...)
	}
}

func TestWatchSelects(t *testing.T) {
	l := newLab(t, Latency{})
	now := l.server.Revision()
	node := l.watcher(l.admin, "node", api.Pods, api.ListOptions{Fields: fields.OneTermEqualSelector("spec.nodeName", "n1")}, now)
	free := l.watcher(l.admin, "free", api.Pods, api.ListOptions{Fields: fields.OneTermEqualSelector("spec.nodeName", "")}, now)
	web := l.watcher(l.admin, "web", api.Pods, api.ListOptions{Labels: labels.SelectorFromSet(labels.Set{"tier": "web"})}, now)
	one := l.watcher(l.admin, "one", api.Pods, api.ListOptions{Fields: fields.OneTermEqualSelector("metadata.name", "b")}, now)
	system := l.watcher(l.admin, "system", api.Pods, api.ListOptions{Namespace: "kube-system"}, now)

	p := must[*corev1.Pod](t)(api.Create(l.admin, newPod("a")))
	if err := api.Bind(l.admin, podKey("a"), p.UID, "n1"); err != nil {
		t.Fatal(err)
	}
	label := func(v string) {
		must[*corev1.Pod](t)(api.Patch(l.admin, api.Pods, podKey("a"), func(p *corev1.Pod) error {
			p.Labels = map[string]string{"tier": v}
			return nil
		}))
	}
	label("web")
	label("db")
	zero := int64(0)
	if err := api.Delete(l.admin, api.Pods, podKey("a"), metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
		t.Fatal(err)
	}
	b := newPod("b")
	b.Namespace = "kube-system"
	must[*corev1.Pod](t)(api.Create(l.admin, b))
	l.run(time.Second)
	node.want(t, "ADDED a", "MODIFIED a", "MODIFIED a", "MODIFIED a", "DELETED a")
	free.want(t, "ADDED a", "DELETED a", "ADDED b")
	web.want(t, "ADDED a", "DELETED a")
	one.want(t, "ADDED b")
	system.want(t, "ADDED b")
}

func TestDeletedObjectsBearTheLastRevision(t *testing.T) {
	l := newLab(t, Latency{})
	cm := must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cm")))
	w := must[api.Watch](t)(l.admin.Watch(api.ConfigMaps, api.WatchOptions{From: l.server.Revision()}))
	if err := api.Delete(l.admin, api.ConfigMaps, api.KeyOf(cm), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ev, ok := w.Next()
	if !ok || ev.Type != api.Deleted || ev.Object.GetResourceVersion() != fmt.Sprint(l.server.Revision()) || ev.Object.(*corev1.ConfigMap).Data["a"] != "1" {
		t.Errorf("event %+v", ev)
	}
	if cm.ResourceVersion == ev.Object.GetResourceVersion() {
		t.Error("the object that was handed out has changed")
	}
}

func TestWatchFromThePast(t *testing.T) {
	l := newLab(t, Latency{})
	from := l.server.Revision()
	p := must[*corev1.Pod](t)(api.Create(l.admin, newPod("a")))
	must[*corev1.Pod](t)(api.Create(l.admin, newPod("b")))
	if err := api.Bind(l.admin, podKey("a"), p.UID, "n1"); err != nil {
		t.Fatal(err)
	}
	if err := api.Delete(l.admin, api.Pods, podKey("b"), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	all := l.watcher(l.admin, "all", api.Pods, api.ListOptions{}, from)
	node := l.watcher(l.admin, "node", api.Pods, api.ListOptions{Fields: fields.OneTermEqualSelector("spec.nodeName", "n1")}, from)
	later := l.watcher(l.admin, "later", api.Pods, api.ListOptions{}, from+2)
	zero := l.watcher(l.admin, "zero", api.Pods, api.ListOptions{}, 0)
	must[*corev1.Pod](t)(api.Create(l.admin, newPod("c")))
	l.run(time.Second)
	all.want(t, "ADDED a", "ADDED b", "MODIFIED a", "MODIFIED b", "DELETED b", "ADDED c")
	node.want(t, "ADDED a")
	later.want(t, "MODIFIED a", "MODIFIED b", "DELETED b", "ADDED c")
	zero.want(t, "ADDED a", "ADDED c")

	_, err := l.admin.Watch(api.Pods, api.WatchOptions{From: l.server.Revision() + 5})
	wantStatus(t, err, 504, metav1.StatusReasonTimeout, fmt.Sprintf("Timeout: Too large resource version: %d, current: %d", l.server.Revision()+5, l.server.Revision()))
	if err := l.store.Compact(from + 2); err != nil {
		t.Fatal(err)
	}
	_, err = l.admin.Watch(api.Pods, api.WatchOptions{From: from})
	if s := outcomeOf(err); s != Outcome(metav1.StatusReasonExpired) {
		t.Errorf("a watch from before the compaction: %v", err)
	}
}

func TestWindowForgetsTheOldest(t *testing.T) {
	w := window{floor: 10}
	for i := range windowSize + 5 {
		w.add(int64(11+i), podKey(fmt.Sprint(i)))
	}
	last := int64(10 + windowSize + 5)
	if _, ok := w.after(14); ok {
		t.Error("it claims to know what it has forgotten")
	}
	got, ok := w.after(15)
	if !ok || len(got) != windowSize || got[0].revision != 16 || got[len(got)-1].revision != last {
		t.Errorf("%v: %d marks", ok, len(got))
	}
	if got, ok := w.after(last); !ok || len(got) != 0 {
		t.Errorf("after the last: %v %d", ok, len(got))
	}
}

func TestLostConnectionsAreToldOnce(t *testing.T) {
	l := newLab(t, DefaultLatency)
	now := l.server.Revision()
	a := l.watcher(l.client("a", "system:masters"), "a", api.Pods, api.ListOptions{}, now)
	b := l.watcher(l.client("b", "system:masters"), "b", api.Pods, api.ListOptions{}, now)
	must[*corev1.Pod](t)(api.Create(l.admin, newPod("x")))
	l.server.CloseWatches("a")
	if ev, ok := a.watch.Next(); !ok || ev.Type != api.Closed {
		t.Errorf("after the connection was lost: %+v", ev)
	}
	l.engine.Remove("a") // its program is gone: nobody hears the rest
	l.run(time.Second)
	b.want(t, "ADDED x")
	l.server.Down(true)
	l.server.Down(true)
	l.server.Down(false)
	must[*corev1.Pod](t)(api.Create(l.admin, newPod("y")))
	l.run(time.Second)
	b.want(t, "CLOSED true")
	b.watch.Stop()
	if len(l.server.hub.slots) > 0 {
		t.Error("closed watches are still indexed")
	}
}

func TestStoppedWatchHearsNothing(t *testing.T) {
	l := newLab(t, Latency{})
	w := must[api.Watch](t)(l.admin.Watch(api.Pods, api.WatchOptions{From: l.server.Revision()}))
	must[*corev1.Pod](t)(api.Create(l.admin, newPod("x")))
	w.Stop()
	w.Stop()
	if ev, ok := w.Next(); ok {
		t.Errorf("got %+v", ev)
	}
	if len(l.server.hub.slots) > 0 {
		t.Error("the watch is still indexed")
	}
}

func TestSlowWatchIsClosed(t *testing.T) {
	l := newLab(t, Latency{})
	w := must[api.Watch](t)(l.admin.Watch(api.Pods, api.WatchOptions{From: l.server.Revision()})).(*watch)
	for range maxUndelivered + 1 {
		w.send(api.Event{Type: api.Added, Object: newPod("x")})
	}
	if ev, ok := w.Next(); !ok || ev.Type != api.Closed || outcomeOf(ev.Err) != Outcome(metav1.StatusReasonExpired) {
		t.Errorf("got %+v", ev)
	}
	if _, ok := w.Next(); ok {
		t.Error("something came after the end")
	}
}

// TestCausesChain follows a write to the step that its event caused.
func TestCausesChain(t *testing.T) {
	l := newLab(t, DefaultLatency)
	var reacted trace.ID
	var w *watcher
	w = l.watcher(l.admin, "controller", api.ConfigMaps, api.ListOptions{}, l.server.Revision())
	l.engine.Register("controller", engine.ActorFunc(func(engine.Work) {
		w.take()
		if reacted == 0 {
			must[*corev1.Pod](t)(api.Create(l.admin, newPod("reaction")))
			reacted = l.trace.Records()
		}
	}))
	l.engine.SetCause(77)
	must[*corev1.ConfigMap](t)(api.Create(l.admin, newConfigMap("cause")))
	if l.engine.Cause() != 77 {
		t.Error("a request has changed the cause of what the requester does next")
	}
	l.run(time.Second)
	byID := map[trace.ID]trace.Record{}
	for _, r := range l.records {
		byID[r.ID] = r
	}
	create := byID[reacted]
	if q, ok := byID[create.Cause].Body.(Request); !ok || q.Key != "default/cause" || byID[create.Cause].Cause != 77 {
		t.Errorf("the reaction %+v was caused by %+v", create, byID[create.Cause])
	}
}
