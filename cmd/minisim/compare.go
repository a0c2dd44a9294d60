package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	resourcehelper "k8s.io/component-helpers/resource"

	"minisim/sim/api"
	"minisim/sim/cluster"
	"minisim/sim/scenario"
	"minisim/sim/scheduler"
	"minisim/sim/scheduler/framework"
	"minisim/sim/trace"
)

func compareCommand(s streams) *cobra.Command {
	var a, b, output string
	var o runOptions
	c := &cobra.Command{
		Use:   "compare --a CONFIG --b CONFIG FILE",
		Short: "Run one workload under two scheduler configurations and compare where the pods go",
		Long: `Compare runs a compose file or a built-in scenario twice with the same seed, once
with each KubeSchedulerConfiguration, and compares how full and how even the nodes
are in the end, how the pods are spread, which pods have no node, and the first
decision that differs. One of --a and --b may be left out: it is the default profile.`,
		Example: `  minisim compare --b most-allocated.yaml scaling`,
		Args:    atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("compare needs a file or scenario")}
			}
			if a == "" && b == "" {
				return usageError{errors.New("compare needs a scheduler configuration: --a, --b or both")}
			}
			if err := oneOf("-o", output, "text", "json", "yaml"); err != nil {
				return err
			}
			o.seedSet = c.Flags().Changed("seed")
			x := comparison{A: outcome{Config: configName(a)}, B: outcome{Config: configName(b)}}
			if err := x.A.run(c.Context(), args[0], a, o); err != nil {
				return err
			}
			if err := x.B.run(c.Context(), args[0], b, o); err != nil {
				return err
			}
			x.findDifference()
			if output != "text" {
				return printValue(s.out, output, x)
			}
			return x.print(s.out)
		},
	}
	f := c.Flags()
	f.StringVar(&a, "a", "", "the first KubeSchedulerConfiguration (default: the default profile)")
	f.StringVar(&b, "b", "", "the second KubeSchedulerConfiguration (default: the default profile)")
	f.StringVarP(&output, "output", "o", "text", "text, json or yaml")
	f.Uint64Var(&o.seed, "seed", 0, "the number from which all chance derives (default: the scenario's)")
	return c
}

func configName(path string) string {
	if path == "" {
		return "default"
	}
	return path
}

// comparison is what compare has found out.
type comparison struct {
	A     outcome     `json:"a"`
	B     outcome     `json:"b"`
	First *difference `json:"firstDifference,omitempty"`
}

// outcome is the state at the end of one run.
type outcome struct {
	Config      string      `json:"config"`
	Nodes       []nodeUsage `json:"nodes"`
	NodesUsed   int         `json:"nodesUsed"`   // with at least one pod
	Spread      int         `json:"spread"`      // pods on the fullest node less pods on the emptiest
	Imbalance   float64     `json:"imbalance"`   // standard deviation of the nodes' CPU utilisation, in per cent
	Unscheduled []string    `json:"unscheduled"` // pods without a node

	decisions []*framework.Decision
}

// nodeUsage is what the pods of a node request, in per cent of what it has for them.
type nodeUsage struct {
	Name   string  `json:"name"`
	Pods   int     `json:"pods"`
	CPU    float64 `json:"cpuPercent"`
	Memory float64 `json:"memoryPercent"`
}

// difference is the first decision that came out differently.
type difference struct {
	Number int                 `json:"number"` // of the decision in its run, from 1
	A      *framework.Decision `json:"a,omitempty"`
	B      *framework.Decision `json:"b,omitempty"`
}

func (x *outcome) run(ctx context.Context, name, config string, o runOptions) (err error) {
	o.schedulerConfig = config
	sc, err := load(name, o)
	if err != nil {
		return err
	}
	c, err := cluster.New(ctx, sc.Cluster)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	c.Trace.Subscribe(func(r trace.Record) {
		if d, ok := r.Body.(scheduler.Decision); ok {
			x.decisions = append(x.decisions, d.Decision)
		}
	})
	r := scenario.NewRunner(sc, c)
	r.Start()
	if err := runTo(ctx, r, -1); err != nil {
		return err
	}
	return x.measure(c.Admin("kubernetes-admin", "compare"))
}

func (x *outcome) measure(c api.Client) error {
	pods, err := c.List(api.Pods, api.ListOptions{})
	if err != nil {
		return err
	}
	nodes, err := c.List(api.Nodes, api.ListOptions{})
	if err != nil {
		return err
	}
	x.Unscheduled = []string{}
	onNode := map[string][]*corev1.Pod{}
	for _, o := range pods.Items {
		pod := o.(*corev1.Pod)
		switch {
		case pod.Spec.NodeName == "":
			x.Unscheduled = append(x.Unscheduled, api.KeyOf(pod).String())
		case pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed:
			onNode[pod.Spec.NodeName] = append(onNode[pod.Spec.NodeName], pod)
		}
	}
	most, least := 0, math.MaxInt
	for _, o := range nodes.Items {
		u := usage(o.(*corev1.Node), onNode[o.GetName()])
		x.Nodes = append(x.Nodes, u)
		most, least = max(most, u.Pods), min(least, u.Pods)
		if u.Pods > 0 {
			x.NodesUsed++
		}
	}
	if len(x.Nodes) > 0 {
		x.Spread, x.Imbalance = most-least, deviation(x.Nodes)
	}
	return nil
}

func usage(node *corev1.Node, pods []*corev1.Pod) nodeUsage {
	var cpu, memory int64
	for _, p := range pods {
		requests := resourcehelper.PodRequests(p, resourcehelper.PodResourcesOptions{})
		cpu += requests.Cpu().MilliValue()
		memory += requests.Memory().Value()
	}
	return nodeUsage{
		Name: node.Name, Pods: len(pods),
		CPU:    percent(cpu, node.Status.Allocatable.Cpu().MilliValue()),
		Memory: percent(memory, node.Status.Allocatable.Memory().Value()),
	}
}

func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return math.Round(float64(part)/float64(whole)*1000) / 10
}

func deviation(nodes []nodeUsage) float64 {
	var sum, squares float64
	for _, n := range nodes {
		sum += n.CPU
	}
	mean := sum / float64(len(nodes))
	for _, n := range nodes {
		squares += (n.CPU - mean) * (n.CPU - mean)
	}
	return math.Round(math.Sqrt(squares/float64(len(nodes)))*10) / 10
}

// findDifference compares the two runs decision by decision.
func (x *comparison) findDifference() {
	for i := range max(len(x.A.decisions), len(x.B.decisions)) {
		d := difference{Number: i + 1}
		if i < len(x.A.decisions) {
			d.A = x.A.decisions[i]
		}
		if i < len(x.B.decisions) {
			d.B = x.B.decisions[i]
		}
		if d.A == nil || d.B == nil || d.A.Pod != d.B.Pod || d.A.Winner != d.B.Winner {
			x.First = &d
			return
		}
	}
}

func (x *comparison) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\tA: %s\tB: %s\n", x.A.Config, x.B.Config)
	fmt.Fprintf(w, "nodes used\t%d of %d\t%d of %d\n", x.A.NodesUsed, len(x.A.Nodes), x.B.NodesUsed, len(x.B.Nodes))
	fmt.Fprintf(w, "pods: fullest node less emptiest\t%d\t%d\n", x.A.Spread, x.B.Spread)
	fmt.Fprintf(w, "CPU: standard deviation over nodes\t%.1f %%\t%.1f %%\n", x.A.Imbalance, x.B.Imbalance)
	fmt.Fprintf(w, "pods without a node\t%d\t%d\n", len(x.A.Unscheduled), len(x.B.Unscheduled))
	for _, n := range x.A.Nodes {
		other := nodeUsage{}
		if i := slices.IndexFunc(x.B.Nodes, func(m nodeUsage) bool { return m.Name == n.Name }); i >= 0 {
			other = x.B.Nodes[i]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", n.Name, n.text(), other.text())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if x.First == nil {
		_, err := fmt.Fprintf(out, "All %d decisions came out alike.\n", len(x.A.decisions))
		return err
	}
	fmt.Fprintf(out, "\nThe first decision that differs is number %d:\n", x.First.Number)
	for _, side := range []struct {
		name string
		d    *framework.Decision
	}{{"A", x.First.A}, {"B", x.First.B}} {
		if side.d == nil {
			fmt.Fprintf(out, "%s: none\n", side.name)
			continue
		}
		fmt.Fprintf(out, "%s: %s\n", side.name, side.d.Why())
		for _, line := range side.d.CompactLines() {
			fmt.Fprintln(out, "   "+line)
		}
	}
	return nil
}

func (n nodeUsage) text() string {
	return fmt.Sprintf("%d pods, CPU %.1f %%, memory %.1f %%", n.Pods, n.CPU, n.Memory)
}
