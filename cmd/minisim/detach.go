package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// detach starts the same command without -d as a process of its own, and leaves it
// alone when it says that the cluster is ready.
func detach(c *cobra.Command, args []string, s streams) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	told, tells, err := os.Pipe() // one for both streams, so that they stay in order
	if err != nil {
		return err
	}
	defer told.Close()
	child := exec.Command(self, again(c, args)...)
	child.SysProcAttr, child.Stdout, child.Stderr = apart(), tells, tells
	if err := errors.Join(child.Start(), tells.Close()); err != nil {
		return err
	}
	stop := context.AfterFunc(c.Context(), func() {
		_ = child.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	})
	defer stop()
	lines := bufio.NewReader(told)
	if way := untilWay(lines, s.err); way != "" && c.Context().Err() == nil {
		_, err := fmt.Fprint(s.out, way)
		return err
	}
	_, _ = lines.WriteTo(s.err) // it was interrupted, and may have more to tell
	err = child.Wait()
	switch {
	case c.Context().Err() != nil:
		return c.Context().Err()
	case child.ProcessState.ExitCode() > 0:
		return exitError(child.ProcessState.ExitCode())
	}
	return errors.Join(errors.New("the cluster has ended before it was ready"), err)
}

// untilWay passes on what is told until the line that says how to get to the
// cluster, and gives that one; "" if what is told ends before. Lines may have any length.
func untilWay(lines *bufio.Reader, to io.Writer) string {
	for {
		line, err := lines.ReadString('\n')
		if strings.HasPrefix(line, wayMark) && err == nil {
			return line
		}
		io.WriteString(to, line)
		if err != nil {
			return ""
		}
	}
}

// exitError is the exit code of another program that has said itself what went wrong.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// again is the command line once more, without -d.
func again(c *cobra.Command, args []string) []string {
	words := []string{c.Name()}
	c.Flags().Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		if f.Name != "detach" {
			words = append(words, "--"+f.Name+"="+value)
		}
	})
	return append(append(words, "--"), args...)
}
