package tui

import (
	"strings"
	"testing"
	"time"
)

// TestSplit compares two futures: in one the machine that the first pod would get
// is cordoned. Both logs, and the decision that differs, are shown.
func TestSplit(t *testing.T) {
	p := begin(t, "hello")
	drawn := func(s *Snapshot) string {
		l := Look{Width: 100, Height: 30, Panel: Opening}
		return draw(s, &l, NewTheme(true, Unicode)).plain()
	}
	look := func(what, text string) {
		t.Helper()
		wait(t, p, what, func(s *Snapshot) bool { return strings.Contains(drawn(s), text) })
	}
	p.give(Order{Do: DoSplit})
	look("told that there is nothing to compare", "There is one future only")
	p.give(Order{Do: DoScheduling})
	s := wait(t, p, "at the decision", func(s *Snapshot) bool { return s.Now.Decision != nil && !s.Playing })
	chosen := s.Now.Decision.Winner
	p.give(Order{Do: DoBack})
	p.give(Order{Do: DoFork})
	look("the same so far", "Nothing that is told differs.")
	p.give(Order{Do: DoVerb, Text: "cordon " + chosen})
	p.give(Order{Do: DoGo, Text: "6s"})
	abreast := func(at time.Duration) func(*Snapshot) bool {
		return func(s *Snapshot) bool {
			if s.Playing || s.Opened == nil || s.Opened.Split == nil {
				return false
			}
			for _, side := range s.Opened.Split.Sides {
				if side.Picture.Time != at {
					return false
				}
			}
			return true
		}
	}
	got := drawn(wait(t, p, "both at 6s", abreast(6*time.Second)))
	for _, want := range []string{"They part at", "The first decision of the scheduler that differs", "future 1, at 6.000s", "future 2, at 6.000s", "cordon " + chosen} {
		if !strings.Contains(got, want) {
			t.Errorf("the split does not show %q:\n%s", want, got)
		}
	}
	compare(t, "split-100x30", got+"\n")

	p.give(Order{Do: DoGo, Text: "3s"})
	wait(t, p, "both back at 3s", func(s *Snapshot) bool {
		return s.Time < 4*time.Second && !s.Playing && s.Opened.Split != nil && s.Opened.Split.Sides[0].Picture.Time <= s.Time
	})
	p.give(Order{Do: DoSwitch, N: -1})
	p.give(Order{Do: DoGo, Text: "5s"})
	wait(t, p, "both at 5s", abreast(5*time.Second))
}
