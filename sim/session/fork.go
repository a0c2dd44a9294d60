package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"minisim/sim/engine"
)

// Fork gives a second run with the same past as this one: the same input and all
// that came from outside up to here. Then the verbs are carried out in it. This
// session stays as it is; both must be closed.
//
// With a change the fork's input is another one from the very beginning. As its
// steps are other ones then, what came from outside comes at the same virtual
// time, and the fork goes on until the time at which this session stands.
func (s *Session) Fork(ctx context.Context, change func(*Input), verbs ...string) (*Session, error) {
	if s.past == nil {
		return nil, ErrNoWayBack
	}
	in := s.input.clone()
	if change != nil {
		change(&in)
	}
	var cleanup func() error
	if s.cleanup != nil { // the folder goes with this session: the fork needs its own
		project, err := s.input.project()
		if err != nil {
			return nil, err
		}
		if in.Dir, cleanup, err = project.unpack(); err != nil {
			return nil, err
		}
	}
	f, err := Open(ctx, in, s.options)
	if err != nil {
		if cleanup != nil {
			err = errors.Join(err, cleanup())
		}
		return nil, err
	}
	f.cleanup = cleanup
	if err := f.follow(ctx, s, change != nil, verbs); err != nil {
		return nil, errors.Join(fmt.Errorf("fork: %w", err), f.Close())
	}
	return f, nil
}

func (f *Session) follow(ctx context.Context, s *Session, changed bool, verbs []string) error {
	for _, id := range slices.Sorted(maps.Keys(s.answers)) {
		if err := f.Answer(id, s.answers[id]); err != nil && !changed {
			return err
		}
	}
	if changed {
		if err := f.relive(ctx, s.Journal(), s.Now()); err != nil {
			return err
		}
	} else {
		if f.resolved != s.resolved {
			return errProjectChanged
		}
		f.play.script = append([]engine.Entry(nil), s.Journal()...)
		if err := f.To(ctx, s.StepNumber()); err != nil {
			return err
		}
	}
	for _, b := range s.breaks {
		if _, err := f.Break(b.String()); err != nil {
			return err
		}
	}
	for _, v := range verbs {
		if err := f.Type(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// relive plays until a virtual time, with requests from outside at theirs. One
// that fails now, as it may in another run, is part of that run.
func (f *Session) relive(ctx context.Context, journal []engine.Entry, until time.Duration) error {
	for _, entry := range journal {
		if err := f.reach(ctx, entry.Time); err != nil {
			return err
		}
		_ = f.play.outside(entry.Time, entry.Request)
	}
	return f.reach(ctx, until)
}

// reach goes on to a virtual time, or to the end of the run, past all places
// where the scenario pauses or asks something.
func (f *Session) reach(ctx context.Context, t time.Duration) error {
	for {
		if more, err := f.Until(ctx, At(t)); err != nil || !more || f.stopped.Reached() {
			return err
		}
	}
}
