package etcdstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/pkg/v3/traceutil"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/schema"
)

// KV is a key with its value at some revision. The bytes are the caller's.
type KV struct {
	Key            string
	Value          []byte // never nil
	CreateRevision int64  // of the first version since the key last did not exist
	ModRevision    int64  // of this version
}

// List returns all keys that begin with prefix ("": the whole store) as they were
// at a revision (0: now), in the order of the keys, and that revision. It is one
// read of one state however many keys there are; nothing is sent anywhere, so
// there are no pages.
//
// The error is ErrCompacted for a revision below Oldest, ErrFuture for one above Revision.
func (s *Store) List(prefix string, rev int64) (kvs []KV, at int64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.settle(); err != nil {
		return nil, 0, err
	}
	if prefix == "" {
		prefix = s.prefix
	}
	if rev == 0 {
		rev = s.rev
	}
	found, err := s.read([]byte(prefix), rangeEnd(prefix), mvcc.RangeOptions{Rev: rev})
	if err != nil {
		return nil, 0, fmt.Errorf("list %s: %w", prefix, err)
	}
	kvs = make([]KV, len(found))
	for i, kv := range found {
		kvs[i] = fromEtcd(kv)
	}
	return kvs, rev, nil
}

// Get returns one key as it was at a revision (0: now), and whether it existed.
// Errors are those of List.
func (s *Store) Get(key string, rev int64) (KV, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.settle(); err != nil {
		return KV{}, false, err
	}
	return s.get(key, rev)
}

func (s *Store) get(key string, rev int64) (KV, bool, error) {
	found, err := s.read([]byte(key), nil, mvcc.RangeOptions{Rev: rev})
	if err != nil {
		return KV{}, false, fmt.Errorf("get %s: %w", key, err)
	}
	if len(found) == 0 {
		return KV{}, false, nil
	}
	return fromEtcd(found[0]), true, nil
}

// read reads a range of keys, or one key if end is nil.
func (s *Store) read(key, end []byte, o mvcc.RangeOptions) ([]*mvccpb.KeyValue, error) {
	kvs, err := s.member.read(key, end, o)
	switch {
	case errors.Is(err, mvcc.ErrCompacted):
		return nil, fmt.Errorf("%w: %d, the oldest is %d", ErrCompacted, o.Rev, s.oldest)
	case errors.Is(err, mvcc.ErrFutureRev):
		return nil, fmt.Errorf("%w: %d, the newest is %d", ErrFuture, o.Rev, s.rev)
	}
	return kvs, err
}

// read reads a range of keys, or one key if end is nil. No commit may be under
// way, so that the buffer of newest writes need not be copied.
func (m *member) read(key, end []byte, o mvcc.RangeOptions) ([]*mvccpb.KeyValue, error) {
	alive := false
	defer func() {
		// etcd has found the database damaged and ends the goroutine (see death).
		// This one is the caller's, which must not vanish in silence.
		if !alive {
			panic(m.err())
		}
	}()
	ctx := context.Background()
	tx := m.kv().Read(mvcc.SharedBufReadTxMode, traceutil.Get(ctx))
	defer tx.End()
	r, err := tx.Range(ctx, key, end, o)
	alive = true
	if err != nil {
		return nil, err
	}
	return r.KVs, nil
}

// historyStep is how many revisions History looks at between two looks at the key.
const historyStep = 1000

// History returns all that is still known of one key, oldest first: the version
// that was current at Oldest, if there was one, and every change since then. It
// looks at each revision of the store, so it takes some 30 ms for 100,000 of them.
func (s *Store) History(key string) ([]Event, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.settle(); err != nil {
		return nil, err
	}
	var history []Event
	first, ok, err := s.get(key, s.oldest)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", key, err)
	}
	if ok {
		history = append(history, Event{Key: key, Value: first.Value, Revision: first.ModRevision})
	}
	for from := s.oldest + 1; from <= s.rev; from += historyStep {
		changes, err := s.changes(key, from, min(from+historyStep, s.rev+1))
		if err != nil {
			return nil, fmt.Errorf("history of %s: %w", key, err)
		}
		history = append(history, changes...)
	}
	return history, nil
}

// changes returns the changes of a key at the revisions [from, to). etcd's index
// finds a key's version at a revision but not the versions of a key, so they are
// taken from the log of all changes, which is what the database really is.
func (s *Store) changes(key string, from, to int64) ([]Event, error) {
	tx := s.member.etcd.Server.Backend().ReadTx()
	tx.RLock()
	defer tx.RUnlock()
	revs, records := tx.UnsafeRange(schema.Key,
		mvcc.RevToBytes(mvcc.Revision{Main: from}, mvcc.NewRevBytes()),
		mvcc.RevToBytes(mvcc.Revision{Main: to}, mvcc.NewRevBytes()), 0)
	var changes []Event
	for i, record := range records {
		if !bytes.Contains(record, []byte(key)) {
			continue
		}
		var kv mvccpb.KeyValue
		if err := proto.Unmarshal(record, &kv); err != nil {
			return nil, fmt.Errorf("revision %d: %w", mvcc.BytesToRev(revs[i]).Main, err)
		}
		if string(kv.Key) != key {
			continue
		}
		e := Event{Key: key, Revision: mvcc.BytesToRev(revs[i]).Main}
		if !mvcc.IsTombstone(revs[i]) {
			e.Value = nonNil(kv.Value)
		}
		changes = append(changes, e)
	}
	return changes, nil
}

func fromEtcd(kv *mvccpb.KeyValue) KV {
	return KV{Key: string(kv.Key), Value: nonNil(kv.Value), CreateRevision: kv.CreateRevision, ModRevision: kv.ModRevision}
}

// nonNil is b, but never nil: etcd makes no difference between empty and nil,
// while a nil value here means a deleted key.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// rangeEnd is the first key after all those that begin with prefix.
func rangeEnd(prefix string) []byte {
	return []byte(clientv3.GetPrefixRangeEnd(prefix))
}
