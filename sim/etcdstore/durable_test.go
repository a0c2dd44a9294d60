package etcdstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDurableReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	s := open(t, Options{DataDir: dir})
	rev := put(t, s, "/registry/a", "one", 0)
	put(t, s, "/registry/a", "two", rev)
	if err := s.Compact(rev); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{DataDir: dir})
	if got, want := s.Revision(), rev+1; got != want {
		t.Errorf("revision %d after opening again, want %d", got, want)
	}
	if got := s.Oldest(); got != rev {
		t.Errorf("oldest revision %d after opening again, want %d", got, rev)
	}
	if h, err := s.History("/registry/a"); err != nil || len(h) != 2 || string(h[0].Value) != "one" {
		t.Errorf("history after opening again: %v, %v", h, err)
	}
	if got, want := put(t, s, "/registry/a", "three", rev+1), rev+2; got != want {
		t.Errorf("the first commit after opening again made revision %d, want %d", got, want)
	}
}

// The largest commit can be read back from the log.
func TestLargestCommit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{DataDir: dir})
	var ops []Op
	for i := range maxRequest/MaxValue - 1 {
		ops = append(ops, Op{Key: fmt.Sprint("/registry/large/", i), Value: make([]byte, MaxValue)})
	}
	commit(t, s, ops...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{DataDir: dir})
	if kvs, _ := list(t, s, 0); len(kvs) != len(ops) {
		t.Errorf("%d of %d keys are there again", len(kvs), len(ops))
	}
}

func TestKilledWriter(t *testing.T) {
	dir := t.TempDir()
	w := startWriter(t, dir)
	for w.last < 300 {
		if !w.next(t) {
			t.Fatal("the writer has ended")
		}
	}

	start := time.Now()
	_, err := Open(context.Background(), Options{DataDir: dir})
	if !errors.Is(err, ErrFolderInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder in use by another process: %v", err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("it took %v to see that the folder is in use", d)
	}

	last := w.kill(t)
	s := open(t, Options{DataDir: dir})
	kvs, rev, err := s.List("/registry/written/", 0)
	if err != nil {
		t.Fatal(err)
	}
	// What was not acknowledged may be there or not: at most one commit.
	if n := int64(len(kvs)); n != last && n != last+1 || n < 300 {
		t.Errorf("%d keys, but %d were acknowledged", n, last)
	}
	if rev != int64(len(kvs))+1 {
		t.Errorf("%d keys at revision %d", len(kvs), rev)
	}
	for i, kv := range kvs {
		if kv.Key != written(int64(i)+1) || string(kv.Value) != "value" || kv.ModRevision != int64(i)+2 {
			t.Fatalf("key %d is %s=%q of revision %d", i, kv.Key, kv.Value, kv.ModRevision)
		}
	}
	put(t, s, "/registry/after", "x", 0)
}

// What the first etcd on a folder has left when it was killed before it was ready
// may never become ready, so it is thrown away; after that, nothing is.
func TestFailedFirstStart(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, markerName, "")
	write(t, dir, "etcd/member/wal/0000000000000000-0000000000000000.wal", "half a file")
	write(t, dir, "beside", "somebody else's")
	s := open(t, Options{DataDir: dir})
	put(t, s, "/registry/a", "x", 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{DataDir: dir})
	if _, ok, err := s.Get("/registry/a", 0); !ok || err != nil {
		t.Errorf("the second start has lost a key: %v", err)
	}
	if content, err := os.ReadFile(filepath.Join(dir, "beside")); err != nil || string(content) != "somebody else's" {
		t.Errorf("a file beside etcd's: %q, %v", content, err)
	}
}

// A store that is killed while it is being made can be opened all the same.
func TestKilledAtStart(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		w := startWriter(t, dir)
		time.Sleep(time.Duration(3*i) * time.Millisecond)
		last := w.kill(t)
		s := open(t, Options{DataDir: dir})
		if s.Revision() <= last {
			t.Fatalf("revision %d, but %d was acknowledged", s.Revision(), last)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			dir = t.TempDir()
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	for _, file := range []string{"snap/db", "wal/0000000000000000-0000000000000000.wal"} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir := lastingDir(t)
			s := open(t, Options{DataDir: dir})
			put(t, s, "/registry/a", "one", 0)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "etcd", "member", file)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.Repeat("garbage ", int(info.Size()/8))), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_, err = Open(ctx, Options{DataDir: dir})
			if err == nil || !strings.Contains(err.Error(), dir) || errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("opening damaged files: %v", err)
			}
		})
	}
}

// lastingDir is a folder that a goroutine of etcd, left over from a failed start,
// may still write to when the test ends.
func lastingDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "minisim-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Error(err)
	})
	return dir
}
