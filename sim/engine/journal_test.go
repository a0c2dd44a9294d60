package engine

import (
	"strings"
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

// titled is an outsider whose requests are too long for the trace.
type titled struct{ echo }

func (*titled) Title(r Request) string { return "write" }

// What stands in the trace for a long request is short, and yet another one for each.
func TestLongRequestsHaveTitles(t *testing.T) {
	e, _ := setup(Config{})
	var keys []string
	e.Observe(func(s Step) { keys = append(keys, s.Work.Key) })
	e.HandleOutside("write", &titled{echo{e: e}})
	e.HandleOutside("verb", &echo{e: e})
	for _, r := range []Request{
		{Kind: "write", Data: []byte(`{"body":"one"}`)}, {Kind: "write", Data: []byte(`{"body":"two"}`)}, {Kind: "verb", Data: []byte(`"kill"`)},
	} {
		e.Do(r)
	}
	if len(keys) != 3 || keys[0] == keys[1] || keys[2] != `"kill"` {
		t.Fatalf("keys %q", keys)
	}
	for _, key := range keys[:2] {
		if title, digest, ok := strings.Cut(key, " #"); !ok || title != "write" || len(digest) != 16 {
			t.Errorf("key %q", key)
		}
	}
	if string(e.Journal()[1].Request.Data) != `{"body":"two"}` {
		t.Errorf("the journal has %s", e.Journal()[1].Request.Data)
	}
}
