package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

var errOtherReading = errors.New("this minisim understands the recorded compose file in another way than the one that recorded it")

// Open gives a session at step 0 for which all that was recorded is still to come.
// Verify goes to the end of the recording.
func (rec *Recording) Open(ctx context.Context, o Options) (*Session, error) {
	in, cleanup, err := rec.input()
	if err != nil {
		return nil, err
	}
	s, err := Open(ctx, in, o)
	if err != nil {
		return nil, errors.Join(err, cleanup())
	}
	s.cleanup = cleanup
	if s.resolved != rec.Resolved {
		return nil, errors.Join(errOtherReading, s.Close())
	}
	s.play.script = slices.Clone(rec.Journal)
	if rec.Served {
		s.last, s.play.last = rec.Step, rec.Step
	}
	for _, id := range slices.Sorted(maps.Keys(rec.Answers)) {
		if err := s.Answer(id, rec.Answers[id]); err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrDamaged, err), s.Close())
		}
	}
	return s, nil
}

// Verify goes on to the end of the recording that s was opened from, and says
// whether s is there what was recorded: a *MismatchError if not. s must not have
// gone beyond it, and nothing else may have been typed.
func (rec *Recording) Verify(ctx context.Context, s *Session) error {
	err := s.To(ctx, rec.Step)
	if err != nil && !errors.Is(err, errEnded) {
		return err
	}
	if got := s.Hash(); got != rec.Hash || s.StepNumber() != rec.Step {
		return &MismatchError{Step: s.StepNumber(), Got: got, Want: rec.Hash}
	}
	return nil
}

// Replay opens a recording and plays it to its end.
func Replay(ctx context.Context, r io.Reader, o Options) (*Session, error) {
	rec, err := ReadRecording(r)
	if err != nil {
		return nil, err
	}
	s, err := rec.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := rec.Verify(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
