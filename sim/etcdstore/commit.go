package etcdstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	etcderrors "go.etcd.io/etcd/server/v3/etcdserver/errors"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// MaxValue is the size in bytes above which a value is refused, as an etcd with
// the default settings refuses the request.
const MaxValue = 1536 << 10

// ErrTooLarge is etcd's answer to a value above MaxValue, and to a commit whose
// values together are too large for one transaction (16 MiB).
var ErrTooLarge = errors.New("etcdserver: request is too large")

// Op is one guarded write: it is carried out only if the key's mod revision is
// Guard; 0 means that the key must not exist. A nil Value deletes the key.
type Op struct {
	Key   string
	Value []byte
	Guard int64
}

// Event is one change of one key, as the watch brought it. The bytes are shared
// with etcd and must not be changed.
type Event struct {
	Key   string
	Value []byte // nil: deleted
	// Prev is the value that a delete removed; nil for anything else. What a put
	// replaced can be read: Get(Key, Revision-1). Carrying it in each event would
	// make a commit some 10 % slower.
	Prev           []byte
	Revision       int64 // of this change
	CreateRevision int64 // of the key's first version since it last did not exist
}

// ConflictError means that a guard did not hold. Nothing was written.
type ConflictError struct {
	Key  string
	Have int64 // the key's mod revision, 0 if it does not exist
	Want int64 // the guard
}

func (e *ConflictError) Error() string {
	switch {
	case e.Have == 0:
		return fmt.Sprintf("%s: not found (expected revision %d)", e.Key, e.Want)
	case e.Want == 0:
		return fmt.Sprintf("%s: exists already (revision %d)", e.Key, e.Have)
	default:
		return fmt.Sprintf("%s: is at revision %d (expected revision %d)", e.Key, e.Have, e.Want)
	}
}

// Commit carries out all ops in one transaction, or none of them. It returns the
// new revision and the transaction's events in the order of the ops, once the
// watch has brought them, so that whoever reads or watches afterwards sees them.
//
// The error is a *ConflictError for the first op whose guard does not hold, or
// ErrTooLarge, or says what is wrong with an op; nothing was written then. After
// any other error the store cannot go on: every later call returns it.
func (s *Store) Commit(ops ...Op) (rev int64, events []Event, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return 0, nil, err
	}
	if err := s.check(ops); err != nil {
		return 0, nil, err
	}
	done, rev, err := s.propose(transaction(ops))
	if err != nil {
		return 0, nil, err
	}
	expected := s.rev
	if done {
		expected++
	}
	if rev != expected {
		return 0, nil, s.fail(fmt.Errorf("%w: it is at revision %d, expected %d", ErrForeignWrite, rev, expected))
	}
	if !done {
		return 0, nil, s.conflict(ops)
	}
	if events, err = s.await(rev, len(ops)); err != nil {
		return 0, nil, s.fail(err)
	}
	s.rev = rev
	if err := s.trim(); err != nil {
		return 0, nil, s.fail(err)
	}
	return rev, events, nil
}

// check refuses what etcd would refuse and what would be no guarded write.
func (s *Store) check(ops []Op) error {
	if len(ops) == 0 {
		return errors.New("a commit without an op")
	}
	var seen map[string]bool
	if len(ops) > 1 {
		seen = make(map[string]bool, len(ops))
	}
	for _, op := range ops {
		switch {
		case !strings.HasPrefix(op.Key, s.prefix) || op.Key == s.prefix:
			return fmt.Errorf("key %q: not under %s", op.Key, s.prefix)
		case op.Guard < 0:
			return fmt.Errorf("key %q: guard %d is no revision", op.Key, op.Guard)
		case op.Guard == 0 && op.Value == nil:
			return fmt.Errorf("key %q: a delete needs the revision of what it deletes", op.Key)
		case len(op.Value) > MaxValue:
			return fmt.Errorf("key %q: %w", op.Key, ErrTooLarge)
		case seen[op.Key]:
			return fmt.Errorf("key %q: twice in one commit", op.Key)
		}
		if seen != nil {
			seen[op.Key] = true
		}
	}
	return nil
}

// transaction is the request for etcd that carries out ops.
func transaction(ops []Op) *pb.TxnRequest {
	r := &pb.TxnRequest{Compare: make([]*pb.Compare, len(ops)), Success: make([]*pb.RequestOp, len(ops))}
	for i, op := range ops {
		key := []byte(op.Key)
		r.Compare[i] = &pb.Compare{
			Key: key, Target: pb.Compare_MOD, Result: pb.Compare_EQUAL,
			TargetUnion: &pb.Compare_ModRevision{ModRevision: op.Guard},
		}
		if op.Value == nil {
			r.Success[i] = &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{
				RequestDeleteRange: &pb.DeleteRangeRequest{Key: key}}}
		} else {
			r.Success[i] = &pb.RequestOp{Request: &pb.RequestOp_RequestPut{
				RequestPut: &pb.PutRequest{Key: key, Value: op.Value}}}
		}
	}
	return r
}

// propose sends a transaction through raft and waits until it has been applied.
// It tells whether it was carried out, and the store's revision afterwards.
//
// If it had to be sent again, it may be that the first one was carried out; then
// the guards of the second did not hold, but the revision is new.
func (s *Store) propose(r *pb.TxnRequest) (done bool, rev int64, err error) {
	var resp *pb.TxnResponse
	attempts, err := s.member.ask(func(ctx context.Context) (err error) {
		resp, err = s.member.etcd.Server.Txn(ctx, r)
		return err
	})
	switch {
	case errors.Is(err, etcderrors.ErrRequestTooLarge):
		return false, 0, fmt.Errorf("a commit of %d ops: %w", len(r.Success), ErrTooLarge)
	case err != nil:
		return false, 0, s.fail(fmt.Errorf("commit: %w", err))
	}
	rev = resp.Header.Revision
	return resp.Succeeded || attempts > 1 && rev > s.rev, rev, nil
}

// conflict finds the first guard that does not hold.
func (s *Store) conflict(ops []Op) error {
	for _, op := range ops {
		kvs, err := s.read([]byte(op.Key), nil, mvcc.RangeOptions{FastKeysOnly: true})
		if err != nil {
			return s.fail(fmt.Errorf("read a guard: %w", err))
		}
		var have int64
		if len(kvs) == 1 {
			have = kvs[0].ModRevision
		}
		if have != op.Guard {
			return &ConflictError{Key: op.Key, Have: have, Want: op.Guard}
		}
	}
	return s.fail(errors.New("commit: etcd refused a transaction all of whose guards hold"))
}

// await takes the events of revision rev, n of them, from the watch. They are
// there already when etcd has answered, unless the watch had to be resumed.
func (s *Store) await(rev int64, n int) ([]Event, error) {
	var r mvcc.WatchResponse
	select {
	case r = <-s.watch.Chan():
	case <-s.member.death.done():
		return nil, s.member.err()
	}
	if r.Revision != rev || len(r.Events) != n {
		return nil, fmt.Errorf("the watch brought %d events up to revision %d instead of %d events of revision %d", len(r.Events), r.Revision, n, rev)
	}
	events := make([]Event, n)
	for i, e := range r.Events {
		events[i] = Event{Key: string(e.Kv.Key), Revision: rev, CreateRevision: e.Kv.CreateRevision}
		if e.Type == mvccpb.Event_PUT {
			events[i].Value = nonNil(e.Kv.Value)
			continue
		}
		gone, _, err := s.get(events[i].Key, rev-1)
		if err != nil {
			return nil, fmt.Errorf("read what was deleted: %w", err)
		}
		events[i].Prev, events[i].CreateRevision = gone.Value, gone.CreateRevision
	}
	return events, nil
}
