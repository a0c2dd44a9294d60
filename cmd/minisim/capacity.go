package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/whatif"
)

func capacityCommand(s streams) *cobra.Command {
	var o snapshotFlags
	var pod string
	var limit int
	c := &cobra.Command{
		Use:   "capacity -f SNAPSHOT -f POD",
		Short: "Say how many more of a pod fit into a dumped cluster, where, and what stops the next one",
		Example: `  minisim capacity -f snapshot.yaml -f pod.yaml
  minisim capacity -f snapshot.yaml --pod default/web-1 -o json`,
		Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			if limit < 0 {
				return usageError{fmt.Errorf("--limit %d: it must not be negative", limit)}
			}
			cluster, err := o.load(s)
			if err != nil {
				return err
			}
			profiles, err := profiles(o.config)
			if err != nil {
				return err
			}
			p, err := choosePod(cluster.Pending, pod)
			if err != nil {
				return err
			}
			profile := profiles[p.Pod.Spec.SchedulerName]
			if profile == nil {
				return usageError{fmt.Errorf("pod %s asks for the scheduler %q, which no profile has", p.Key, p.Pod.Spec.SchedulerName)}
			}
			result := whatif.HowMany(cluster.View, p, profile, limit)
			if o.output == "json" || o.output == "yaml" {
				return printValue(s.out, o.output, result)
			}
			return printCapacity(s, result, o.output == "wide")
		},
	}
	o.add(c)
	c.Flags().StringVar(&pod, "pod", "", "the pending pod to ask about, as namespace/name (default: the only one)")
	c.Flags().IntVar(&limit, "limit", 0, fmt.Sprintf("stop after so many pods (default %d)", whatif.CapacityLimit))
	return c
}

// choosePod finds the pod that is meant among the pending ones.
func choosePod(pending []*framework.PodInfo, name string) (*framework.PodInfo, error) {
	var names []string
	for _, p := range pending {
		if p.Key == name || p.Key == "default/"+name {
			return p, nil
		}
		names = append(names, p.Key)
	}
	switch {
	case len(pending) == 0:
		return nil, usageError{errors.New("the files have no pod without a node; give one with another -f")}
	case name != "":
		return nil, usageError{fmt.Errorf("there is no pending pod %q; there are %s", name, strings.Join(names, ", "))}
	case len(pending) > 1:
		return nil, usageError{fmt.Errorf("which pod? choose with --pod among %s", strings.Join(names, ", "))}
	}
	return pending[0], nil
}

func printCapacity(s streams, c *whatif.Capacity, wide bool) error {
	fit := "fit"
	if c.Fit == 1 {
		fit = "fits"
	}
	fmt.Fprintf(s.out, "%s: %d more %s\n", c.Pod, c.Fit, fit)
	for _, n := range c.Nodes {
		fmt.Fprintf(s.out, "  %s: %d\n", n.Node, n.Pods)
	}
	if c.Limited {
		_, err := fmt.Fprintln(s.out, "and perhaps more: the search ended at its limit")
		return err
	}
	fmt.Fprintf(s.out, "the next one: %s\n", c.Stop.Why())
	if wide {
		for _, line := range tableOf(c.Stop, true) {
			fmt.Fprintln(s.out, "  "+line)
		}
	}
	return nil
}
