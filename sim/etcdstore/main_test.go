package etcdstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// writerEnv makes the test binary a process that writes to a store for ever.
const writerEnv = "MINISIM_TEST_STORE_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		fmt.Fprintln(os.Stderr, writeForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver creates keys in a durable store, and says the number of each one
// as soon as it has been acknowledged.
func writeForEver(dir string) error {
	s, err := Open(context.Background(), Options{DataDir: dir})
	if err != nil {
		return err
	}
	for {
		rev, _, err := s.Commit(Op{Key: written(s.Revision()), Value: []byte("value")})
		if err != nil {
			return err
		}
		fmt.Println(rev - 1)
	}
}

// written is the key that the writer creates at revision rev+1.
func written(rev int64) string { return fmt.Sprintf("/registry/written/%06d", rev) }

// program is a running process that writes to a store.
type program struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner // numbers of the keys that were acknowledged
	last  int64          // the last of them that was read; -1 if none
	said  *os.File       // its standard error
}

func startWriter(t *testing.T, dir string) *program {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), writerEnv+"="+dir)
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); _ = said.Close() })
	return &program{cmd, bufio.NewScanner(out), -1, said}
}

// next reads the number of the next key, and tells whether there was one.
func (w *program) next(t *testing.T) bool {
	t.Helper()
	if !w.lines.Scan() {
		return false
	}
	if _, err := fmt.Sscan(w.lines.Text(), &w.last); err != nil {
		t.Fatalf("the writer said %q", w.lines.Text())
	}
	return true
}

// kill ends the process with SIGKILL, and returns the number of the last key that
// it said was written, -1 if none.
func (w *program) kill(t *testing.T) int64 {
	t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for w.next(t) {
	}
	_ = w.cmd.Wait()
	if said, err := os.ReadFile(w.said.Name()); err != nil || len(said) > 0 {
		t.Errorf("the writer's standard error: %q, %v", said, err)
	}
	return w.last
}
