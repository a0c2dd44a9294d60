package etcdstore

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// put writes one key and returns the revision.
func put(t testing.TB, s *Store, key, value string, guard int64) int64 {
	t.Helper()
	return commit(t, s, Op{Key: key, Value: []byte(value), Guard: guard})
}

func commit(t testing.TB, s *Store, ops ...Op) int64 {
	t.Helper()
	rev, _, err := s.Commit(ops...)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func TestCommitEvents(t *testing.T) {
	s := open(t, Options{})
	steps := []struct {
		ops  []Op
		want []Event
	}{
		{[]Op{{Key: "/registry/a", Value: []byte("1")}},
			[]Event{{Key: "/registry/a", Value: []byte("1"), Revision: 2}}},
		{[]Op{{Key: "/registry/a", Value: []byte("2"), Guard: 2}},
			[]Event{{Key: "/registry/a", Value: []byte("2"), Revision: 3}}},
		{[]Op{{Key: "/registry/a", Value: []byte{}, Guard: 3}},
			[]Event{{Key: "/registry/a", Value: []byte{}, Revision: 4}}},
		{[]Op{ // the events have the order of the ops, not of the keys
			{Key: "/registry/c", Value: []byte("c")},
			{Key: "/registry/a", Value: []byte("3"), Guard: 4},
			{Key: "/registry/b", Value: []byte("b")},
		}, []Event{
			{Key: "/registry/c", Value: []byte("c"), Revision: 5},
			{Key: "/registry/a", Value: []byte("3"), Revision: 5},
			{Key: "/registry/b", Value: []byte("b"), Revision: 5},
		}},
		{[]Op{{Key: "/registry/a", Guard: 5}, {Key: "/registry/b", Value: []byte("bb"), Guard: 5}},
			[]Event{
				{Key: "/registry/a", Revision: 6},
				{Key: "/registry/b", Value: []byte("bb"), Revision: 6},
			}},
		{[]Op{{Key: "/registry/a", Value: []byte("again")}},
			[]Event{{Key: "/registry/a", Value: []byte("again"), Revision: 7}}},
	}
	for i, step := range steps {
		rev, events, err := s.Commit(step.ops...)
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if rev != int64(i)+2 || s.Revision() != rev {
			t.Errorf("step %d made revision %d, the store is at %d", i, rev, s.Revision())
		}
		if !reflect.DeepEqual(events, step.want) {
			t.Errorf("step %d: events\n%+v, want\n%+v", i, events, step.want)
		}
	}
}

func TestCommitConflict(t *testing.T) {
	s := open(t, Options{})
	a := put(t, s, "/registry/a", "a", 0)
	b := put(t, s, "/registry/b", "b", 0)
	x := []byte("x")
	for name, c := range map[string]struct {
		ops  []Op
		want ConflictError
	}{
		"exists":         {[]Op{{Key: "/registry/a", Value: x}}, ConflictError{"/registry/a", a, 0}},
		"does not exist": {[]Op{{Key: "/registry/c", Value: x, Guard: a}}, ConflictError{"/registry/c", 0, a}},
		"other revision": {[]Op{{Key: "/registry/a", Value: x, Guard: b}}, ConflictError{"/registry/a", a, b}},
		"delete":         {[]Op{{Key: "/registry/a", Guard: b}}, ConflictError{"/registry/a", a, b}},
		"delete nothing": {[]Op{{Key: "/registry/c", Guard: b}}, ConflictError{"/registry/c", 0, b}},
		"one of three": {[]Op{{Key: "/registry/c", Value: x}, {Key: "/registry/b", Value: x, Guard: a}, {Key: "/registry/a", Value: x, Guard: a}},
			ConflictError{"/registry/b", b, a}},
		"the first of two": {[]Op{{Key: "/registry/b", Value: x}, {Key: "/registry/a", Value: x}}, ConflictError{"/registry/b", b, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			before, at := list(t, s, 0)
			rev, events, err := s.Commit(c.ops...)
			var conflict *ConflictError
			if !errors.As(err, &conflict) || *conflict != c.want {
				t.Fatalf("error %v, want %v", err, &c.want)
			}
			if rev != 0 || events != nil {
				t.Errorf("a conflict gave revision %d and %v", rev, events)
			}
			if after, now := list(t, s, 0); now != at || !reflect.DeepEqual(after, before) {
				t.Errorf("something was written: %v", after)
			}
		})
	}
	put(t, s, "/registry/a", "after all conflicts", a)
}

func TestCommitRefused(t *testing.T) {
	s := open(t, Options{})
	x := []byte("x")
	huge := make([]byte, MaxValue)
	var many []Op
	for _, c := range "abcdefghijklmnop" {
		many = append(many, Op{Key: "/registry/" + string(c), Value: huge})
	}
	for name, c := range map[string]struct {
		ops  []Op
		want string
	}{
		"nothing":         {nil, "without an op"},
		"other prefix":    {[]Op{{Key: "/other/a", Value: x}}, "not under /registry/"},
		"the prefix":      {[]Op{{Key: "/registry/", Value: x}}, "not under /registry/"},
		"no key":          {[]Op{{Value: x}}, "not under /registry/"},
		"negative guard":  {[]Op{{Key: "/registry/a", Value: x, Guard: -1}}, "no revision"},
		"unguarded":       {[]Op{{Key: "/registry/a"}}, "a delete needs"},
		"twice":           {[]Op{{Key: "/registry/a", Value: x}, {Key: "/registry/a", Value: x}}, "twice"},
		"value too large": {[]Op{{Key: "/registry/a", Value: make([]byte, MaxValue+1)}}, ErrTooLarge.Error()},
		"too large":       {many, ErrTooLarge.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := s.Commit(c.ops...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if s.Revision() != 1 {
				t.Errorf("revision %d", s.Revision())
			}
		})
	}
	commit(t, s, Op{Key: "/registry/a", Value: huge})
}

// What a plain client sees is what was written, byte for byte, and its own watch
// brings what Commit returned.
func TestPlainClient(t *testing.T) {
	s := open(t, Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c := s.Client()
	watch := c.Watch(ctx, "", clientv3.WithFromKey(), clientv3.WithRev(2))
	var want []Event
	for _, ops := range [][]Op{
		{{Key: "/registry/pods/default/web", Value: []byte("k8s\x00\n\xff")}, {Key: "/registry/minions/worker-1", Value: []byte("node")}},
		{{Key: "/registry/pods/default/web", Value: []byte("bound"), Guard: 2}},
		{{Key: "/registry/minions/worker-1", Guard: 2}},
	} {
		_, events, err := s.Commit(ops...)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, events...)
	}

	r, err := c.Get(ctx, "", clientv3.WithFromKey())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Kvs) != 1 || string(r.Kvs[0].Key) != "/registry/pods/default/web" || string(r.Kvs[0].Value) != "bound" ||
		r.Kvs[0].ModRevision != 3 || r.Kvs[0].CreateRevision != 2 || r.Kvs[0].Lease != 0 || r.Header.Revision != s.Revision() {
		t.Errorf("a plain client sees %v", r)
	}
	var got []Event
	for len(got) < len(want) {
		for _, e := range (<-watch).Events {
			got = append(got, Event{Key: string(e.Kv.Key), Value: e.Kv.Value, Revision: e.Kv.ModRevision})
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("a plain watch brought\n%+v, Commit\n%+v", got, want)
	}
}

func TestForeignWrite(t *testing.T) {
	for name, foreign := range map[string]string{"inside": "/registry/x", "outside": "/elsewhere"} {
		for name2, op := range map[string]Op{
			"success":  {Key: "/registry/a", Value: []byte("x")},
			"conflict": {Key: "/registry/a", Value: []byte("x"), Guard: 99},
		} {
			t.Run(name+" "+name2, func(t *testing.T) {
				s := open(t, Options{})
				if _, err := s.Client().Put(context.Background(), foreign, "x"); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if _, _, err := s.Commit(op); !errors.Is(err, ErrForeignWrite) {
						t.Errorf("error %v", err)
					}
				}
				if _, _, err := s.List("", 0); !errors.Is(err, ErrForeignWrite) {
					t.Errorf("list: %v", err)
				}
			})
		}
	}
}

// A commit that etcd gives up waiting for is carried out once all the same.
func TestCommitTimeout(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as etcd's time-out")
	}
	t.Parallel()
	s := open(t, Options{})
	rev := put(t, s, "/registry/a", "1", 0)
	s.Client() // so that commits wait

	backend := s.member.etcd.Server.Backend().BatchTx()
	backend.Lock() // nothing can be applied
	time.AfterFunc(s.member.etcd.Server.Cfg.ReqTimeout()+500*time.Millisecond, backend.Unlock)
	start := time.Now()
	got, events, err := s.Commit(Op{Key: "/registry/a", Guard: rev})
	if err != nil || got != rev+1 {
		t.Fatalf("revision %d, error %v", got, err)
	}
	if took := time.Since(start); took < s.member.etcd.Server.Cfg.ReqTimeout() {
		t.Fatalf("the commit took only %v: it did not time out", took)
	}
	if want := []Event{{Key: "/registry/a", Revision: rev + 1}}; !reflect.DeepEqual(events, want) {
		t.Errorf("events %v", events)
	}
	put(t, s, "/registry/a", "2", 0)
}
