package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"minisim/internal/roster"
	"minisim/sim/scenario"
	"minisim/ui/remote"
)

// The groups of commands in the help.
const (
	groupServing = "serving"
	groupRunning = "running"
)

// orderCommands are the commands that a running cluster carries out: the verbs,
// and what the console understands beside them.
func orderCommands(s streams) []*cobra.Command {
	var all []*cobra.Command
	for _, v := range scenario.Verbs() {
		long := strings.ToUpper(v.Help[:1]) + v.Help[1:] + ".\n\nForms: " + v.Usage + "\n\n" +
			"It is carried out at once as a request from outside, which recordings keep; drain and wait\n" +
			"take virtual time. The exit code is 1 if it failed, and 2 if it could not be understood."
		all = append(all, orderCommand(s, v.Name, v.Usage, strings.ToUpper(v.Help[:1])+v.Help[1:], long, v.Flags...))
	}
	for _, c := range consoleCommands() {
		if !c.hidden {
			all = append(all, orderCommand(s, c.name, strings.TrimSpace(c.name+" "+c.args), c.help, c.help+".\n\n"+c.more))
		}
	}
	return append(all, statusCommand(s))
}

// orderCommand is one that a running cluster carries out.
func orderCommand(s streams, name, usage, short, long string, flags ...scenario.Flag) *cobra.Command {
	var cluster string
	set := make([]bool, len(flags))
	first, _, _ := strings.Cut(usage, " | ")
	first, _, _ = strings.Cut(first, ",")
	c := &cobra.Command{
		Use: first, Short: short, Long: strings.TrimSpace(long), GroupID: groupRunning, DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			words := append([]string{name}, args...)
			for i, f := range flags {
				if set[i] {
					words = append(words, f.Name)
				}
			}
			return order(c.Context(), s, cluster, words...)
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, last string) ([]string, cobra.ShellCompDirective) {
			return complete(c.Context(), cluster, append(append([]string{name}, args...), last)), cobra.ShellCompDirectiveNoFileComp
		},
	}
	nameFlag(c, &cluster)
	for i, f := range flags {
		c.Flags().BoolVar(&set[i], strings.TrimPrefix(f.Name, "--"), false, f.Help)
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if n := negative(err); n != "" {
			return usageError{fmt.Errorf("%s: a number must not be negative, this is %s; see minisim %s --help", name, n, name)}
		}
		return usageError{fmt.Errorf("%w; see minisim %s --help", plainly(err), name)}
	})
	return c
}

// nameFlag says which cluster is meant.
func nameFlag(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "name", "", "the cluster (default: the one of KUBECONFIG, or the only one)")
	_ = c.RegisterFlagCompletionFunc("name", completeNames)
}

// whichName is the name by which a command's argument or --name, which mean the same, name a cluster; "" if neither does.
func whichName(args []string, name string) (string, error) {
	switch {
	case len(args) == 0:
		return name, nil
	case name != "" && args[0] != name:
		return "", usageError{fmt.Errorf("%s or --name %s: name one cluster", args[0], name)}
	}
	return args[0], nil
}

// whichCluster finds the running cluster that a command's argument or --name names.
func whichCluster(s streams, args []string, name string) (roster.Cluster, error) {
	name, err := whichName(args, name)
	if err != nil {
		return roster.Cluster{}, err
	}
	return findCluster(s, name)
}

// order has a running cluster carry out a command, and prints what it says.
func order(ctx context.Context, s streams, name string, args ...string) error {
	c, err := findCluster(s, name)
	if err != nil {
		return err
	}
	err = remote.Do(ctx, c.Socket(), remote.Request{Args: args}, s.out)
	var usage remote.UsageError
	switch {
	case errors.As(err, &usage):
		return usageError{usage.Err}
	case errors.Is(err, remote.ErrUnreachable), errors.Is(err, remote.ErrEnded):
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	return err
}

// findCluster finds the running cluster that is meant, and tells of those that have died.
func findCluster(s streams, name string) (roster.Cluster, error) {
	if name != "" {
		if err := roster.CheckName(name); err != nil {
			return roster.Cluster{}, usageError{err}
		}
	}
	dead := sweep(clusters(), s)
	c, err := clusters().Find(name, os.Getenv("KUBECONFIG"))
	told := slices.ContainsFunc(dead, func(d roster.Dead) bool { return name == "" || d.Name == name })
	if err != nil && told {
		return c, errFailed
	}
	if err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// clusters are those that this user runs on this machine.
func clusters() roster.Roster { return roster.New(os.Getenv) }

// sweep removes what dead clusters have left behind, and tells of them.
func sweep(r roster.Roster, s streams) []roster.Dead {
	dead, err := r.Sweep()
	for _, d := range dead {
		fmt.Fprintln(s.err, "minisim: "+d.String())
	}
	if err != nil {
		fmt.Fprintln(s.err, "minisim: "+err.Error())
	}
	return dead
}

// complete asks the cluster how a command can go on. A shell waits: nothing is said of what goes wrong.
func complete(ctx context.Context, name string, words []string) []string {
	c, err := clusters().Find(name, os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var out bytes.Buffer
	if err := remote.Do(ctx, c.Socket(), remote.Request{Args: append([]string{"complete"}, words...)}, &out); err != nil {
		return nil
	}
	return strings.Fields(out.String())
}

// completeNames are the names of the running clusters.
func completeNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, _ := clusters().List()
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// shellQuote writes a text so that a shell reads it as one word.
func shellQuote(text string) string {
	plain := func(c rune) bool {
		return c == '_' || c == '-' || c == '/' || c == '.' || c == ':' || c == '+' || c == '=' || c == ',' || c == '@' ||
			'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if text != "" && strings.IndexFunc(text, func(c rune) bool { return !plain(c) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
