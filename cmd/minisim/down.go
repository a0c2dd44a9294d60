package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"minisim/internal/roster"
	"minisim/ui/remote"
)

func downCommand(s streams) *cobra.Command {
	var all bool
	var name string
	c := &cobra.Command{
		Use: "down [NAME]", Short: "End a cluster, and remove what belongs to it",
		Long: `Down ends a running cluster, in the background or not: its process, its folder and,
if it was merged there, its context in your kubeconfig. A folder given by --data-dir
stays. Without NAME it is the only cluster, or the one of KUBECONFIG.`,
		Example: "  minisim down c1\n  minisim down --all",
		Args:    atMost(1), GroupID: groupServing, ValidArgsFunction: completeNames,
		RunE: func(c *cobra.Command, args []string) error {
			name, err := whichName(args, name)
			if err != nil {
				return err
			}
			if all && name != "" {
				return usageError{errors.New("down takes a name or --all, not both")}
			}
			if all {
				return downAll(c.Context(), clusters(), s)
			}
			one, err := findCluster(s, name)
			if err != nil {
				return err
			}
			return down(c.Context(), clusters(), one, s)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "end all clusters")
	nameFlag(c, &name)
	return c
}

func downAll(ctx context.Context, r roster.Roster, s streams) error {
	sweep(r, s)
	all, err := r.List()
	for _, one := range all {
		err = errors.Join(err, down(ctx, r, one, s))
	}
	return err
}

// For how long a cluster is waited for that is told to end, before it is asked less and less kindly.
const (
	kindly = 15 * time.Second // it may have a recording to write
	firmly = 5 * time.Second
)

// signalled sends a signal to a cluster's process and says whether that ended it.
func signalled(ctx context.Context, c roster.Cluster, signal os.Signal) bool {
	process, err := os.FindProcess(c.PID)
	if err != nil || !c.Alive() || process.Signal(signal) != nil { // never to a process that is not the cluster's
		return !c.Alive()
	}
	ctx, cancel := context.WithTimeout(ctx, firmly)
	defer cancel()
	return c.Wait(ctx)
}

// down ends one cluster: by its socket, or if it does not listen by signals.
func down(ctx context.Context, r roster.Roster, c roster.Cluster, s streams) error {
	asked, cancel := context.WithTimeout(ctx, kindly)
	defer cancel()
	err := remote.Do(asked, c.Socket(), remote.Request{Args: []string{leaveCommand}}, io.Discard)
	gone := false
	if err == nil || errors.Is(err, remote.ErrEnded) {
		gone = c.Wait(asked)
	}
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if gone || ctx.Err() != nil {
			break
		}
		fmt.Fprintf(s.err, "minisim: cluster %s does not answer; sends its process %d %s\n", c.Name, c.PID, signal)
		gone = signalled(ctx, c, signal)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !gone {
		return fmt.Errorf("cluster %s, process %d, cannot be ended", c.Name, c.PID)
	}
	for _, dead := range sweep(r, s) { // it was killed, or has broken down at the end
		if dead.Name == c.Name && dead.PID == c.PID {
			return errFailed
		}
	}
	_, err = fmt.Fprintf(s.out, "cluster %s has ended\n", c.Name)
	return err
}
