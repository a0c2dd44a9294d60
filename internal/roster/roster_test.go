package roster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// here is a roster of its own, which has a folder for states only.
func here(t *testing.T) Roster {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	return New(func(name string) string {
		return map[string]string{"XDG_STATE_HOME": filepath.Join(t.TempDir(), "state")}[name]
	})
}

// run claims and announces a cluster.
func run(t *testing.T, r Roster, name string) *Home {
	t.Helper()
	h, err := r.Claim(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Announce(Card{PID: os.Getpid(), Server: "https://127.0.0.1:6443"}); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"c1": true, "my-app-2": true, "a": true, "": false, "-a": false, "a-": false, "A": false, "a.b": false, "a/b": false, "..": false,
		"ä": false, strings.Repeat("a", maxName): true, strings.Repeat("a", maxName+1): false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	for text, want := range map[string]string{"My Shop": "my-shop", "redis_app.v2": "redis-app-v2", "../..": "cluster", "": "cluster", "Ünder": "nder"} {
		if got := NameOf(text); got != want || CheckName(got) != nil {
			t.Errorf("NameOf(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	r := here(t)
	if _, err := r.Find("", ""); !errors.Is(err, ErrNone) {
		t.Errorf("none runs: %v", err)
	}
	one := run(t, r, "one")
	if c, err := r.Find("", "/elsewhere"); err != nil || c.Name != "one" || c.Server == "" || c.PID != os.Getpid() {
		t.Errorf("the only one: %+v, %v", c, err)
	}
	two := run(t, r, "two")
	if _, err := r.Find("", ""); err == nil || !strings.Contains(err.Error(), "--name (one, two)") {
		t.Errorf("which of two: %v", err)
	}
	if c, err := r.Find("", two.Kubeconfig()); err != nil || c.Name != "two" {
		t.Errorf("that of KUBECONFIG: %+v, %v", c, err)
	}
	list := strings.Join([]string{"/mine", two.Kubeconfig(), one.Kubeconfig()}, string(filepath.ListSeparator))
	if c, err := r.Find("", list); err != nil || c.Name != "two" {
		t.Errorf("the first of several in KUBECONFIG: %+v, %v", c, err)
	}
	if _, err := r.Find("tow", ""); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `did you mean "two"?`) {
		t.Errorf("a slip: %v", err)
	}
	if err := errors.Join(one.Release(), two.Release()); err != nil {
		t.Error(err)
	}
	if all, err := r.List(); len(all) != 0 || err != nil {
		t.Errorf("left: %v, %v", all, err)
	}
}

// TestOneFolderTwice: a cluster is one, although two of the rules for folders, or a link, lead to it.
func TestOneFolderTwice(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	state, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(state, link); err != nil {
		t.Skip(err)
	}
	for _, runtime := range []string{state, link} {
		r := New(func(name string) string {
			return map[string]string{"XDG_STATE_HOME": state, "XDG_RUNTIME_DIR": runtime}[name]
		})
		h := run(t, r, "app")
		if c, err := r.Find("", ""); err != nil || c.Name != "app" {
			t.Errorf("%s: %+v, %v", runtime, c, err)
		}
		if err := h.Release(); err != nil {
			t.Error(err)
		}
	}
}

func TestClaim(t *testing.T) {
	r := here(t)
	h, err := r.Claim("c1")
	if err != nil {
		t.Fatal(err)
	}
	if all, _ := r.List(); len(all) != 0 {
		t.Errorf("a cluster that is not ready is listed: %v", all)
	}
	if err := h.Announce(Card{PID: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Claim("c1"); !errors.Is(err, ErrRunning) {
		t.Errorf("twice: %v", err)
	}
	if info, err := os.Stat(h.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if err := h.Release(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(h.Dir); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
	if h, err = r.Claim("c1"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(h.Dir); err != nil {
		t.Fatal(err)
	}
	if ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second); !h.Watch(ctx) {
		cancel()
		t.Error("nobody noticed that the folder is gone")
	} else {
		cancel()
	}
	next := run(t, r, "c1") // its successor is left alone by it
	if err := h.Release(); err != nil || next.Lost() {
		t.Errorf("%v, %v", err, next.Lost())
	}
	if err := next.Release(); err != nil {
		t.Error(err)
	}
}

// Where the first folder cannot be used the next one is; where none can, it says why.
func TestFolders(t *testing.T) {
	base := t.TempDir()
	t.Setenv("TMPDIR", base)
	open := filepath.Join(base, "open", "minisim")
	if err := os.MkdirAll(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	runtime := filepath.Join(base, "runtime")
	for name, state := range map[string]string{
		"a file": file, "no absolute path": "state", "a path too long for a socket": filepath.Join(base, strings.Repeat("x", 100)),
		"open to others": filepath.Dir(open),
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"XDG_STATE_HOME": state, "XDG_RUNTIME_DIR": runtime}
			r := New(func(name string) string { return env[name] })
			h, err := r.Claim("c1")
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(runtime, "minisim", "c1"); h.Dir != want {
				t.Errorf("it is in %s, not in %s", h.Dir, want)
			}
			if err := h.Release(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Setenv("TMPDIR", file)
	r := New(func(string) string { return "" })
	if _, err := r.Claim("c1"); err == nil || !strings.Contains(err.Error(), "set XDG_STATE_HOME") {
		t.Errorf("no folder at all: %v", err)
	}
}

func TestSweep(t *testing.T) {
	r := here(t)
	alive, dead := run(t, r, "alive"), run(t, r, "dead")
	if err := os.WriteFile(dead.Log(), []byte("1\n2\n3\npanic: 4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dead.Abandon(); err != nil { // as the system does when a process is killed
		t.Fatal(err)
	}
	if _, err := r.Find("dead", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("the dead one is found: %v", err)
	}
	found, err := r.Sweep()
	if err != nil || len(found) != 1 || found[0].Name != "dead" || !strings.HasSuffix(found[0].String(), "  2\n  3\n  panic: 4") {
		t.Errorf("%v, %v", found, err)
	}
	if found, err := r.Sweep(); len(found) != 0 || err != nil {
		t.Errorf("once more: %v, %v", found, err)
	}
	if alive.Lost() || !dead.Lost() {
		t.Error("the wrong one is gone")
	}
	if err := alive.Release(); err != nil {
		t.Error(err)
	}
}

func TestMerge(t *testing.T) {
	r := here(t)
	mine := filepath.Join(t.TempDir(), "config")
	before := clientcmdapi.NewConfig()
	before.Clusters["work"] = &clientcmdapi.Cluster{Server: "https://work"}
	before.Contexts["work"] = &clientcmdapi.Context{Cluster: "work"}
	before.CurrentContext = "work"
	if err := clientcmd.WriteToFile(*before, mine); err != nil {
		t.Fatal(err)
	}
	h := run(t, r, "c1")
	own := clientcmdapi.NewConfig()
	own.Clusters["minisim-c1"] = &clientcmdapi.Cluster{Server: "https://c1", CertificateAuthorityData: []byte("c1")}
	own.AuthInfos["minisim-c1"] = &clientcmdapi.AuthInfo{Token: "t"}
	own.Contexts["minisim-c1"] = &clientcmdapi.Context{Cluster: "minisim-c1", AuthInfo: "minisim-c1"}
	if err := clientcmd.WriteToFile(*own, h.Kubeconfig()); err != nil {
		t.Fatal(err)
	}
	// The cluster's own file is no place to merge it into.
	t.Setenv("KUBECONFIG", h.Kubeconfig()+string(filepath.ListSeparator)+mine)
	for range 2 {
		if path, err := r.Merge(h.Cluster); err != nil || path != mine {
			t.Fatal(path, err)
		}
	}
	merged, err := clientcmd.LoadFromFile(mine)
	if err != nil || merged.CurrentContext != "minisim-c1" || len(merged.Clusters) != 2 || merged.AuthInfos["minisim-c1"].Token != "t" {
		t.Fatalf("%+v, %v", merged, err)
	}
	if err := h.Release(); err != nil {
		t.Fatal(err)
	}
	after, err := clientcmd.LoadFromFile(mine)
	if err != nil || after.CurrentContext != "" || len(after.Clusters) != 1 || len(after.Contexts) != 1 || len(after.AuthInfos) != 0 {
		t.Errorf("%+v, %v", after, err)
	}
}

// What somebody else has put under the same name stays.
func TestUnmergeLeavesOthers(t *testing.T) {
	r := here(t)
	h := run(t, r, "c1")
	mine := filepath.Join(t.TempDir(), "config")
	t.Setenv("KUBECONFIG", mine)
	config := func(ca string) clientcmdapi.Config {
		c := clientcmdapi.NewConfig()
		c.Clusters["minisim-c1"] = &clientcmdapi.Cluster{Server: "https://c1", CertificateAuthorityData: []byte(ca)}
		c.AuthInfos["minisim-c1"] = &clientcmdapi.AuthInfo{Token: "t"}
		c.Contexts["minisim-c1"] = &clientcmdapi.Context{Cluster: "minisim-c1", AuthInfo: "minisim-c1"}
		return *c
	}
	if err := clientcmd.WriteToFile(config("first"), h.Kubeconfig()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Merge(h.Cluster); err != nil {
		t.Fatal(err)
	}
	if err := clientcmd.WriteToFile(config("second"), mine); err != nil {
		t.Fatal(err)
	}
	if err := h.Release(); err != nil {
		t.Fatal(err)
	}
	if after, err := clientcmd.LoadFromFile(mine); err != nil || string(after.Clusters["minisim-c1"].CertificateAuthorityData) != "second" {
		t.Errorf("%+v, %v", after, err)
	}
}

// A cluster's own kubeconfig that somebody has changed cannot be merged, and does not keep the cluster from ending.
func TestMergeOfChanged(t *testing.T) {
	r := here(t)
	mine := filepath.Join(t.TempDir(), "config")
	t.Setenv("KUBECONFIG", mine)
	for lacks, change := range map[string]func(*clientcmdapi.Config){
		"cluster": func(c *clientcmdapi.Config) { delete(c.Clusters, "minisim-c1") },
		"user":    func(c *clientcmdapi.Config) { delete(c.AuthInfos, "minisim-c1") },
		"context": func(c *clientcmdapi.Config) { delete(c.Contexts, "minisim-c1") },
	} {
		t.Run(lacks, func(t *testing.T) {
			h := run(t, r, "c1")
			own := clientcmdapi.NewConfig()
			own.Clusters["minisim-c1"] = &clientcmdapi.Cluster{Server: "https://c1", CertificateAuthorityData: []byte("c1")}
			own.AuthInfos["minisim-c1"] = &clientcmdapi.AuthInfo{Token: "t"}
			own.Contexts["minisim-c1"] = &clientcmdapi.Context{Cluster: "minisim-c1", AuthInfo: "minisim-c1"}
			write := func() {
				t.Helper()
				if err := clientcmd.WriteToFile(*own, h.Kubeconfig()); err != nil {
					t.Fatal(err)
				}
			}
			write()
			if _, err := r.Merge(h.Cluster); err != nil {
				t.Fatal(err)
			}
			change(own)
			write()
			if _, err := r.Merge(h.Cluster); err == nil || !strings.Contains(err.Error(), h.Kubeconfig()) {
				t.Errorf("merged: %v", err)
			}
			if err := h.Release(); err != nil {
				t.Error(err)
			}
		})
	}
}
