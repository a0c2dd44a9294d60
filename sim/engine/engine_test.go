package engine

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// recorder is an actor that writes down what it was asked to do.
type recorder struct {
	e   *Engine
	got []string
	do  func(Work)
}

func (r *recorder) Run(w Work) {
	r.got = append(r.got, fmt.Sprintf("%s@%s", w.Key, r.e.Now()))
	if r.do != nil {
		r.do(w)
	}
}

func setup(c Config) (*Engine, *recorder) {
	e := New(c)
	r := &recorder{e: e}
	e.Register("a", r)
	return e, r
}

func drain(t *testing.T, e *Engine) {
	t.Helper()
	for {
		if _, err := e.Step(); errors.Is(err, ErrIdle) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestOrderIsTimeThenSequence(t *testing.T) {
	e, r := setup(Config{})
	e.After(2*time.Second, Work{"a", "k", "late"})
	e.After(time.Second, Work{"a", "k", "first"})
	e.After(time.Second, Work{"a", "k", "second"})
	e.At(-time.Second, Work{"a", "k", "past"})
	drain(t, e)
	want(t, r.got, "past@0s", "first@1s", "second@1s", "late@2s")
}

func TestOnceDeduplicatesAndMovesForward(t *testing.T) {
	e, r := setup(Config{})
	w := Work{"a", "k", "x"}
	e.OnceAfter(5*time.Second, w)
	e.OnceAfter(9*time.Second, w)
	e.OnceAfter(3*time.Second, w)
	if at, ok := e.Due(w); !ok || at != 3*time.Second {
		t.Errorf("due at %s, %v", at, ok)
	}
	drain(t, e)
	want(t, r.got, "x@3s")
	e.OnceAfter(time.Second, w)
	if !e.Cancel(w) || e.Cancel(w) {
		t.Error("cancel takes back exactly one piece of work")
	}
	drain(t, e)
	want(t, r.got, "x@3s")
}

func TestRemovedActorHearsNothing(t *testing.T) {
	e, r := setup(Config{})
	e.OnceAfter(time.Second, Work{"a", "k", "before"})
	e.Remove("a")
	e.After(time.Second, Work{"a", "k", "while gone"})
	e.Register("a", r)
	e.OnceAfter(time.Second, Work{"a", "k", "before"})
	drain(t, e)
	want(t, r.got, "before@1s")
}

func TestCauseTravelsWithWork(t *testing.T) {
	e, r := setup(Config{})
	var causes []uint64
	e.Observe(func(s Step) { causes = append(causes, s.Cause) })
	r.do = func(w Work) {
		if w.Key == "one" {
			e.SetCause(7)
			e.After(0, Work{"a", "k", "two"})
		}
	}
	e.After(0, Work{"a", "k", "one"})
	drain(t, e)
	if !reflect.DeepEqual(causes, []uint64{0, 7}) {
		t.Errorf("causes %v", causes)
	}
}

func TestLimitEndsARunThatSpins(t *testing.T) {
	e, r := setup(Config{Limits: Limits{Steps: 1e6, SameWork: 10, QueueItems: 100}})
	r.do = func(w Work) { e.OnceAfter(0, w) }
	e.After(0, Work{"a", "k", "spin"})
	err := e.RunTo(time.Second)
	var limit *LimitError
	if !errors.As(err, &limit) {
		t.Fatalf("want a LimitError, got %v", err)
	}
}

type echo struct {
	e   *Engine
	got []string
}

func (o *echo) Outside(r Request) Reply {
	o.got = append(o.got, fmt.Sprintf("%s@%s", r.Kind, o.e.Now()))
	o.e.After(time.Second, Work{"a", "k", "after " + r.Kind})
	return Reply{Value: r.Kind}
}

func TestJournalReplaysAtTheSameStepAndTime(t *testing.T) {
	run := func(journal []Entry) ([]string, []string, []Entry) {
		e, r := setup(Config{})
		o := &echo{e: e}
		e.HandleOutside("scale", o)
		e.Replay(journal)
		for i := range 5 {
			e.After(time.Duration(i)*time.Second, Work{"a", "k", fmt.Sprint(i)})
		}
		if journal == nil {
			e.RunTo(2500 * time.Millisecond)
			reply := e.Submit(Request{Kind: "scale"})
			if e.Serve() != 1 || (<-reply).Value != "scale" {
				t.Error("a paused engine serves what waits")
			}
		}
		drain(t, e)
		return r.got, o.got, e.Journal()
	}
	work, out, journal := run(nil)
	want(t, out, "scale@2.5s")
	work2, out2, journal2 := run(journal)
	want(t, work2, work...)
	want(t, out2, out...)
	if !reflect.DeepEqual(journal, journal2) {
		t.Errorf("journals differ: %v %v", journal, journal2)
	}
}

func TestRandomnessHasNoSharedStream(t *testing.T) {
	e := New(Config{Seed: 1})
	a := e.Rand("kubelet", "worker-1", "latency", 3)
	e.Rand("kubelet", "worker-2", "latency", 1)
	if a != e.Rand("kubelet", "worker-1", "latency", 3) {
		t.Error("the same purpose gave two numbers")
	}
	if a == e.Rand("kubele", "tworker-1", "latency", 3) || a == New(Config{Seed: 2}).Rand("kubelet", "worker-1", "latency", 3) {
		t.Error("another purpose or seed gave the same number")
	}
	seen := map[uint64]int{}
	for n := range uint64(8000) {
		seen[e.Rand("c", "k", "spread", n)%8]++
	}
	for bucket, n := range seen {
		if n < 850 || n > 1150 {
			t.Errorf("bucket %d has %d of 8000", bucket, n)
		}
	}
	for n := range uint64(100) {
		if d := e.Between(time.Millisecond, 5*time.Millisecond, "c", "k", "p", n); d < time.Millisecond || d > 5*time.Millisecond {
			t.Errorf("%s is outside of 1ms..5ms", d)
		}
	}
}

func TestPendingListsWhatComesNext(t *testing.T) {
	e, _ := setup(Config{})
	e.After(3*time.Second, Work{"a", "k", "c"})
	e.After(time.Second, Work{"a", "k", "a"})
	e.After(2*time.Second, Work{"a", "k", "b"})
	got := e.Pending(2)
	if len(got) != 2 || got[0].Key != "a" || got[1].Key != "b" || got[1].Time != 2*time.Second {
		t.Errorf("pending %v", got)
	}
}

// A follower sees each step when it is over, from outside as well, and may queue work for the same instant.
func TestFollowerComesAfterEachStep(t *testing.T) {
	e := New(Config{})
	var order []string
	e.Register("a", ActorFunc(func(w Work) { order = append(order, w.Key) }))
	e.Follow(func() {
		if e.Actor() != "" {
			t.Errorf("the step of %s is not over", e.Actor())
		}
		order = append(order, "after")
		if len(order) == 2 {
			e.After(0, Work{Actor: "a", Kind: "k", Key: "queued"})
		}
	})
	e.After(time.Second, Work{Actor: "a", Kind: "k", Key: "first"})
	e.RunTo(time.Second)
	e.Do(Request{Kind: "verb"})
	if got := strings.Join(order, " "); got != "first after queued after after" {
		t.Errorf("got %s", got)
	}
}
