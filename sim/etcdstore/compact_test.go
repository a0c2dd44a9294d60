package etcdstore

import (
	"errors"
	"fmt"
	"testing"
)

func TestCompact(t *testing.T) {
	s := open(t, Options{})
	fill(t, s, 20)
	for _, c := range []struct {
		rev, oldest int64
		want        error
	}{
		{1, 1, nil}, {0, 1, nil}, {10, 10, nil}, {10, 10, nil}, {5, 10, nil}, {22, 10, ErrFuture}, {21, 21, nil},
	} {
		if err := s.Compact(c.rev); !errors.Is(err, c.want) {
			t.Errorf("compact to %d: %v, want %v", c.rev, err, c.want)
		}
		if s.Oldest() != c.oldest {
			t.Errorf("compact to %d: oldest %d, want %d", c.rev, s.Oldest(), c.oldest)
		}
		if kvs, _ := list(t, s, c.oldest); int64(len(kvs)) != c.oldest-1 {
			t.Errorf("compact to %d: %d keys at %d", c.rev, len(kvs), c.oldest)
		}
		if _, _, err := s.List("", c.oldest-1); c.oldest > 1 && !errors.Is(err, ErrCompacted) {
			t.Errorf("compact to %d: list before: %v", c.rev, err)
		}
		if _, _, err := s.Get("/registry/pods/p-00000", c.oldest-1); c.oldest > 1 && !errors.Is(err, ErrCompacted) {
			t.Errorf("compact to %d: get before: %v", c.rev, err)
		}
	}
}

// The history that is kept is at least what was asked for, and at most an eighth more.
func TestRetain(t *testing.T) {
	for _, retain := range []int64{1, 7, 64, 100} {
		t.Run(fmt.Sprint(retain), func(t *testing.T) {
			s := open(t, Options{Retain: retain})
			for range 300 {
				rev := put(t, s, fmt.Sprint("/registry/", s.Revision()), "x", 0)
				kept, most := rev-s.Oldest()+1, retain+max(1, retain/8)
				if kept < min(retain, rev) || kept > most {
					t.Fatalf("at revision %d, %d revisions are kept", rev, kept)
				}
			}
		})
	}
	s := open(t, Options{Retain: -1})
	fill(t, s, 300)
	if s.Oldest() != 1 {
		t.Errorf("with everything kept, the oldest revision is %d", s.Oldest())
	}
}
