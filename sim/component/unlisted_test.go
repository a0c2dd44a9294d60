package component

import (
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

// faulty answers every list with an error.
type faulty struct {
	api.Client
	err error
}

func (f *faulty) List(*api.Resource, api.ListOptions) (api.List, error) { return api.List{}, f.err }

func TestListErrorsAreToldOncePerChange(t *testing.T) {
	e := engine.New(engine.Config{})
	recorder := trace.NewRecorder(e, nil)
	var told []string
	recorder.Subscribe(func(r trace.Record) {
		if u, ok := r.Body.(Unlisted); ok {
			told = append(told, u.Tell())
		}
	})
	client := &faulty{}
	p := NewProcess("kube-scheduler", "default-scheduler", "", e, recorder, client)
	Informer[*corev1.Node](p, api.Nodes, api.ListOptions{})
	forbidden := apierrors.NewForbidden(api.Nodes.GroupResource(), "", errors.New("no role"))
	fails := func(err error) {
		client.err = err
		for end := e.Now() + 5*time.Second; e.Now() < end; {
			if _, err := e.Step(); err != nil {
				t.Fatal("it has given up: ", err)
			}
		}
	}
	client.err = api.ErrUnreachable
	p.Start()
	fails(api.ErrUnreachable) // is told of where the server is down
	fails(forbidden)
	fails(apierrors.NewInternalError(errors.New("no memory")))
	fails(forbidden)
	want := []string{
		`kube-scheduler cannot list nodes: nodes is forbidden: no role; it tries again every second`,
		`kube-scheduler cannot list nodes: Internal error occurred: no memory; it tries again every second`,
		`kube-scheduler cannot list nodes: nodes is forbidden: no role; it tries again every second`,
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}
