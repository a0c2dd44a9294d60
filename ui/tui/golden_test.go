package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minisim/scenarios"
	"minisim/sim/session"
)

var update = flag.Bool("update", false, "rewrite the golden screens")

// open gives a session of a built-in scenario, at step 0.
func open(t testing.TB, name string) *session.Session {
	t.Helper()
	file, err := scenarios.Files.ReadFile(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.Open(t.Context(), session.Input{Name: name, Path: name + ".yaml", File: file}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// sizes of the golden screens, the smallest first.
var sizes = [][2]int{{80, 24}, {120, 40}, {200, 60}}

// TestGoldenScreens draws moments of redis-app at three sizes. The files can be
// read; go test ./ui/tui -update rewrites them.
func TestGoldenScreens(t *testing.T) {
	s := open(t, "redis-app")
	f := newFuture(s)
	moments := []struct {
		name string
		stop *session.Stop
	}{
		{"start", nil},
		{"decision", new(session.NextOfKind("decision"))},
		{"node-dead", new(session.NextOfKind("say"))},
		{"multi-attach", new(session.When(`events("FailedAttachVolume") > 0`))},
		{"end", new(session.End())},
	}
	theme := NewTheme(true, Unicode)
	for _, m := range moments {
		f.camera.tape.mark()
		if m.stop != nil {
			if _, err := s.Until(t.Context(), *m.stop); err != nil {
				t.Fatal(err)
			}
		}
		snapshot := f.camera.take()
		snapshot.Stride, snapshot.Branch, snapshot.Futures = strideDecision, 1, 1
		for _, size := range sizes {
			look := Look{Width: size[0], Height: size[1], Phase: allPhases}
			got := draw(snapshot, &look, theme).plain() + "\n"
			compare(t, fmt.Sprintf("%s-%dx%d", m.name, size[0], size[1]), got)
		}
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what it was; look at the difference, and rewrite it with -update if it is right:\n%s", file, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\n  was %s\n  is  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, there were %d", len(g), len(w))
}
