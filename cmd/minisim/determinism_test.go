package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"minisim/scenarios"
)

var runs = flag.Int("runs", 3, "how often TestOneHash runs each scenario at each GOMAXPROCS")

var hashPattern = regexp.MustCompile(`Hash ([0-9a-f]{16})`)

// hashOf runs a scenario and gives its hash.
func hashOf(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, _ := invoke(t, "", append([]string{"run"}, args...)...)
	m := hashPattern.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("run %v has no hash: %s", args, stderr)
	}
	return m[1]
}

// TestOneHash runs every scenario again and again, on one, two and eight
// processors: there is one hash for each.
func TestOneHash(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	names, err := builtins()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		want := hashOf(t, name)
		for _, procs := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(procs)
			for range *runs {
				if got := hashOf(t, name); got != want {
					t.Fatalf("%s has two hashes: %s, and with GOMAXPROCS=%d %s", name, want, procs, got)
				}
			}
		}
	}
}

// TestHashSeesEveryChange changes one thing at a time.
func TestHashSeesEveryChange(t *testing.T) {
	data, err := scenarios.Files.ReadFile("node-dies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	original := string(data)
	run := func(text string, more ...string) string {
		file := filepath.Join(t.TempDir(), "node-dies.yaml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return hashOf(t, append([]string{file}, more...)...)
	}
	replaced := func(old, new string) string {
		if !strings.Contains(original, old) {
			t.Fatalf("the scenario has no %q", old)
		}
		return run(strings.Replace(original, old, new, 1))
	}
	want := run(original)
	for what, got := range map[string]string{
		"a comment":   run("# Another comment.\n" + original),
		"the telling": run(original, "--verbose"),
		"the speed":   run(original, "--speed", "max"),
		"the durable store in place of the temporary one": run(original, "--data-dir", filepath.Join(t.TempDir(), "data")),
	} {
		if got != want {
			t.Errorf("%s changed the hash", what)
		}
	}
	for what, got := range map[string]string{
		"a field":        replaced("memory: 64M", "memory: 65M"),
		"a fault":        replaced("kill node worker-1", "kill node worker-2"),
		"a time":         replaced("at: 60s", "at: 61s"),
		"a size":         replaced("cpu: 2", "cpu: 3"),
		"a seed":         run(original, "--seed", "5"),
		"an expectation": replaced(`ready("web") == 3`, `ready("web") >= 3`),
	} {
		if got == want {
			t.Errorf("%s did not change the hash", what)
		}
	}
}
