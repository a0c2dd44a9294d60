package main

import (
	"errors"
	"io"
	"testing"

	"minisim/sim/session"
	"minisim/sim/trace"
	"minisim/ui/remote"
)

// TestStepsEnd has many steps break off when the cluster is to end, though their client still waits.
func TestStepsEnd(t *testing.T) {
	in, err := sessionInput("hello", runOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.Open(t.Context(), in, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	home, err := claimHome("", "steps")
	if err != nil {
		t.Fatal(err)
	}
	defer home.Release()
	h := newHost(t.Context(), home, s)
	defer h.leave(nil)
	const before = 5 // records of the trace that the cluster still tells
	told := 0
	s.Subscribe(func(trace.Record) {
		if told++; told == before {
			h.leave(errLeave)
		}
	})
	job := &remote.Job{Args: []string{"step", "1000"}, Ctx: t.Context(), Out: io.Discard}
	if err := h.stepCommand(job, job.Args[1:], trace.NewText(io.Discard, func(error) {})); !errors.Is(err, errLeave) {
		t.Errorf("it ends with %v", err)
	}
	if told < before || s.End() != nil {
		t.Errorf("%d records were told, and the run has ended with %v", told, s.End())
	}
}
