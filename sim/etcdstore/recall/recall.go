// Package recall lets a run be played again without writing it again. A Past is
// one store together with all that it has answered; a cluster that makes the
// same commits once more gets the same answers out of memory, and reads of
// earlier revisions come from the store, which has them still. So the way back
// to an earlier step costs what the simulation costs, and nothing for etcd.
//
// What lives here: remembering, answering, and going another way. What does not:
// steps, journals, anything that knows why the same commits come again.
package recall

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"minisim/sim/etcdstore"
)

// MaxCommits is how many commits a Past remembers at most. It lies below the
// history that a store keeps, so that what is remembered can be read, too. A run
// with more is forgotten as a whole: it can be played again only by writing it again.
const MaxCommits = 40_000

// ErrOtherWay says that a run that was to be played again made another commit
// than the first time: it depends on something that is no part of its input.
var ErrOtherWay = errors.New("the run went another way than the first time")

// Past is a store and what it has answered so far. It is used by one goroutine.
type Past struct {
	open      func(context.Context) (*etcdstore.Store, error)
	store     *etcdstore.Store
	first     int64 // the store's revision before the first commit
	limit     int   // of answers
	answers   []answer
	forgotten bool // there were more
}

// answer is what the store said to one commit.
type answer struct {
	ops      []etcdstore.Op
	revision int64
	events   []etcdstore.Event
	err      error
}

// Open makes a Past with an empty store that remembers up to limit commits; 0 and
// more than MaxCommits are MaxCommits.
func Open(ctx context.Context, o etcdstore.Options, limit int) (*Past, error) {
	if limit == 0 || limit > MaxCommits {
		limit = MaxCommits
	}
	p := &Past{limit: limit, open: func(ctx context.Context) (*etcdstore.Store, error) { return etcdstore.Open(ctx, o) }}
	var err error
	if p.store, err = p.open(ctx); err != nil {
		return nil, err
	}
	p.first = p.store.Revision()
	return p, nil
}

// Close closes the store.
func (p *Past) Close() error { return p.store.Close() }

// Remembers says whether everything that was ever committed is remembered still.
func (p *Past) Remembers() bool { return !p.forgotten }

// Begin gives the store as it was before the first commit.
func (p *Past) Begin() *Store { return &Store{past: p, revision: p.first} }

func (p *Past) commit(ops []etcdstore.Op) (int64, []etcdstore.Event, error) {
	revision, events, err := p.store.Commit(ops...)
	switch {
	case p.forgotten:
	case len(p.answers) == p.limit:
		p.forgotten, p.answers = true, nil
	default:
		p.answers = append(p.answers, remember(ops, revision, events, err))
	}
	return revision, events, err
}

// remember keeps one copy of each value: what was written is what the events bring.
func remember(ops []etcdstore.Op, revision int64, events []etcdstore.Event, err error) answer {
	a := answer{ops: append([]etcdstore.Op(nil), ops...), revision: revision, events: append([]etcdstore.Event(nil), events...), err: err}
	for i := range a.events {
		if a.events[i].Value != nil && bytes.Equal(a.events[i].Value, ops[i].Value) {
			a.events[i].Value = ops[i].Value
		}
	}
	return a
}

func same(a, b []etcdstore.Op) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || a[i].Guard != b[i].Guard || (a[i].Value == nil) != (b[i].Value == nil) || !bytes.Equal(a[i].Value, b[i].Value) {
			return false
		}
	}
	return true
}

// Store is a Past as one run knows it: all commits that it has made, and none
// of those that are still to come. Once there are none, it goes on in the store itself.
type Store struct {
	past     *Past
	made     int // commits made, as long as they are remembered
	revision int64
	strayed  error
}

// Commit does what etcdstore.Store.Commit does. It is ErrOtherWay when the past has another commit in its place.
func (s *Store) Commit(ops ...etcdstore.Op) (int64, []etcdstore.Event, error) {
	var a answer
	if p := s.past; s.Ahead() > 0 {
		a = p.answers[s.made]
		if !same(a.ops, ops) {
			s.strayed = fmt.Errorf("commit %d, of %s: %w", s.made+1, ops[0].Key, ErrOtherWay)
			return 0, nil, s.strayed
		}
	} else {
		a.revision, a.events, a.err = p.commit(ops)
	}
	s.made++
	if a.err == nil {
		s.revision = a.revision
	}
	return a.revision, a.events, a.err
}

// Err is ErrOtherWay once a commit has got that answer.
func (s *Store) Err() error { return s.strayed }

// Ahead is how many remembered commits are still to come.
func (s *Store) Ahead() int { return max(0, len(s.past.answers)-s.made) }

// Cut gives up the remembered commits that are still to come: from here on the
// run may go another way. A new store gets all commits up to here; that takes as
// long as etcd takes for them.
func (s *Store) Cut(ctx context.Context) error {
	p := s.past
	if s.Ahead() == 0 {
		return nil
	}
	fresh, err := p.open(ctx)
	if err != nil {
		return err
	}
	for _, a := range p.answers[:s.made] {
		if err = ctx.Err(); err == nil && a.err == nil {
			_, _, err = fresh.Commit(a.ops...)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("write the past anew: %w", err), fresh.Close())
		}
	}
	old := p.store
	p.store, p.answers = fresh, p.answers[:s.made:s.made]
	return old.Close()
}

// Revision is the revision of the newest commit that the run has made.
func (s *Store) Revision() int64 { return s.revision }

// Oldest is the oldest revision that can still be read.
func (s *Store) Oldest() int64 { return s.past.store.Oldest() }

// Get does what etcdstore.Store.Get does.
func (s *Store) Get(key string, revision int64) (etcdstore.KV, bool, error) {
	revision, err := s.known(revision)
	if err != nil {
		return etcdstore.KV{}, false, err
	}
	return s.past.store.Get(key, revision)
}

// List does what etcdstore.Store.List does.
func (s *Store) List(prefix string, revision int64) ([]etcdstore.KV, int64, error) {
	revision, err := s.known(revision)
	if err != nil {
		return nil, 0, err
	}
	return s.past.store.List(prefix, revision)
}

// History does what etcdstore.Store.History does.
func (s *Store) History(key string) ([]etcdstore.Event, error) {
	events, err := s.past.store.History(key)
	for i, e := range events {
		if e.Revision > s.revision {
			return events[:i], err
		}
	}
	return events, err
}

// Close does nothing: the store belongs to the Past.
func (s *Store) Close() error { return nil }

func (s *Store) known(revision int64) (int64, error) {
	if revision == 0 {
		return s.revision, nil
	}
	if revision > s.revision {
		return 0, fmt.Errorf("%w: %d, the newest is %d", etcdstore.ErrFuture, revision, s.revision)
	}
	return revision, nil
}
