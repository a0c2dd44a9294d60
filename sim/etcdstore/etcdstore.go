// Package etcdstore keeps the cluster's state in a real etcd that runs inside
// this process, and is the only room that knows etcd.
//
// What lives here: starting and stopping etcd, the data folder, writes guarded
// by a revision, reads at a revision, the one watch, compaction. What does not:
// objects, kinds, encodings. A key is a string, a value is bytes.
//
// The room lies outside of the deterministic core: etcd has goroutines, timers
// and a disk. What can be seen of it is deterministic all the same. There is one
// writer, so each commit makes the next revision; one watch over the whole
// prefix is opened before the first write, and each commit is held against the
// events that come back through it; nothing has a lease or a time to live; and
// history is cut off by revision numbers, not by time.
//
// A commit to a durable store returns when its events have come back. One to a
// temporary store, which nobody can lose anything of, returns at once, and etcd
// carries it out meanwhile (see ahead); who reads waits until it has.
package etcdstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
)

const (
	// DefaultPrefix is where Kubernetes keeps its objects in etcd.
	DefaultPrefix = "/registry/"

	// DefaultRetain is how many revisions of history are kept when Options do not
	// say. With values of 1 KiB, the database then takes some 90 MB of disk, all of
	// which counts as memory of the process, as etcd maps the file.
	DefaultRetain = 50_000
)

var (
	// ErrClosed is returned by every method of a store that has been closed.
	ErrClosed = errors.New("the store is closed")

	// ErrCompacted means that the revision asked for is older than Oldest.
	ErrCompacted = errors.New("the revision has been compacted")

	// ErrFuture means that the revision asked for does not exist yet.
	ErrFuture = errors.New("the revision is in the future")

	// ErrForeignWrite means that somebody else has written to the store, so that
	// revisions exist that no Commit has reported. Every later call returns it too.
	ErrForeignWrite = errors.New("somebody else has written to the store")
)

// Options say how a store is opened. The zero value is a fresh store in a
// temporary folder.
type Options struct {
	// DataDir is the folder of a durable store: it is made if need be, every
	// commit is on disk (fsync) before it is acknowledged, and the next Open
	// carries on where the last one stopped, however it stopped. etcd's files are
	// in its subfolder "etcd"; other rooms may keep theirs beside it.
	//
	// With "" the store is in a temporary folder without fsync, which Close removes.
	DataDir string

	// TempDir is where the temporary folder is made; "" is the system's own place.
	TempDir string

	// Log gets what etcd has to say; nil discards it.
	Log io.Writer

	// Prefix is the beginning of every key; "" is DefaultPrefix.
	Prefix string

	// Retain is how many of the newest revisions stay readable: 0 is
	// DefaultRetain, a negative number keeps all. As history is cut in steps,
	// up to an eighth more is there at times. That bounds the database; besides,
	// etcd keeps the write-ahead log of the last half minute.
	Retain int64
}

// Store is an open store. Its methods may be called from any goroutine, but it
// has one writer at heart: commits run one after the other.
type Store struct {
	prefix string
	retain int64
	folder folder
	member *member

	mu     sync.RWMutex // held for writing by Commit, Compact, Client and Close
	writer *writer
	ahead  *ahead // nil: each commit waits for etcd
	rev    int64  // of the newest commit
	oldest int64
	client *clientv3.Client
	broken error // why no call can succeed any more
}

// Open starts etcd and returns when it is ready: some 15 ms for a fresh store.
//
// It fails at once when the folder is in use (ErrFolderInUse), holds something
// else (ErrFolderForeign), or cannot be made, written or understood; what was in
// a folder that is not ours stays as it was.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Retain == 0 {
		o.Retain = DefaultRetain
	}
	f, err := claim(o.DataDir, o.TempDir)
	if err != nil {
		return nil, err
	}
	m, err := startMember(ctx, f.etcd(), o.DataDir != "", o.Log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store in %s: %w", f.path, err), f.release())
	}
	kv := m.kv()
	s := &Store{
		prefix: o.Prefix, retain: o.Retain, folder: f, member: m, rev: kv.Rev(), oldest: max(1, kv.FirstRev()),
		writer: &writer{member: m, watch: kv.NewWatchStream(), rev: kv.Rev()},
	}
	if o.DataDir == "" {
		s.ahead = goAhead(s.writer)
	}
	_, err = s.writer.watch.Watch(ctx, 0, []byte(s.prefix), rangeEnd(s.prefix), s.rev+1)
	if err == nil {
		err = f.keep()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store in %s: %w", f.path, err), s.Close())
	}
	return s, nil
}

// Revision is the revision of the newest commit; 1 in an empty store.
func (s *Store) Revision() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rev
}

// Client returns a plain etcd client of the store, for tests that want to see
// what somebody from outside sees: from now on each commit waits for etcd. Whoever
// writes with it breaks the store (ErrForeignWrite). It is closed with the store.
func (s *Store) Client() *clientv3.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil && s.broken == nil {
		if s.stopAhead() == nil {
			s.client = v3client.New(s.member.etcd.Server)
		}
	}
	return s.client
}

// stopAhead has the commits that are under way finished, and all later ones wait.
func (s *Store) stopAhead() error {
	if s.ahead == nil {
		return nil
	}
	err := s.ahead.stop()
	s.ahead = nil
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// Close stops etcd and removes a temporary folder. A second call does nothing. The
// error may be that of a commit that etcd carries out only now.
// No goroutine, lock or temporary file of the store is left when it returns.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.broken, ErrClosed) {
		return nil
	}
	err := s.stopAhead()
	s.broken = ErrClosed
	s.member.stop(func() {
		s.writer.watch.Close()
		if s.client != nil {
			_ = s.client.Close() // it has no connection: all it can say is that it was cancelled
		}
	})
	return errors.Join(err, s.folder.release())
}

// usable tells why the store cannot be used, if so. The caller holds s.mu.
func (s *Store) usable() error {
	if s.broken != nil {
		return s.broken
	}
	if s.ahead != nil {
		if err := s.ahead.err(); err != nil {
			return err
		}
	}
	return s.member.err()
}

// settle waits until etcd has done all that it was asked for, and returns usable.
func (s *Store) settle() error {
	if s.ahead != nil {
		s.ahead.open.Wait()
	}
	return s.usable()
}

// fail notes the error that no later call can get past.
func (s *Store) fail(err error) error {
	s.broken = err
	return err
}

// Stats are the sizes of the store in bytes.
type Stats struct {
	Disk  int64 // the database file
	InUse int64 // what of it is not free for the next writes
}

// Stats reports how large the store is.
func (s *Store) Stats() (Stats, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.settle(); err != nil {
		return Stats{}, err
	}
	b := s.member.etcd.Server.Backend()
	return Stats{Disk: b.Size(), InUse: b.SizeInUse()}, nil
}
