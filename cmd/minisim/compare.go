package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/cluster"
	"minisim/sim/scenario"
	"minisim/sim/scheduler"
	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/whatif"
	"minisim/sim/trace"
)

func compareCommand(s streams) *cobra.Command {
	var a, b string
	var run runOptions
	var dump snapshotFlags
	c := &cobra.Command{
		Use:   "compare --a CONFIG --b CONFIG FILE | -f SNAPSHOT",
		Short: "Run one workload under two scheduler configurations and compare where the pods go",
		Long: `Compare runs a compose file or a built-in scenario twice with the same seed, once
with each KubeSchedulerConfiguration, and compares how full and how even the nodes
are in the end, how the pods are spread, which pods have no node, and the first
decision that differs. One of --a and --b may be left out: it is the default profile.

With -f it takes a dumped cluster and places its pending pods one after the other
by each of the two, as minisim schedule --sequential does.`,
		Example: `  minisim compare --b most-allocated.yaml scaling
  minisim compare --b most-allocated.yaml -f snapshot.yaml`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 1) == (len(dump.files) > 0) {
				return usageError{errors.New("compare needs a file or scenario, or a dump with -f")}
			}
			if a == "" && b == "" {
				return usageError{errors.New("compare needs a scheduler configuration: --a, --b or both")}
			}
			if err := oneOf("-o", dump.output, "text", "wide", "json", "yaml"); err != nil {
				return err
			}
			run.seedSet = c.Flags().Changed("seed")
			compare := func() (*whatif.Comparison, error) { return compareRuns(c.Context(), args[0], a, b, run) }
			if len(args) == 0 {
				compare = func() (*whatif.Comparison, error) { return compareDump(dump, a, b, s) }
			}
			x, err := compare()
			if err != nil {
				return err
			}
			x.A.Config, x.B.Config = configName(a), configName(b)
			if dump.output == "json" || dump.output == "yaml" {
				return printValue(s.out, dump.output, x)
			}
			return printComparison(s.out, x, dump.output == "wide")
		},
	}
	f := c.Flags()
	f.StringVar(&a, "a", "", "the first KubeSchedulerConfiguration (default: the default profile)")
	f.StringVar(&b, "b", "", "the second KubeSchedulerConfiguration (default: the default profile)")
	f.Uint64Var(&run.seed, "seed", 0, "the number from which all chance derives (default: the scenario's)")
	dump.addFiles(c)
	return c
}

func configName(path string) string {
	if path == "" {
		return "default"
	}
	return path
}

// compareDump places the pending pods of a dump by both configurations.
func compareDump(dump snapshotFlags, a, b string, s streams) (*whatif.Comparison, error) {
	c, err := dump.load(s)
	if err != nil {
		return nil, err
	}
	var sides [2]map[string]*framework.Profile
	for i, config := range []string{a, b} {
		if sides[i], err = profiles(config); err != nil {
			return nil, err
		}
	}
	return whatif.Compare(c.View, c.Pending, sides[0], sides[1]), nil
}

// compareRuns plays a file under both configurations.
func compareRuns(ctx context.Context, name, a, b string, o runOptions) (*whatif.Comparison, error) {
	var sides [2]whatif.Outcome
	for i, config := range []string{a, b} {
		o.schedulerConfig = config
		var err error
		if sides[i], err = outcomeOf(ctx, name, o); err != nil {
			return nil, err
		}
	}
	return whatif.Contrast(sides[0], sides[1]), nil
}

// outcomeOf runs a file to its end.
func outcomeOf(ctx context.Context, name string, o runOptions) (x whatif.Outcome, err error) {
	sc, err := load(name, o)
	if err != nil {
		return x, err
	}
	c, err := cluster.New(ctx, sc.Cluster)
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	c.Trace.Subscribe(func(r trace.Record) {
		if d, ok := r.Body.(scheduler.Decision); ok {
			x.Decisions = append(x.Decisions, d.Decision)
		}
	})
	r := scenario.NewRunner(sc, c)
	r.Start()
	if err := runTo(ctx, r, -1); err != nil {
		return x, err
	}
	x.View, x.Unscheduled, err = clusterState(c.Admin("kubernetes-admin", "compare"))
	return x, err
}

// clusterState reads nodes and pods as the scheduler sees them, and the pods without a node.
func clusterState(c api.Client) (*framework.Snapshot, []string, error) {
	nodes, err := c.List(api.Nodes, api.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	pods, err := c.List(api.Pods, api.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	view := framework.NewSnapshot()
	for _, o := range nodes.Items {
		view.SetNode(o.(*corev1.Node))
	}
	var unscheduled []string
	for _, o := range pods.Items {
		pod := o.(*corev1.Pod)
		switch {
		case pod.Spec.NodeName == "":
			unscheduled = append(unscheduled, api.KeyOf(pod).String())
		case pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed:
			view.AddPod(framework.NewPodInfo(pod), pod.Spec.NodeName)
		}
	}
	return view, unscheduled, nil
}

// fewNodes is up to how many nodes compare tells one by one.
const fewNodes = 20

func printComparison(out io.Writer, x *whatif.Comparison, wide bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	a, b := &x.A, &x.B
	fmt.Fprintf(w, "\tA: %s\tB: %s\n", a.Config, b.Config)
	fmt.Fprintf(w, "nodes used\t%d of %d\t%d of %d\n", a.NodesUsed, len(a.Nodes), b.NodesUsed, len(b.Nodes))
	fmt.Fprintf(w, "pods: fullest node less emptiest\t%d\t%d\n", a.Spread, b.Spread)
	fmt.Fprintf(w, "CPU: mean, fullest\t%.1f %%, %.1f %%\t%.1f %%, %.1f %%\n", a.CPU.Mean, a.CPU.Most, b.CPU.Mean, b.CPU.Most)
	fmt.Fprintf(w, "CPU: standard deviation over nodes\t%.1f %%\t%.1f %%\n", a.CPU.Deviation, b.CPU.Deviation)
	fmt.Fprintf(w, "memory: standard deviation over nodes\t%.1f %%\t%.1f %%\n", a.Memory.Deviation, b.Memory.Deviation)
	fmt.Fprintf(w, "pods without a node\t%d\t%d\n", len(a.Unscheduled), len(b.Unscheduled))
	for _, n := range a.Nodes {
		if len(a.Nodes) > fewNodes && !wide {
			break
		}
		other := whatif.NodeUsage{}
		if i := slices.IndexFunc(b.Nodes, func(m whatif.NodeUsage) bool { return m.Name == n.Name }); i >= 0 {
			other = b.Nodes[i]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", n.Name, usageText(n), usageText(other))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if x.First == nil {
		_, err := fmt.Fprintf(out, "All %d decisions came out alike.\n", a.Decisions)
		return err
	}
	fmt.Fprintf(out, "\nThe first decision that differs is number %d:\n", x.First.Number)
	printSide(out, "A", x.First.A, wide)
	printSide(out, "B", x.First.B, wide)
	return nil
}

func printSide(out io.Writer, name string, d *framework.Decision, wide bool) {
	if d == nil {
		fmt.Fprintf(out, "%s: none\n", name)
		return
	}
	fmt.Fprintf(out, "%s: %s\n", name, d.Why())
	for _, line := range tableOf(d, wide) {
		fmt.Fprintln(out, "   "+line)
	}
}

func usageText(n whatif.NodeUsage) string {
	return fmt.Sprintf("%s, CPU %.1f %%, memory %.1f %%", several(n.Pods, "pod"), n.CPU, n.Memory)
}
