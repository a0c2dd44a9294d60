package recall

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"minisim/sim/etcdstore"
)

func open(t *testing.T, limit int) *Past {
	t.Helper()
	p, err := Open(t.Context(), etcdstore.Options{}, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// write makes the i-th commit of a run that creates, changes and deletes one key,
// and meets a conflict each time; it gives all that came of it.
func write(s *Store, i int) string {
	key := "/registry/pods/default/a"
	now, exists, err := s.Get(key, 0)
	if err != nil {
		return err.Error()
	}
	op := etcdstore.Op{Key: key, Guard: now.ModRevision, Value: fmt.Appendf(nil, "value %d", i)}
	switch i % 4 {
	case 2:
		op.Guard += 1000
	case 3:
		if exists {
			op.Value = nil
		}
	}
	revision, events, err := s.Commit(op)
	return fmt.Sprintf("%d %+v %v %d", revision, events, err, s.Revision())
}

func play(s *Store, from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, write(s, i))
	}
	return out
}

func TestTheSameAnswersAgain(t *testing.T) {
	p := open(t, 0)
	first := p.Begin()
	want := play(first, 0, 20)
	newest := first.Revision()
	again := p.Begin()
	if again.Ahead() != 20 || again.Revision() != 1 {
		t.Fatalf("at the beginning %d are ahead, revision %d", again.Ahead(), again.Revision())
	}
	if got := play(again, 0, 20); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if p.store.Revision() != newest || again.Err() != nil {
		t.Errorf("the store was written to again: revision %d, was %d; %v", p.store.Revision(), newest, again.Err())
	}
	more := play(again, 20, 24) // it goes on in the store itself
	if p.store.Revision() == newest || again.Ahead() != 0 {
		t.Error("nothing new was written")
	}
	third := p.Begin()
	if got := play(third, 0, 24); !reflect.DeepEqual(got, append(want, more...)) {
		t.Errorf("the longer run again: %q", got)
	}
}

func TestThePastDoesNotKnowTheFuture(t *testing.T) {
	p := open(t, 0)
	s := p.Begin()
	play(s, 0, 8)
	now := s.Revision()
	past := p.Begin()
	play(past, 0, 2)
	key := "/registry/pods/default/a"
	if kvs, at, err := past.List("/registry/", 0); err != nil || at != past.Revision() || string(kvs[0].Value) != "value 1" {
		t.Errorf("list: %+v at %d, %v", kvs, at, err)
	}
	for _, err := range []error{second(past.Get(key, now)), third(past.List("", now))} {
		if !errors.Is(err, etcdstore.ErrFuture) {
			t.Errorf("it reads revision %d: %v", now, err)
		}
	}
	history, err := past.History(key)
	if err != nil || len(history) != 2 || string(history[1].Value) != "value 1" {
		t.Errorf("history %+v, %v", history, err)
	}
	if kv, ok, err := past.Get(key, 2); err != nil || !ok || string(kv.Value) != "value 0" {
		t.Errorf("revision 2: %+v, %v", kv, err)
	}
}

func second(_ etcdstore.KV, _ bool, err error) error   { return err }
func third(_ []etcdstore.KV, _ int64, err error) error { return err }

func TestAnotherWay(t *testing.T) {
	p := open(t, 0)
	play(p.Begin(), 0, 8)
	s := p.Begin()
	play(s, 0, 3)
	if _, _, err := s.Commit(etcdstore.Op{Key: "/registry/x", Value: []byte("another")}); !errors.Is(err, ErrOtherWay) || !errors.Is(s.Err(), ErrOtherWay) {
		t.Fatalf("another commit: %v, %v", err, s.Err())
	}
	s = p.Begin()
	play(s, 0, 3)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Cut(cancelled); !errors.Is(err, context.Canceled) || s.Ahead() != 5 {
		t.Fatalf("a cancelled cut: %v, %d ahead", err, s.Ahead())
	}
	before := s.Revision()
	if err := s.Cut(t.Context()); err != nil || s.Ahead() != 0 || p.store.Revision() != before {
		t.Fatalf("cut: %v, %d ahead, revision %d", err, s.Ahead(), p.store.Revision())
	}
	if revision, _, err := s.Commit(etcdstore.Op{Key: "/registry/x", Value: []byte("another")}); err != nil || revision != before+1 {
		t.Fatalf("another commit after the cut: revision %d, %v", revision, err)
	}
	if kv, ok, err := s.Get("/registry/pods/default/a", before); err != nil || !ok || string(kv.Value) != "value 1" {
		t.Errorf("the past after the cut: %+v, %v, %v", kv, ok, err)
	}
	if err := s.Cut(t.Context()); err != nil {
		t.Errorf("nothing to cut: %v", err)
	}
}

func TestTooMuchToRemember(t *testing.T) {
	p := open(t, 10)
	s := p.Begin()
	play(s, 0, 10)
	if !p.Remembers() {
		t.Fatal("10 commits are forgotten")
	}
	play(s, 10, 14)
	if p.Remembers() || s.Ahead() != 0 {
		t.Fatal("14 commits are remembered")
	}
	if kv, ok, err := s.Get("/registry/pods/default/a", 0); err != nil || !ok || string(kv.Value) != "value 13" {
		t.Errorf("the run goes on: %+v, %v, %v", kv, ok, err)
	}
}
