package etcdstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// While etcd is busy, commits are known already; a read waits until etcd has them.
func TestAhead(t *testing.T) {
	s := open(t, Options{})
	backend := s.member.etcd.Server.Backend().BatchTx()
	backend.Lock() // nothing can be applied
	a := put(t, s, "/registry/a", "1", 0)
	put(t, s, "/registry/b", "1", 0)
	put(t, s, "/registry/a", "2", a)
	if have := s.writer.member.kv().Rev(); have != 1 || s.Revision() != 4 {
		t.Errorf("the store is at revision %d, etcd at %d", s.Revision(), have)
	}
	read := make(chan int)
	go func() {
		kvs, _ := list(t, s, 0)
		read <- len(kvs)
	}()
	select {
	case <-read:
		t.Error("a read did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	backend.Unlock()
	if n := <-read; n != 2 {
		t.Errorf("a read has found %d keys", n)
	}
	var conflict *ConflictError
	if _, _, err := s.Commit(Op{Key: "/registry/a", Guard: a}); !errors.As(err, &conflict) || conflict.Have != a+2 {
		t.Errorf("a second write to the same version: %v", err)
	}
}

// No more than so many commits are on their way.
func TestAheadIsBounded(t *testing.T) {
	s := open(t, Options{})
	backend := s.member.etcd.Server.Backend().BatchTx()
	backend.Lock()
	filled := make(chan struct{})
	go func() {
		fill(t, s, maxAhead+1) // one is with etcd
		close(filled)
	}()
	<-filled
	more := make(chan struct{})
	go func() {
		put(t, s, "/registry/one-more", "x", 0)
		close(more)
	}()
	select {
	case <-more:
		t.Error("one more did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	backend.Unlock()
	<-more
}

// What etcd does otherwise than foretold ends the store, if only at its end.
func TestForetoldWrongly(t *testing.T) {
	foreign := func(t *testing.T, s *Store) {
		t.Helper()
		put(t, s, "/registry/a", "x", 0)
		list(t, s, 0)
		if _, err := s.member.etcd.Server.Put(context.Background(), &pb.PutRequest{Key: []byte("/elsewhere")}); err != nil {
			t.Fatal(err)
		}
		put(t, s, "/registry/b", "x", 0)
	}
	for name, use := range map[string]func(*Store) error{
		"read": func(s *Store) error { _, _, err := s.List("", 0); return err },
		"commit": func(s *Store) (err error) {
			for i := 0; err == nil && i < 2*maxAhead; i++ {
				_, _, err = s.Commit(Op{Key: fmt.Sprint("/registry/c", i), Value: []byte("x")})
			}
			return err
		},
		"close": (*Store).Close,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(context.Background(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			foreign(t, s)
			if err := use(s); !errors.Is(err, ErrForeignWrite) {
				t.Errorf("error %v", err)
			}
		})
	}
}
