package rest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// TestSharedFrames has a frame made once for all who ask for it at the same
// time, and the oldest forgotten when there are too many bytes.
func TestSharedFrames(t *testing.T) {
	var s sharedFrames
	var made atomic.Int64
	ask := func(k frameKey, size int) []byte {
		data, err := s.get(k, func() ([]byte, error) {
			made.Add(1)
			return make([]byte, size), nil
		})
		if err != nil || len(data) != size {
			t.Errorf("got %d bytes, not %d: %v", len(data), size, err)
		}
		return data
	}
	key := func() frameKey { return frameKey{api.Added, &corev1.Pod{}, "application/json", ""} }
	first := key()
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() { ask(first, 100) })
	}
	asking.Wait()
	other := first
	other.event = api.Modified
	ask(other, 200)
	if made.Load() != 2 {
		t.Errorf("two frames were made %d times", made.Load())
	}
	for range 5 {
		ask(key(), maxShared/4)
		if s.held > maxShared || len(s.made) != len(s.order) {
			t.Errorf("%d bytes are held of %d frames, %d in order", s.held, len(s.made), len(s.order))
		}
	}
	if ask(first, 300); made.Load() != 8 {
		t.Errorf("the first frame is still there: %d were made", made.Load())
	}
	ask(key(), maxShared+1)
	if s.held != 0 || len(s.made) != 0 {
		t.Errorf("a frame that is too large was kept: %d bytes of %d", s.held, len(s.made))
	}
	broken := key()
	if _, err := s.get(broken, func() ([]byte, error) { return nil, errors.New("no") }); err == nil {
		t.Error("an error was lost")
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic was lost")
			}
		}()
		_, _ = s.get(broken, func() ([]byte, error) { panic("no") })
	}()
	if len(s.made) != 0 || len(s.order) != 0 {
		t.Errorf("of frames that could not be made %d are kept, %d in order", len(s.made), len(s.order))
	}
	ask(broken, 10)
}
