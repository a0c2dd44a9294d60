package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"minisim/internal/served"
	"minisim/sim/apiserver/rest"
)

// serveForBench serves a default cluster as fast as real time until standard
// input ends. It says on standard output where its kubeconfig is, and answers
// each line of input with what the process has used.
func serveForBench(ctx context.Context) (err error) {
	c, err := served.Start(ctx, served.Config{Speed: 1})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "minisim-bench-")
	defer func() { err = errors.Join(err, c.Close(), os.RemoveAll(dir)) }()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "kubeconfig")
	if err := c.Server.WriteKubeconfig(file, "bench", rest.Admin); err != nil {
		return err
	}
	fmt.Println(file)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		used := usage{Memory: float64(m.HeapAlloc + m.StackInuse), CPU: processorTime().Seconds()}
		if err := json.NewEncoder(os.Stdout).Encode(used); err != nil {
			return err
		}
	}
	return nil
}

// usage is what a process holds and has had.
type usage struct {
	Memory float64 // bytes, after the collector's work
	CPU    float64 // seconds of processor so far
}

// server is such a process, seen by its client.
type server struct {
	kubeconfig string
	cmd        *exec.Cmd
	ask        io.WriteCloser
	answers    *json.Decoder
}

func startServer(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.CommandContext(ctx, self, "-child", "serve")}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.ask, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	if s.kubeconfig, err = lines.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the server does not serve: %w", err), s.stop())
	}
	s.kubeconfig, s.answers = s.kubeconfig[:len(s.kubeconfig)-1], json.NewDecoder(lines)
	return s, nil
}

// usage asks what the server's process has used.
func (s *server) usage() (u usage, err error) {
	if _, err := fmt.Fprintln(s.ask); err != nil {
		return u, err
	}
	return u, s.answers.Decode(&u)
}

func (s *server) stop() error { return errors.Join(s.ask.Close(), s.cmd.Wait()) }
