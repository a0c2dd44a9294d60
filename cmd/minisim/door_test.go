package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"minisim/sim/apiserver/rest"
	"minisim/sim/session"
)

// TestDoor writes to a cluster that stands still, winds it back, writes in the
// past, and has a recording of all that come to the same hash.
func TestDoor(t *testing.T) {
	in, err := sessionInput("hello", runOptions{})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := rest.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	in.Served, in.RootCA = true, keys.RootCA()
	s, err := session.Open(t.Context(), in, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	home, err := claimHome("", "door")
	if err != nil {
		t.Fatal(err)
	}
	d, err := openDoor(s.Cluster(), &serving{home: home, keys: keys}, nil, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", home.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	maps := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	ctx := t.Context()
	visit := func(f func()) {
		t.Helper()
		done := make(chan struct{})
		go func() { defer close(done); f() }()
		for {
			select {
			case <-d.wake:
				s.Serve(s.Now())
			case <-done:
				return
			}
		}
	}
	create := func(name string) {
		t.Helper()
		step, now := s.StepNumber(), s.Now()
		visit(func() {
			if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		})
		if s.StepNumber() != step+1 || s.Now() != now {
			t.Errorf("creating %s took from step %d at %s to %d at %s", name, step, now, s.StepNumber(), s.Now())
		}
	}
	if _, err := s.Until(ctx, session.NextOfKind("end")); err != nil {
		t.Fatal(err)
	}
	create("late")
	if more, err := s.Until(ctx, session.NextOfKind("no such kind")); !more || err != nil || !s.Stopped().Idle {
		t.Errorf("a run that is over, and served, stops with %v, %v, %+v", more, err, s.Stopped())
	}
	var watching watch.Interface
	visit(func() { watching, err = maps.Watch(ctx, metav1.ListOptions{}) })
	if err != nil {
		t.Fatal(err)
	}

	if err := s.To(ctx, s.StepNumber()/2); err != nil {
		t.Fatal(err)
	}
	d.follow(s.Cluster())
	for range watching.ResultChan() { // it ends with the cluster that it watched
	}
	visit(func() { _, err = maps.Get(ctx, "late", metav1.GetOptions{}) })
	if !apierrors.IsNotFound(err) {
		t.Errorf("what is to come is there already: %v", err)
	}
	create("early")
	if len(s.Future()) != 0 || s.Newest() != s.StepNumber() {
		t.Errorf("what was written in the past leaves a future of %d entries, up to step %d", len(s.Future()), s.Newest())
	}
	if err := errors.Join(d.close(), home.Release()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(home.Dir); !os.IsNotExist(err) {
		t.Errorf("the kubeconfig's folder is still there: %v", err)
	}
	replayed(ctx, t, s)
}

// replayed records a session, and replays the recording.
func replayed(ctx context.Context, t *testing.T, s *session.Session) {
	t.Helper()
	if _, err := s.Until(ctx, session.After(time.Second)); err != nil {
		t.Fatal(err)
	}
	var tape bytes.Buffer
	if err := s.Record(&tape); err != nil {
		t.Fatal(err)
	}
	again, err := session.Replay(ctx, &tape, session.Options{Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Hash() != s.Hash() {
		t.Errorf("the hash is %s, and of the replay %s", s.Hash(), again.Hash())
	}
}
