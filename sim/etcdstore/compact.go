package etcdstore

import "fmt"

// Oldest is the oldest revision that can still be read.
func (s *Store) Oldest() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.oldest
}

// Compact gives up the history before rev, which becomes the oldest revision that
// can be read. It is not an error if that is so already. The space is free for
// later writes soon after; the database file does not shrink.
func (s *Store) Compact(rev int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	return s.compact(rev)
}

func (s *Store) compact(rev int64) error {
	if rev <= s.oldest {
		return nil
	}
	if rev > s.rev {
		return fmt.Errorf("compact: %w: %d, the newest is %d", ErrFuture, rev, s.rev)
	}
	if s.ahead != nil {
		s.ahead.add(job{compact: rev})
	} else if err := s.writer.compact(rev); err != nil {
		return s.fail(err)
	}
	s.oldest = rev
	return nil
}

// trim keeps the history at the length that Options.Retain asks for. Whether it
// cuts depends on the number of the newest revision and on nothing else, so that
// what can be read is the same in every run.
func (s *Store) trim() error {
	if s.retain < 0 {
		return nil
	}
	if step := max(1, s.retain/8); s.rev%step != 0 {
		return nil
	}
	return s.compact(s.rev - s.retain + 1)
}
