package apiserver

import (
	"fmt"
	"testing"

	"minisim/sim/api"
)

// The window is a ring: the newest mark and those after a revision are found
// before and after it has gone round.
func TestWindowKnowsWhatChanged(t *testing.T) {
	w := window{floor: 5}
	if w.newest() != 5 {
		t.Errorf("an empty window's newest revision is %d", w.newest())
	}
	for i := int64(6); i < 6+windowSize+10; i++ {
		w.add(i, api.Key{Name: fmt.Sprint(i)})
		if w.newest() != i {
			t.Fatalf("newest is %d after %d was added", w.newest(), i)
		}
	}
	last := w.newest()
	marks, ok := w.after(last - 3)
	if !ok || len(marks) != 3 || marks[0].revision != last-2 || marks[2].key.Name != fmt.Sprint(last) {
		t.Errorf("after %d: %v, %v", last-3, marks, ok)
	}
	if _, ok := w.after(5); ok {
		t.Error("what the ring has overwritten is said to be known")
	}
}
