package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"testing"
)

// TestServe has a served cluster say where it is to be found, and leave nothing behind when it is interrupted.
func TestServe(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"run", "hello", "--serve", "--speed", "max"}, streams{strings.NewReader(""), in, io.Discard})
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	var file string
	for lines.Scan() {
		if f, ok := strings.CutPrefix(lines.Text(), "export KUBECONFIG="); ok {
			file = f
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", file, info, err)
			}
		}
		if strings.Contains(lines.Text(), "end of the run") {
			interrupt()
		}
	}
	if code := <-done; code != exitOK {
		t.Errorf("Ctrl-C gave exit code %d", code)
	}
	if _, err := os.Stat(file); file == "" || !os.IsNotExist(err) {
		t.Errorf("the kubeconfig %q is still there: %v", file, err)
	}
}
