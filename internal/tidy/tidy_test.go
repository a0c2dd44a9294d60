package tidy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheHouseIsTidy(t *testing.T) {
	breaches, err := Check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaches {
		t.Error(b)
	}
}

// TestBreachesAreFound plants one breach of each kind.
func TestBreachesAreFound(t *testing.T) {
	for name, c := range map[string]struct{ dir, code, want string }{
		"goroutine":      {"sim/engine", "func f() { go f() }", "must not start a goroutine"},
		"select":         {"sim/kubelet", "func f() { select {} }", "must not select"},
		"wall clock":     {"sim/controller", "import \"time\"\nvar t = time.Now()", "must not call time.Now"},
		"renamed import": {"sim/controller", "import m \"k8s.io/apimachinery/pkg/apis/meta/v1\"\nvar t = m.Now()", "must not call m.Now"},
		"randomness":     {"sim/scheduler", "import _ \"math/rand\"", "must not import math/rand"},
		"direction":      {"sim/scheduler", "import _ \"minisim/sim/apiserver\"", "scheduler must not import apiserver"},
		"a screen":       {"sim/session", "import _ \"minisim/ui/tui\"", "session must not import minisim/ui/tui"},
		"dot import":     {"sim/session", "import . \"time\"\nvar t = Now()", "no dot imports"},
		"etcd":           {"sim/apiserver", "import _ \"go.etcd.io/etcd/client/v3\"", "only etcdstore may"},
		"kubernetes":     {"sim/kubelet", "import _ \"k8s.io/kubernetes/pkg/apis/core\"", "only nobody may"},
		"init":           {"sim/api", "func init() {}", "no init functions"},
		"new room":       {"sim/cellar", "import _ \"fmt\"", "not in the plan"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, c.dir)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte("package x\n"+c.code+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := Check(root)
			if err != nil || len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("got %q, %v; want one breach with %q", got, err, c.want)
			}
		})
	}
}

func TestEtcdstoreMayUseGoroutines(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "sim/etcdstore")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	code := "package etcdstore\nimport _ \"go.etcd.io/etcd/client/v3\"\nfunc f() { go f() }\n"
	if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Check(root); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
}
