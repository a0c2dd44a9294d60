package rest

import (
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/engine"
)

// TestVisitThatPanics has the engine live on, and the client told what went wrong.
func TestVisitThatPanics(t *testing.T) {
	e := engine.New(engine.Config{})
	e.OnArrival(func() { e.Serve() })
	var said strings.Builder
	b := &bridge{engine: e, faults: log.New(&said, "", 0)}
	_, err := look(t.Context(), b, func() (int, error) { panic("a rope tore") })
	if !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), "apiserver to panic: a rope tore") {
		t.Errorf("got %v", err)
	}
	b.leave(func() { panic("a plank broke") })
	if err := b.visit(t.Context(), func() {}); err != nil {
		t.Errorf("the next visitor: %v", err)
	}
	for _, fault := range []string{"a rope tore\n", "a plank broke\n"} {
		if strings.Count(said.String(), "a request has panicked: "+fault) != 1 {
			t.Errorf("of %q the log says %s", fault, said.String())
		}
	}
	if strings.Count(said.String(), "TestVisitThatPanics") < 2 {
		t.Errorf("the log does not say where: %s", said.String())
	}
}

// TestRoomComesFirst has no token looked at while there is no room for the request.
func TestRoomComesFirst(t *testing.T) {
	r := httptest.NewRequest("GET", "https://localhost/api/v1/pods", nil)
	r.Header.Set("Authorization", "Bearer x")
	full := &Server{inFlight: make(chan struct{})} // and it knows no keys
	if err := (&exchange{server: full, r: r}).serve(); !apierrors.IsTooManyRequests(err) {
		t.Errorf("got %v", err)
	}
}
