package engine

import (
	"sync"
	"testing"
	"time"
)

// TestVisitorsLeaveNoTrace has visitors look while the engine steps.
func TestVisitorsLeaveNoTrace(t *testing.T) {
	e, r := setup(Config{})
	arrived := 0
	e.OnArrival(func() { arrived++ })
	for i := range 3 {
		e.After(time.Duration(i)*time.Second, Work{"a", "k", "x"})
	}
	var seen []uint64
	look := func() { seen = append(seen, e.Steps()) }
	first := e.Visit(look)
	if _, err := e.Step(); err != nil {
		t.Fatal(err)
	}
	<-first
	second := e.Visit(look)
	if n := e.Serve(); n != 0 {
		t.Errorf("%d requests were served, there was none", n)
	}
	<-second
	drain(t, e)
	if len(seen) != 2 || seen[0] != 0 || seen[1] != 1 || arrived != 2 {
		t.Errorf("visits before the steps %v, %d arrivals", seen, arrived)
	}
	if e.Steps() != 3 || len(r.got) != 3 || len(e.Journal()) != 0 {
		t.Errorf("%d steps, %d entries in the journal", e.Steps(), len(e.Journal()))
	}
}

// TestManyVisitorsAndRequests is for the race detector.
func TestManyVisitorsAndRequests(t *testing.T) {
	e, _ := setup(Config{})
	o := &echo{e: e}
	e.HandleOutside("scale", o)
	wake := make(chan struct{}, 1)
	e.OnArrival(func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	var all sync.WaitGroup
	var looked int
	for range 20 {
		all.Go(func() {
			for range 50 {
				<-e.Visit(func() { looked++ })
				if reply := <-e.Submit(Request{Kind: "scale"}); reply.Err != nil {
					t.Error(reply.Err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-wake:
			e.Serve()
		case <-done:
			running = false
		}
	}
	if looked != 1000 || len(o.got) != 1000 || len(e.Journal()) != 1000 {
		t.Errorf("%d visits, %d requests, %d in the journal", looked, len(o.got), len(e.Journal()))
	}
}

func TestIdleStopsAtTheNextWork(t *testing.T) {
	e, r := setup(Config{})
	e.After(10*time.Second, Work{"a", "k", "x"})
	e.Idle(4 * time.Second)
	if e.Now() != 4*time.Second {
		t.Errorf("the clock stands at %s", e.Now())
	}
	e.Idle(time.Minute)
	if e.Now() != 10*time.Second || len(r.got) != 0 {
		t.Errorf("the clock stands at %s, %q was done", e.Now(), r.got)
	}
	drain(t, e)
	e.Idle(time.Minute)
	if e.Now() != time.Minute {
		t.Errorf("with nothing to do the clock stands at %s", e.Now())
	}
}

func TestRequestsOfUnknownKindAreRefused(t *testing.T) {
	e, _ := setup(Config{})
	reply := e.Submit(Request{Kind: "nonsense"})
	e.Serve()
	if (<-reply).Err == nil {
		t.Error("nobody carries it out, and yet there was no error")
	}
}
