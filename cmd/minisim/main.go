// Command minisim is a whole Kubernetes cluster that you can pause. One file per
// command; here are only flags, streams and exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"minisim/internal/source"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // a run failed: an expectation did not hold, or something broke
	exitUsage       = 2   // bad usage or bad input
	exitInterrupted = 130 // Ctrl-C
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// errFailed is a run that has said itself what went wrong.
var errFailed = errors.New("failed")

// usageError is bad usage or bad input.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func main() { os.Exit(Main()) }

// Main is the program, without the exit.
func Main() int {
	// A reader that goes away (minisim run … | head) is an error of the write, not the program's sudden end,
	// so that everything is tidied up. The signal is caught and not ignored: kubectl would inherit that it is ignored.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	quieten()
	return run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
}

// quieten has libraries keep to themselves what they would log: it has no place on a screen, and none in what is told.
func quieten() { klog.SetLogger(logr.Discard()) }

func run(ctx context.Context, args []string, s streams) int {
	root := rootCommand(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return report(root.ExecuteContext(ctx), s.err)
}

// report says what went wrong, if anything, and gives the exit code.
func report(err error, to io.Writer) int {
	var usage usageError
	var faults source.Diagnostics
	var other exitError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errQuit):
		fmt.Fprintln(to, "minisim: "+err.Error())
		return exitOK
	case errors.As(err, &other):
		return int(other)
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(to, "minisim: interrupted")
		return exitInterrupted
	case errors.Is(err, syscall.EPIPE):
		return exitFailed // nobody reads on: there is nobody to tell
	case errors.As(err, &faults):
		fmt.Fprintln(to, err)
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintln(to, "minisim: "+strings.TrimSpace(err.Error()))
		return exitUsage
	}
	fmt.Fprintln(to, "minisim: "+err.Error())
	return exitFailed
}

func rootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "minisim",
		Short: "A whole Kubernetes cluster that you can pause",
		Long: `minisim runs a Docker Compose file on a simulated Kubernetes cluster: a real API
over a real etcd, a scheduler, controllers and worker nodes, on a virtual clock.
Nothing is installed, nothing is downloaded, and nothing is left behind.

  minisim run                 list the built-in scenarios
  minisim run redis-app       run one of them
  minisim run compose.yaml    run your own compose file
  minisim up -d               start a cluster for kubectl in the background`,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return c.Help()
		},
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", plainly(err), c.CommandPath())}
	})
	root.AddGroup(&cobra.Group{ID: groupServing, Title: "Clusters that kubectl can use:"}, &cobra.Group{ID: groupRunning, Title: "On a running cluster:"})
	root.AddCommand(runCommand(s), replayCommand(s), diffCommand(s), whyCommand(s), scheduleCommand(s), capacityCommand(s), compareCommand(s), lintCommand(s), gradeCommand(s), newCommand(s), verbsCommand(s), versionCommand(s))
	root.AddCommand(upCommand(s), downCommand(s), lsCommand(s), kubeconfigCommand(s), logsCommand(s), kubectlCommand(s))
	root.AddCommand(orderCommands(s)...)
	return root
}

func unknownCommand(c *cobra.Command, name string) error {
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	hint := source.DidYouMean(name, names)
	if hint == "" {
		hint = "see minisim --help"
	}
	return usageError{fmt.Errorf("there is no command %q; %s", name, hint)}
}

// atMost is the check of how many arguments there are.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		takes := "takes at most " + several(n, "argument")
		if n == 0 {
			takes = "takes no arguments"
		}
		return usageError{fmt.Errorf("%s %s, got %d; see %s --help", c.CommandPath(), takes, len(args), c.CommandPath())}
	}
}

// several counts things: "1 pod", "2 pods".
func several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
