package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// volatile is what may differ between two tellings of one event: numbers, the
// letters and digits that end a generated name, and the width of columns.
var volatile = regexp.MustCompile(`-[a-z0-9]{8,10}-[a-z0-9]{5}\b|-[a-z0-9]{8,10}\b|\b[0-9a-f]{16}\b|[0-9]+| +`)

// TestGoldenReadme holds the run that README shows against the golden file, line
// by line and in order; a line that ends with … may be cut, and … alone stands
// for lines that were left out. With -update it tells README's lines anew.
func TestGoldenReadme(t *testing.T) {
	readme := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(filepath.Join("testdata", "golden", "redis-app.txt"))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), "$ minisim run redis-app --plain")
	shown, after, ended := strings.Cut(rest, "\n```\n")
	if !found || !ended {
		t.Fatal("README shows no run of redis-app")
	}
	lines := strings.Split(shown, "\n")
	told := strings.Split(string(golden), "\n")
	for i, line := range lines[1:] {
		if line == "…" {
			continue
		}
		at, renewed := find(line, told)
		switch {
		case at < 0:
			t.Fatalf("README shows a line that redis-app does not tell: %s", line)
		case *update:
			lines[1+i] = renewed
		case renewed != line:
			t.Errorf("README shows a run that is no longer true; run make golden and read the diff.\nREADME: %s\nrun:    %s", line, renewed)
		}
		told = told[at+1:]
	}
	if *update {
		if err := os.WriteFile(readme, []byte(before+"$ minisim run redis-app --plain"+strings.Join(lines, "\n")+"\n```\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// find looks for the first line that tells what line tells, and gives it as
// README would show it, cut where line is cut. The index is -1 if there is none.
func find(line string, told []string) (int, string) {
	shape, cut := strings.CutSuffix(line, "…")
	width := len([]rune(shape))
	shape = volatile.ReplaceAllString(strings.TrimLeft(shape, " 0123456789."), "#")
	for i, candidate := range told {
		start := volatile.ReplaceAllString(strings.TrimLeft(candidate, " 0123456789."), "#")
		switch {
		case cut && len(start) > len(shape)/2 && strings.HasPrefix(start, trim(shape)):
			return i, string([]rune(candidate)[:min(width, len([]rune(candidate)))]) + "…"
		case !cut && start == shape:
			return i, candidate
		}
	}
	return -1, ""
}

// trim leaves out the last few letters, which may be the first half of what varies.
func trim(shape string) string { return shape[:max(0, len(shape)-12)] }
