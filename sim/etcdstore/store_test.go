package etcdstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/schema"
)

func list(t testing.TB, s *Store, rev int64) (kvs []KV, at int64) {
	t.Helper()
	kvs, at, err := s.List("", rev)
	if err != nil {
		t.Fatal(err)
	}
	return kvs, at
}

func TestNothingLeftBehind(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for name, use := range map[string]func(){
		"opened and closed": func() {
			if err := open(t, Options{}).Close(); err != nil {
				t.Error(err)
			}
		},
		"used": func() {
			s := open(t, Options{})
			fill(t, s, 200)
			if err := s.Compact(100); err != nil {
				t.Error(err)
			}
			c := s.Client()
			watch := c.Watch(context.Background(), "/registry/a")
			put(t, s, "/registry/a", "x", 0)
			<-watch
			for range 3 {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		},
		"cancelled": func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := Open(ctx, Options{}); !errors.Is(err, context.Canceled) {
				t.Errorf("Open with a cancelled context: %v", err)
			}
		},
		"durable": func() {
			s := open(t, Options{DataDir: t.TempDir()})
			put(t, s, "/registry/a", "x", 0)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			use()
			if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
				t.Errorf("files left in the temporary folder: %v, %v", left, err)
			}
			// The subtest has a goroutine of its own. etcd's last ones may still be returning.
			deadline := time.Now().Add(5 * time.Second)
			for runtime.NumGoroutine() > goroutines+1 {
				if time.Now().After(deadline) {
					stacks := make([]byte, 1<<20)
					t.Fatalf("goroutines left:\n%s", stacks[:runtime.Stack(stacks, true)])
				}
				time.Sleep(time.Millisecond)
			}
			if left := openFiles(t); !reflect.DeepEqual(left, files) {
				t.Errorf("open files:\n%v, before:\n%v", left, files)
			}
		})
	}
}

func TestNoSocket(t *testing.T) {
	before := openFiles(t)
	s := open(t, Options{})
	s.Client()
	put(t, s, "/registry/a", "x", 0)
	for fd, what := range openFiles(t) {
		if strings.HasPrefix(what, "socket:") && before[fd] != what {
			t.Errorf("a store has opened %s", what)
		}
	}
}

// openFiles are the files and sockets of this process by descriptor, where the
// system tells. Those of the Go runtime and of the operating system's own, which
// come with the first use of something, are left out.
func openFiles(t *testing.T) map[string]string {
	t.Helper()
	const table = "/proc/self/fd"
	entries, err := os.ReadDir(table)
	if err != nil {
		return nil
	}
	files := map[string]string{}
	for _, e := range entries {
		what, err := os.Readlink(filepath.Join(table, e.Name()))
		if err == nil && !strings.HasPrefix(what, "anon_inode:") && !strings.HasPrefix(what, "/proc/") {
			files[e.Name()] = what
		}
	}
	return files
}

func TestClosed(t *testing.T) {
	s := open(t, Options{})
	put(t, s, "/registry/a", "x", 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, commit := s.Commit(Op{Key: "/registry/b", Value: []byte("x")})
	_, _, list := s.List("", 0)
	_, _, get := s.Get("/registry/a", 0)
	_, history := s.History("/registry/a")
	_, stats := s.Stats()
	for name, err := range map[string]error{
		"Commit": commit, "List": list, "Get": get, "History": history, "Stats": stats, "Compact": s.Compact(2),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if s.Client() != nil {
		t.Error("a closed store has a client")
	}
}

func TestTwoStores(t *testing.T) {
	one, two := open(t, Options{}), open(t, Options{Prefix: "/other/"})
	for range 50 {
		rev := put(t, one, fmt.Sprint("/registry/", one.Revision()), "one", 0)
		put(t, two, fmt.Sprint("/other/", rev), "two", 0)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, two, "/other/last", "two", 0)
	kvs, at := list(t, two, 0)
	if len(kvs) != 51 || at != 52 {
		t.Errorf("%d keys at revision %d", len(kvs), at)
	}
	for _, kv := range kvs {
		if string(kv.Value) != "two" {
			t.Errorf("%s=%s", kv.Key, kv.Value)
		}
	}
}

func TestLog(t *testing.T) {
	var log bytes.Buffer
	s := open(t, Options{Log: &log})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "closed etcd server") {
		t.Errorf("etcd's log:\n%s", log.String())
	}
}

// When etcd finds that it cannot go on, the process does, and says why.
func TestDeath(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	s := open(t, Options{})
	put(t, s, "/registry/a", "x", 0)
	list(t, s, 0) // so that etcd is done with it
	cause := errors.New("no space left on device")
	died := make(chan struct{})
	go func() {
		defer close(died)
		newLogger(nil, s.member.death).Fatal("failed to save Raft hard state and entries", zap.Error(cause))
		t.Error("a fatal error has returned")
	}()
	<-died
	_, _, err := s.Commit(Op{Key: "/registry/b", Value: []byte("x")})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "failed to save") {
		t.Errorf("a commit after etcd's death: %v", err)
	}
	if _, _, err := s.List("", 0); !errors.Is(err, cause) {
		t.Errorf("a list after etcd's death: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("files left in the temporary folder: %v, %v", left, err)
	}
}

// etcd ends a goroutine that reads something damaged. If that is the caller's, it
// must hear of it.
func TestDamagedRecord(t *testing.T) {
	s := open(t, Options{})
	rev := put(t, s, "/registry/a", "x", 0)
	list(t, s, 0)
	tx := s.member.etcd.Server.Backend().BatchTx()
	tx.LockInsideApply()
	tx.UnsafePut(schema.Key, mvcc.RevToBytes(mvcc.Revision{Main: rev}, mvcc.NewRevBytes()), []byte("\xff\xff"))
	tx.Unlock()
	s.member.etcd.Server.Backend().ForceCommit()
	heard := make(chan any)
	go func() {
		defer func() { heard <- recover() }()
		_, _, _ = s.Get("/registry/a", 0)
	}()
	if what := <-heard; what == nil {
		t.Error("reading a damaged record ended the goroutine in silence")
	} else if !strings.Contains(fmt.Sprint(what), "unmarshal") {
		t.Error(what)
	}
	if _, _, err := s.Commit(Op{Key: "/registry/b", Value: []byte("x")}); err == nil {
		t.Error("a store with a damaged record goes on")
	}
}

// Two runs of the same commits cannot be told apart.
func TestSameCommitsSameStore(t *testing.T) {
	var runs [2][]any
	for i := range runs {
		s := open(t, Options{Retain: 64})
		for n := range int64(500) {
			key := fmt.Sprintf("/registry/k-%d", n*7919%37)
			kv, _, err := s.Get(key, 0)
			if err != nil {
				t.Fatal(err)
			}
			op := Op{Key: key, Value: fmt.Append(nil, n), Guard: kv.ModRevision}
			if n%5 == 4 && kv.ModRevision > 0 {
				op.Value = nil
			}
			rev, events, err := s.Commit(op)
			if err != nil {
				t.Fatal(err)
			}
			runs[i] = append(runs[i], rev, events, s.Oldest())
		}
		kvs, at := list(t, s, 0)
		runs[i] = append(runs[i], kvs, at)
	}
	if !reflect.DeepEqual(runs[0], runs[1]) {
		t.Error("the runs differ")
	}
}

func TestRawRate(t *testing.T) {
	rate, err := RawRate(context.Background(), 2*rateKeys, 100)
	if err != nil || rate < 100 {
		t.Errorf("%.0f transactions/s, %v", rate, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := RawRate(ctx, 10, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("RawRate with a cancelled context: %v", err)
	}
}
