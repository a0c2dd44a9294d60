package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"minisim/sim/cluster"
	"minisim/sim/engine"
)

// Back goes n steps back, at most to step 0.
func (s *Session) Back(ctx context.Context, n uint64) error {
	return s.To(ctx, s.StepNumber()-min(n, s.StepNumber()))
}

// To goes to any step, earlier or later. The journal stays as it is: going on
// from an earlier step leads to where the session was, until something is typed.
// When ctx ends on the way back the session stays where it was; on the way
// forward it stays where it has come to.
func (s *Session) To(ctx context.Context, step uint64) error {
	if step >= s.StepNumber() {
		return s.play.to(ctx, step)
	}
	if err := s.again(ctx, func(p *play) error { return p.to(ctx, step) }); err != nil {
		return fmt.Errorf("go back to step %d: %w", step, err)
	}
	return nil
}

// ToTime goes to a virtual time, earlier or later: all that is due up to it has
// been done then. On the way nothing stops it, as with To.
func (s *Session) ToTime(ctx context.Context, t time.Duration) error {
	if t >= s.Now() {
		return s.play.toTime(ctx, t)
	}
	if err := s.again(ctx, func(p *play) error { return p.toTime(ctx, t) }); err != nil {
		return fmt.Errorf("go back to %s: %w", t, err)
	}
	return nil
}

// again plays the run from its beginning as far as reach goes, and stands there.
func (s *Session) again(ctx context.Context, reach func(*play) error) error {
	if s.past == nil {
		return ErrNoWayBack
	}
	sc, err := s.input.again(s.resolved)
	if err != nil {
		return err
	}
	past := s.past
	if !past.Remembers() { // it was too long: it must be written once more
		if past, err = cluster.OpenPast(ctx, s.options.EtcdLog, s.options.Writes); err != nil {
			return err
		}
	}
	p, err := s.begin(ctx, sc, past, s.whole())
	if err == nil {
		if err = reach(p); err != nil {
			err = errors.Join(err, p.close())
		}
	}
	if err != nil {
		if past != s.past {
			err = errors.Join(err, past.Close())
		}
		return err
	}
	s.newest = s.Newest()
	err = s.play.close()
	if past != s.past {
		err = errors.Join(err, s.past.Close())
	}
	s.past = past
	s.adopt(p)
	s.lookAnew()
	return err
}

// whole is the journal with what is still to come of it.
func (s *Session) whole() []engine.Entry { return slices.Concat(s.Journal(), s.play.script) }
