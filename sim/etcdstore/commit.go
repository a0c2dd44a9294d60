package etcdstore

import (
	"errors"
	"fmt"
	"strings"
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

// Event is one change of one key, as the watch brings it. The bytes are shared
// with etcd and must not be changed.
type Event struct {
	Key      string
	Value    []byte // nil: deleted; what was there before can be read: Get(Key, Revision-1)
	Revision int64  // of this change
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
// new revision and the transaction's events in the order of the ops. Whoever reads
// or watches afterwards sees them. The ops must not be changed any more.
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
	if s.ahead != nil && s.ahead.foresees(ops) {
		s.ahead.add(job{ops: ops})
	} else if err := s.commit(ops); err != nil {
		return 0, nil, err
	}
	s.rev++
	if s.ahead != nil {
		s.ahead.follow(ops, s.rev)
	}
	if err := s.trim(); err != nil {
		return 0, nil, err
	}
	return s.rev, eventsOf(ops, s.rev), nil
}

// commit has etcd carry out ops and waits until it has.
func (s *Store) commit(ops []Op) error {
	if err := s.settle(); err != nil {
		return err
	}
	err := s.writer.commit(ops)
	var conflict *ConflictError
	if err == nil || errors.As(err, &conflict) || errors.Is(err, ErrTooLarge) {
		return err
	}
	return s.fail(err)
}

// eventsOf are the events of a transaction that made a revision of ops.
func eventsOf(ops []Op, rev int64) []Event {
	events := make([]Event, len(ops))
	for i, op := range ops {
		events[i] = Event{Key: op.Key, Value: op.Value, Revision: rev}
	}
	return events
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
