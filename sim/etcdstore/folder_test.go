package etcdstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFolderInUseHere(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{DataDir: dir})
	if _, err := Open(context.Background(), Options{DataDir: dir}); !errors.Is(err, ErrFolderInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder in use by this process: %v", err)
	}
	put(t, s, "/registry/a", "still works", 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, Options{DataDir: dir})
}

func TestFolderRefused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string) // dir does not exist
		want    error
		says    string
	}{
		"somebody's files": {func(t *testing.T, dir string) { write(t, dir, "thesis.tex", "important") }, ErrFolderForeign, ""},
		"another etcd":     {func(t *testing.T, dir string) { write(t, dir, "member/snap/db", "x") }, ErrFolderForeign, ""},
		"marker a folder":  {func(t *testing.T, dir string) { write(t, dir, markerName+"/x", "x") }, ErrFolderForeign, ""},
		"another format":   {func(t *testing.T, dir string) { write(t, dir, markerName, "minisim data folder, format 2\n") }, ErrFolderFormat, ""},
		"a file":           {func(t *testing.T, dir string) { write(t, filepath.Dir(dir), filepath.Base(dir), "x") }, nil, "not a directory"},
		"below a file": {func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Dir(dir), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, nil, "cannot be made"},
		"read only":       {func(t *testing.T, dir string) { readOnly(t, dir) }, nil, "cannot be written: "},
		"below read only": {func(t *testing.T, dir string) { readOnly(t, filepath.Dir(dir)) }, nil, "cannot be made: "},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "parent", "data")
			if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
				t.Fatal(err)
			}
			c.prepare(t, dir)
			before := tree(t, root)
			s, err := Open(context.Background(), Options{DataDir: dir})
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %q, want %q", err, c.want)
			}
			if !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not name %s or does not say %q", err, dir, c.says)
			}
			if after := tree(t, root); after != before {
				t.Errorf("before:\n%safter:\n%s", before, after)
			}
		})
	}
}

func TestNoTemporaryFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	if _, err := Open(context.Background(), Options{}); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("no place for a temporary folder: %v", err)
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// readOnly makes a folder that the test may not write to, even as root.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	dropRoot(t)
}

// tree is the names, sizes and times of all files below a folder.
func tree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			b.WriteString(strings.Join([]string{path, info.Mode().String(), info.ModTime().String()}, " ") + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
