package rest

import (
	"net/http/httptest"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/engine"
)

// TestVisitThatPanics has the engine live on, and the client told what went wrong.
func TestVisitThatPanics(t *testing.T) {
	e := engine.New(engine.Config{})
	e.OnArrival(func() { go e.Serve() })
	b := &bridge{engine: e}
	_, err := look(t.Context(), b, func() (int, error) { panic("a rope tore") })
	if !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), "apiserver to panic: a rope tore") {
		t.Errorf("got %v", err)
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
