package apiserver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/engine"
	"minisim/sim/etcdstore"
	"minisim/sim/trace"
)

// lab is a server over a real store, with an administrator and a trace to look at.
type lab struct {
	testing.TB
	engine  *engine.Engine
	trace   *trace.Recorder
	store   *etcdstore.Store
	server  *Server
	admin   api.Client
	records []trace.Record
}

var administrator = Identity{User: "kubernetes-admin", Groups: []string{"system:masters"}, Process: "kubectl"}

func newLab(t testing.TB, latency Latency) *lab {
	t.Helper()
	l := openLab(t, latency, etcdstore.Options{}, 0)
	if err := l.server.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	return l
}

func openLab(t testing.TB, latency Latency, o etcdstore.Options, start time.Duration) *lab {
	t.Helper()
	store, err := etcdstore.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	l := &lab{TB: t, engine: engine.New(engine.Config{Seed: 7, Start: start}), store: store}
	l.trace = trace.NewRecorder(l.engine, nil)
	if _, bench := t.(*testing.B); !bench {
		l.trace.Subscribe(func(r trace.Record) { l.records = append(l.records, r) })
	}
	l.server, err = New(Config{Engine: l.engine, Trace: l.trace, Store: store, Name: "kube-apiserver", Latency: latency})
	if err != nil {
		t.Fatal(err)
	}
	l.admin = l.server.Client(administrator, nil)
	return l
}

// client is one of a component or of somebody without rights.
func (l *lab) client(user string, groups ...string) api.Client {
	return l.server.Client(Identity{User: user, Groups: groups, Process: user}, nil)
}

// run lets the engine work up to a virtual time from now.
func (l *lab) run(d time.Duration) {
	l.Helper()
	if err := l.engine.RunTo(l.engine.Now() + d); err != nil {
		l.Fatal(err)
	}
}

// last is the record of the newest request.
func (l *lab) last() Request {
	l.Helper()
	for i := len(l.records) - 1; i >= 0; i-- {
		if r, ok := l.records[i].Body.(Request); ok {
			return r
		}
	}
	l.Fatal("no request has been recorded")
	return Request{}
}

// must unwraps a result that has to be there.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// newPod is a pod as a person would write it.
func newPod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "nginx:1.27"}}},
	}
}

func podKey(name string) api.Key { return api.Key{Namespace: "default", Name: name} }

func newNode(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// watcher follows one watch and writes down what it hears and when.
type watcher struct {
	l     *lab
	watch api.Watch
	heard []string
	at    []time.Duration
}

func (l *lab) watcher(c api.Client, name string, r *api.Resource, o api.ListOptions, from int64) *watcher {
	l.Helper()
	w := &watcher{l: l}
	l.engine.Register(name, engine.ActorFunc(func(engine.Work) { w.take() }))
	w.watch = must[api.Watch](l)(c.Watch(r, api.WatchOptions{ListOptions: o, From: from, Actor: name, Name: r.Name}))
	return w
}

func (w *watcher) take() {
	ev, ok := w.watch.Next()
	if !ok {
		w.l.Error("woken for nothing")
		return
	}
	s := string(ev.Type)
	if ev.Type == api.Closed {
		s += " " + fmt.Sprint(errors.Is(ev.Err, api.ErrUnreachable))
	} else {
		s += " " + ev.Object.GetName()
	}
	w.heard = append(w.heard, s)
	w.at = append(w.at, w.l.engine.Now())
}
