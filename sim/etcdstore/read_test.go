package etcdstore

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestListAtRevision(t *testing.T) {
	s := open(t, Options{})
	a := put(t, s, "/registry/pods/a", "1", 0)
	b := put(t, s, "/registry/pods/b", "1", 0)
	put(t, s, "/registry/podsets/x", "1", 0)
	gone := commit(t, s, Op{Key: "/registry/pods/a", Guard: a}, Op{Key: "/registry/pods/b", Value: []byte("2"), Guard: b})
	for _, c := range []struct {
		prefix string
		rev    int64
		want   []string
		at     int64
	}{
		{"/registry/pods/", 0, []string{"/registry/pods/b=2"}, gone},
		{"/registry/pods/", gone, []string{"/registry/pods/b=2"}, gone},
		{"/registry/pods/", b, []string{"/registry/pods/a=1", "/registry/pods/b=1"}, b},
		{"/registry/pods/", a, []string{"/registry/pods/a=1"}, a},
		{"/registry/pods/", 1, nil, 1},
		{"/registry/pods", 0, []string{"/registry/pods/b=2", "/registry/podsets/x=1"}, gone},
		{"", 0, []string{"/registry/pods/b=2", "/registry/podsets/x=1"}, gone},
		{"/registry/none/", 0, nil, gone},
	} {
		kvs, at, err := s.List(c.prefix, c.rev)
		if err != nil || at != c.at {
			t.Errorf("list %q at %d: at %d, %v", c.prefix, c.rev, at, err)
		}
		var got []string
		for _, kv := range kvs {
			got = append(got, kv.Key+"="+string(kv.Value))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("list %q at %d: %v, want %v", c.prefix, c.rev, got, c.want)
		}
	}
	if _, _, err := s.List("", gone+1); !errors.Is(err, ErrFuture) || !strings.Contains(err.Error(), fmt.Sprint(gone)) {
		t.Errorf("list in the future: %v", err)
	}
	if _, _, err := s.Get("/registry/pods/a", gone+1); !errors.Is(err, ErrFuture) {
		t.Errorf("get in the future: %v", err)
	}
}

func TestListMany(t *testing.T) {
	s := open(t, Options{})
	const n = 3000
	fill(t, s, n)
	kvs, at := list(t, s, 0)
	if len(kvs) != n || at != n+1 {
		t.Fatalf("%d keys at revision %d", len(kvs), at)
	}
	for i, kv := range kvs {
		if kv.Key != fmt.Sprintf("/registry/pods/p-%05d", i) || kv.ModRevision != int64(i)+2 || len(kv.Value) != benchValue {
			t.Fatalf("key %d is %s at %d with %d bytes", i, kv.Key, kv.ModRevision, len(kv.Value))
		}
	}
}

func TestHistory(t *testing.T) {
	s := open(t, Options{})
	const key = "/registry/a"
	put(t, s, "/registry/a-not", key, 0)                                                    // 2: the key is in the value
	put(t, s, key, "1", 0)                                                                  // 3
	put(t, s, key, "2", 3)                                                                  // 4
	commit(t, s, Op{Key: key, Guard: 4})                                                    // 5
	commit(t, s, Op{Key: "/registry/b", Value: []byte("b")}, Op{Key: key, Value: []byte{}}) // 6
	all := []Event{
		{Key: key, Value: []byte("1"), Revision: 3},
		{Key: key, Value: []byte("2"), Revision: 4},
		{Key: key, Revision: 5},
		{Key: key, Value: []byte{}, Revision: 6},
	}
	for oldest, want := range map[int64][]Event{1: all, 3: all, 4: all[1:], 5: all[3:], 6: all[3:]} {
		if got := historyAfterCompaction(t, oldest, s); !reflect.DeepEqual(got, want) {
			t.Errorf("history from %d: %+v, want %+v", oldest, got, want)
		}
	}
	if h, err := s.History("/registry/never"); err != nil || len(h) != 0 {
		t.Errorf("history of a key that never was: %v, %v", h, err)
	}
}

// historyAfterCompaction makes the revisions of s again in another store, and
// compacts that one.
func historyAfterCompaction(t *testing.T, oldest int64, s *Store) []Event {
	t.Helper()
	again := open(t, Options{})
	for rev := int64(2); rev <= s.Revision(); rev++ {
		before, _ := list(t, s, rev-1)
		after, _ := list(t, s, rev)
		commit(t, again, difference(before, after)...)
	}
	if err := again.Compact(oldest); err != nil {
		t.Fatal(err)
	}
	h, err := again.History("/registry/a")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func difference(before, after []KV) (ops []Op) {
	guards := map[string]int64{}
	for _, kv := range before {
		guards[kv.Key] = kv.ModRevision
		if !slices.ContainsFunc(after, func(a KV) bool { return a.Key == kv.Key }) {
			ops = append(ops, Op{Key: kv.Key, Guard: kv.ModRevision})
		}
	}
	for _, kv := range after {
		if guards[kv.Key] != kv.ModRevision {
			ops = append(ops, Op{Key: kv.Key, Value: kv.Value, Guard: guards[kv.Key]})
		}
	}
	return ops
}

// TestModel compares the store with a map per revision, for random commits with
// guards that hold or not, with compactions between them; commits that wait for
// etcd, and commits that do not.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := openRapid(t)
		if rapid.Bool().Draw(t, "commits wait?") {
			s.Client()
		}
		states := []map[string]KV{nil, {}} // by revision
		var log []Event
		oldest := int64(1)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now := states[len(states)-1]
			if rapid.IntRange(0, 9).Draw(t, "compact?") == 0 {
				oldest = rapid.Int64Range(oldest, s.Revision()).Draw(t, "compact to")
				if err := s.Compact(oldest); err != nil {
					t.Fatal(err)
				}
			}
			ops := drawOps(t, now, s.Revision())
			next, events, conflict := apply(now, ops, s.Revision()+1)
			_, got, err := s.Commit(ops...)
			if conflict != nil {
				if have := new(ConflictError); !errors.As(err, &have) || *have != *conflict {
					t.Fatalf("commit %+v: %v, want %v", ops, err, conflict)
				}
				continue
			}
			if err != nil || !reflect.DeepEqual(got, events) {
				t.Fatalf("commit %+v: %+v, %v, want %+v", ops, got, err, events)
			}
			states, log = append(states, next), append(log, events...)
		}
		for rev := int64(1); rev <= s.Revision(); rev++ {
			kvs, _, err := s.List("", rev)
			if rev < oldest {
				if !errors.Is(err, ErrCompacted) {
					t.Fatalf("list at %d, oldest %d: %v", rev, oldest, err)
				}
				continue
			}
			if want := sorted(states[rev]); err != nil || !slices.EqualFunc(kvs, want, sameKV) {
				t.Fatalf("list at %d: %v, %v, want %v", rev, kvs, err, want)
			}
		}
		for _, key := range modelKeys {
			if h, err := s.History(key); err != nil || !reflect.DeepEqual(h, retained(log, key, oldest)) {
				t.Fatalf("history of %s from %d: %+v, %v, want %+v", key, oldest, h, err, retained(log, key, oldest))
			}
		}
	})
}

var modelKeys = []string{"/registry/a", "/registry/aa", "/registry/b", "/registry/c"}

func drawOps(t *rapid.T, now map[string]KV, rev int64) (ops []Op) {
	for _, key := range rapid.Permutation(modelKeys).Draw(t, "keys")[:rapid.IntRange(1, len(modelKeys)).Draw(t, "ops")] {
		op := Op{Key: key, Guard: now[key].ModRevision}
		if rapid.IntRange(0, 9).Draw(t, "stale?") == 0 {
			op.Guard = rapid.Int64Range(0, rev).Draw(t, "guard")
		}
		if op.Guard == 0 || rapid.IntRange(0, 2).Draw(t, "delete?") > 0 {
			op.Value = []byte(rapid.SampledFrom([]string{"", "x", key}).Draw(t, "value"))
		}
		ops = append(ops, op)
	}
	return ops
}

// apply is the model of Commit.
func apply(now map[string]KV, ops []Op, rev int64) (map[string]KV, []Event, *ConflictError) {
	next := map[string]KV{}
	for k, kv := range now {
		next[k] = kv
	}
	var events []Event
	for _, op := range ops {
		old, exists := now[op.Key]
		if old.ModRevision != op.Guard {
			return nil, nil, &ConflictError{Key: op.Key, Have: old.ModRevision, Want: op.Guard}
		}
		switch {
		case op.Value == nil:
			delete(next, op.Key)
			events = append(events, Event{Key: op.Key, Revision: rev})
			continue
		case exists:
			next[op.Key] = KV{op.Key, op.Value, old.CreateRevision, rev}
		default:
			next[op.Key] = KV{op.Key, op.Value, rev, rev}
		}
		events = append(events, Event{Key: op.Key, Value: op.Value, Revision: rev})
	}
	return next, events, nil
}

// retained is the model of History.
func retained(log []Event, key string, oldest int64) (h []Event) {
	for _, e := range log {
		switch {
		case e.Key != key:
		case e.Revision > oldest:
			h = append(h, e)
		case e.Value != nil:
			h = []Event{e}
		default:
			h = nil
		}
	}
	return h
}

func sorted(m map[string]KV) (kvs []KV) {
	for _, kv := range m {
		kvs = append(kvs, kv)
	}
	slices.SortFunc(kvs, func(a, b KV) int { return strings.Compare(a.Key, b.Key) })
	return kvs
}

func sameKV(a, b KV) bool { return reflect.DeepEqual(a, b) }

func openRapid(t *rapid.T) *Store {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
