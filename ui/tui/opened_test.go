package tui

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWideLinesAreBroken: nothing of a table or of YAML is lost at the right edge.
func TestWideLinesAreBroken(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"NODE  TOTAL", []string{"NODE  TOTAL"}},
		{"NODE  REJECTED BY   REASON  IN NUMBERS", []string{"NODE  REJECTED BY", "      REASON  IN", "      NUMBERS"}},
		{strings.Repeat("x", 25), []string{strings.Repeat("x", 20), "      xxxxx"}},
		{"", []string{""}},
	} {
		if got := broken(c.text, 20); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestLogHasRoomForSentences: times of many digits do not push what was told off the screen.
func TestLogHasRoomForSentences(t *testing.T) {
	l := Look{Width: 80, Height: 24, Panel: Log}
	text := "pod default/shop-748c8fc58-vs9x6, container shop: runs example/shop:1"
	s := &Snapshot{Log: []Line{{Time: 152314670175 * time.Nanosecond, Actor: "kubelet/worker-2", Text: text}}}
	got := draw(s, &l, NewTheme(true, Unicode)).plain()
	if words := strings.Join(strings.Fields(got), " "); !strings.Contains(words, "152.315s kubelet/worker-2 pod default/shop-748c8fc58-vs9x6, container shop: runs example/shop:1") {
		t.Errorf("the log shows:\n%s", got)
	}
}
