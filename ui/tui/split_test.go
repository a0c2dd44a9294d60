package tui

import (
	"strings"
	"testing"
)

// TestSplit compares two futures: in one the machine that the first pod would get
// is cordoned. Both logs, and the decision that differs, are shown.
func TestSplit(t *testing.T) {
	p := begin(t, "hello")
	look := func(what, text string) string {
		t.Helper()
		var got string
		wait(t, p, what, func(s *Snapshot) bool {
			l := Look{Width: 100, Height: 30, Panel: Opening}
			got = draw(s, &l, NewTheme(true, Unicode)).plain()
			return strings.Contains(got, text)
		})
		return got
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
	wait(t, p, "at 6s", func(s *Snapshot) bool { return s.Branch == 2 && s.Time.Seconds() > 5 && !s.Playing })
	p.give(Order{Do: DoSwitch, N: -1})
	p.give(Order{Do: DoGo, Text: "6s"})
	got := look("the decision that differs", "The first decision of the scheduler that differs is number 1:")
	for _, want := range []string{"They part after", "future 1, at ", "future 2, at ", "cordon " + chosen} {
		if !strings.Contains(got, want) {
			t.Errorf("the split does not show %q:\n%s", want, got)
		}
	}
	compare(t, "split-100x30", got+"\n")
}
