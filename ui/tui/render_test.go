package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// crowd is a cluster of many workers with some pods on each.
func crowd(workers, podsEach int) *Snapshot {
	s := &Snapshot{
		Name: "crowd", Time: 90 * time.Second, Masters: []Machine{{Name: "master-1", On: true}},
		Apps: []string{"app", "redis"}, Parts: []Part{{Name: "API server", Up: true, Working: true}},
		Now: Happening{Line: Line{ID: 7, Actor: "kube-scheduler", Text: "something happens"}},
	}
	for i := range workers {
		m := Machine{
			Name: fmt.Sprintf("worker-%d", i+1), On: i%50 != 3, Registered: true, Ready: "True",
			CPU: Amount{int64(i % 5 * 1000), 4000}, Memory: Amount{int64(i%7) << 30, 8 << 30}, Labels: []string{"disk=ssd"},
		}
		for j := range podsEach {
			m.Pods = append(m.Pods, Pod{Key: fmt.Sprintf("default/app-%d-%d", i, j), App: s.Apps[j%2], State: State(j % int(Done+1))})
		}
		s.Workers = append(s.Workers, m)
	}
	for i := range 100 {
		s.Log = append(s.Log, Line{ID: uint64(i), Actor: "kubelet/worker-1", Text: strings.Repeat("a sentence ", 12)})
	}
	return s
}

// TestFramesKeepTheirSize draws clusters of all sizes on screens of all sizes: no
// line is too long, none is missing, and what can be clicked lies on the screen.
func TestFramesKeepTheirSize(t *testing.T) {
	for _, glyphs := range []Glyphs{Unicode, ASCII} {
		theme := NewTheme(false, glyphs)
		for _, workers := range []int{0, 1, 3, 7, 25, 100, 1000, 5000} {
			s := crowd(workers, 6)
			for _, size := range [][2]int{{1, 1}, {20, 5}, {79, 24}, {80, 24}, {81, 25}, {120, 40}, {200, 60}, {300, 100}} {
				look := &Look{Width: size[0], Height: size[1], Phase: allPhases}
				d := draw(s, look, theme)
				lines := strings.Split(d.plain(), "\n")
				if len(lines) != size[1] {
					t.Fatalf("%d workers, %v: %d lines", workers, size, len(lines))
				}
				for _, l := range lines {
					if width(l) > size[0] {
						t.Fatalf("%d workers, %v: a line of %d columns: %s", workers, size, width(l), l)
					}
					if i := strings.IndexFunc(l, func(r rune) bool { return r >= 0x80 }); i >= 0 && glyphs.Line == ASCII.Line {
						t.Fatalf("%d workers, %v: not ASCII: %s", workers, size, l)
					}
				}
				for _, h := range d.hits {
					if h.x < 0 || h.y < 0 || h.right() > size[0] || h.bottom() > size[1] {
						t.Fatalf("%d workers, %v: %+v lies outside", workers, size, h)
					}
				}
			}
		}
	}
}

// TestSmallScreensSaySo checks the sentence below the smallest size.
func TestSmallScreensSaySo(t *testing.T) {
	got := draw(crowd(3, 2), &Look{Width: 60, Height: 20}, NewTheme(true, Unicode)).plain()
	for _, want := range []string{"60×20", "80×24", "--plain", "something happens"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// TestControlCharactersStayOut draws a text that would take the terminal over.
func TestControlCharactersStayOut(t *testing.T) {
	s := crowd(1, 0)
	s.Now.Text = "evil \x1b]0;title\x07\x1b[2J\r\n\u009b31m text"
	got := draw(s, &Look{Width: 80, Height: 24}, NewTheme(true, Unicode)).plain()
	if i := strings.IndexAny(got, "\x1b\x07\r\u009b"); i >= 0 {
		t.Errorf("a control character at %d: %q", i, got[i:min(i+20, len(got))])
	}
}

// TestWhatHasChangedIsLit compares two moments.
func TestWhatHasChangedIsLit(t *testing.T) {
	before, now := crowd(4, 3), crowd(4, 3)
	now.Workers[1].Pods[2].Version = "8"
	now.Workers[2].Cordoned = true
	now.Loose = []Pod{{Key: "default/new"}}
	moved := now.Workers[0].Pods[0]
	now.Workers[0].Pods = now.Workers[0].Pods[1:]
	now.Workers[3].Pods = append(now.Workers[3].Pods, moved)
	var got []string
	for k := range changed(before, now) {
		got = append(got, k)
	}
	slices.Sort(got)
	want := []string{"machine worker-3", "pod default/app-0-0", "pod default/app-1-2", "pod default/new"}
	if !slices.Equal(got, want) {
		t.Errorf("lit are %q, want %q", got, want)
	}
}

// TestDecisionUnfolds shows the phases of a decision one after the other.
func TestDecisionUnfolds(t *testing.T) {
	s := crowd(3, 0)
	s.Now.Decision = &Decision{
		Pod: "default/app-1", Attempt: 1, Examined: 3, Feasible: 2, Winner: "worker-2", Outcome: "worker-2 wins with 9",
		Plugins: []string{"NodeResourcesFit"},
		Nodes: []Candidate{
			{Node: "worker-2", Total: 9, Scores: []int64{9}}, {Node: "worker-1", Total: 5, Scores: []int64{5}},
			{Node: "worker-3", Rejected: "TaintToleration", Reason: "a taint"},
		},
	}
	steps := []string{"is taken out", "can take it", "a taint", "total", "wins with 9"}
	if n := phases(s.Now.Decision); n != len(steps) {
		t.Fatalf("%d phases, want %d", n, len(steps))
	}
	for phase := range steps {
		look := &Look{Width: 120, Height: 40, Phase: phase + 1}
		got := draw(s, look, NewTheme(true, Unicode)).plain()
		for i, step := range steps {
			if shown := strings.Contains(got, step); shown != (i <= phase) {
				t.Errorf("phase %d: %q shown: %v", phase+1, step, shown)
			}
		}
	}
}

// TestColoursAndNone draws the same frame with and without colours.
func TestColoursAndNone(t *testing.T) {
	s := crowd(3, 3)
	look := &Look{Width: 80, Height: 24, Phase: allPhases}
	dark, _ := Render(s, look, NewTheme(true, Unicode))
	bright, _ := Render(s, look, NewTheme(false, Unicode))
	if dark == bright {
		t.Error("a light background changes nothing")
	}
	if strings.Contains(dark, "38;2") || strings.Contains(dark, "38;5") {
		t.Error("more than 16 colours")
	}
}

// frameBudget is how much work a frame may be, of 60 in a second.
const frameBudget = 16 * time.Millisecond

// TestFrameOfAThousandNodesIsQuick measures the best of some frames, which
// what else the machine does cannot make better.
func TestFrameOfAThousandNodesIsQuick(t *testing.T) {
	before, now := crowd(1000, 5), crowd(1000, 5)
	theme := NewTheme(true, Unicode)
	best := time.Hour
	for range 10 {
		began := time.Now()
		look := &Look{Width: 200, Height: 60, Phase: allPhases, Lit: changed(before, now)}
		Render(now, look, theme)
		best = min(best, time.Since(began))
	}
	if best > frameBudget {
		t.Errorf("a frame of 1,000 nodes takes %s, at most %s are good", best, frameBudget)
	}
}

func BenchmarkFrame1000Nodes(b *testing.B) {
	before, now := crowd(1000, 5), crowd(1000, 5)
	theme := NewTheme(true, Unicode)
	for b.Loop() {
		Render(now, &Look{Width: 200, Height: 60, Phase: allPhases, Lit: changed(before, now)}, theme)
	}
}

// plain is the canvas as text without colours.
func (c *canvas) plain() string { return c.lines(func(s string, _ paint) string { return s }) }
