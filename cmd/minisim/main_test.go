package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"minisim/internal/roster"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"minisim": main, "minisim-breaks": breaks})
}

// TestScript runs the command line as a user does: each file of testdata/script is a session.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			// Temporary folders and clusters go where the script can see that nothing is left behind.
			dir := filepath.Join(env.WorkDir, "tmp")
			env.Setenv("TMPDIR", dir)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Defer(func() { downAll(context.Background(), roster.New(env.Getenv), streams{nil, io.Discard, io.Discard}) }) // a script that has failed may leave some
			return os.Mkdir(dir, 0o755)
		},
	})
}

// invoke runs one command in process.
func invoke(t *testing.T, in string, args ...string) (out, err string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), args, streams{strings.NewReader(in), &o, &e})
	return o.String(), e.String(), code
}

// TestGolden tells every built-in scenario and compares it with what it told
// before. The files are the documentation of what minisim does: read their diffs.
func TestGolden(t *testing.T) {
	names, err := builtins()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, stderr, code := invoke(t, "", "run", name)
			if code != exitOK {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			file := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if out != string(want) {
				t.Errorf("%s\nThe telling has changed; run make golden and read the diff.", firstDifference(string(want), out))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			line := ""
			if i < len(g) {
				line = g[i]
			}
			return "was: " + w[i] + "\nis:  " + line
		}
	}
	return "there are more lines than before"
}
