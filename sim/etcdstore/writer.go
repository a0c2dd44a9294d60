package etcdstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	etcderrors "go.etcd.io/etcd/server/v3/etcdserver/errors"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// writer proposes transactions to etcd, one after the other, and takes their
// events from the one watch. It is used by one goroutine at a time.
type writer struct {
	member *member
	watch  mvcc.WatchStream
	rev    int64 // of the newest transaction that etcd has carried out
}

// commit carries out all ops in one transaction, which makes the next revision, and
// returns once the watch has brought its events. Errors are those of Store.Commit.
func (w *writer) commit(ops []Op) error {
	done, rev, err := w.propose(transaction(ops))
	if err != nil {
		return err
	}
	expected := w.rev
	if done {
		expected++
	}
	if rev != expected {
		return fmt.Errorf("%w: it is at revision %d, expected %d", ErrForeignWrite, rev, expected)
	}
	if !done {
		return w.conflict(ops)
	}
	w.rev = rev
	return w.await(ops)
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
func (w *writer) propose(r *pb.TxnRequest) (done bool, rev int64, err error) {
	var resp *pb.TxnResponse
	attempts, err := w.member.ask(func(ctx context.Context) (err error) {
		resp, err = w.member.etcd.Server.Txn(ctx, r)
		return err
	})
	switch {
	case errors.Is(err, etcderrors.ErrRequestTooLarge):
		return false, 0, fmt.Errorf("a commit of %d ops: %w", len(r.Success), ErrTooLarge)
	case err != nil:
		return false, 0, fmt.Errorf("commit: %w", err)
	}
	rev = resp.Header.Revision
	return resp.Succeeded || attempts > 1 && rev > w.rev, rev, nil
}

// conflict finds the first guard that does not hold.
func (w *writer) conflict(ops []Op) error {
	for _, op := range ops {
		kvs, err := w.member.read([]byte(op.Key), nil, mvcc.RangeOptions{FastKeysOnly: true})
		if err != nil {
			return fmt.Errorf("read a guard: %w", err)
		}
		var have int64
		if len(kvs) == 1 {
			have = kvs[0].ModRevision
		}
		if have != op.Guard {
			return &ConflictError{Key: op.Key, Have: have, Want: op.Guard}
		}
	}
	return errors.New("commit: etcd refused a transaction all of whose guards hold")
}

// await takes what the watch brings of the newest transaction and holds it against
// ops. It is there already when etcd has answered, unless the watch had to be resumed.
func (w *writer) await(ops []Op) error {
	var r mvcc.WatchResponse
	select {
	case r = <-w.watch.Chan():
	case <-w.member.death.done():
		return w.member.err()
	}
	if r.Revision != w.rev || len(r.Events) != len(ops) {
		return fmt.Errorf("the watch brought %d events up to revision %d instead of %d events of revision %d", len(r.Events), r.Revision, len(ops), w.rev)
	}
	for i, e := range r.Events {
		deleted := e.Type == mvccpb.Event_DELETE
		if string(e.Kv.Key) != ops[i].Key || deleted != (ops[i].Value == nil) || !deleted && !bytes.Equal(e.Kv.Value, ops[i].Value) {
			return fmt.Errorf("the watch brought another change of %s at revision %d than the one of %s that was written", e.Kv.Key, w.rev, ops[i].Key)
		}
	}
	return nil
}

// compact gives up the history before rev.
func (w *writer) compact(rev int64) error {
	attempts, err := w.member.ask(func(ctx context.Context) error {
		_, err := w.member.etcd.Server.Compact(ctx, &pb.CompactionRequest{Revision: rev})
		return err
	})
	if attempts > 1 && errors.Is(err, mvcc.ErrCompacted) {
		err = nil // by the first attempt
	}
	if err != nil {
		return fmt.Errorf("compact up to revision %d: %w", rev, err)
	}
	return nil
}
