package e2e

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"minisim/internal/served"
)

// TestScripts runs the scripts of testdata/scripts, each with a cluster of its
// own that lives 20 times as fast as real time.
func TestScripts(t *testing.T) {
	charts, err := filepath.Abs("testdata/charts")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scripts",
		Setup: func(e *testscript.Env) error {
			w := serve(e.T().(testing.TB), served.Config{Speed: 20})
			e.Vars = append(e.Vars, w.variables()...)
			e.Setenv("CHARTS", charts)
			return nil
		},
	})
}
