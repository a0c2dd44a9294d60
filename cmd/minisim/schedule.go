package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"minisim/sim/scheduler/config"
	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/snapshot"
	"minisim/sim/scheduler/whatif"
)

// snapshotFlags are those of all commands that look at a dump of a cluster.
type snapshotFlags struct {
	files  []string
	config string
	output string
}

func (o *snapshotFlags) add(c *cobra.Command) {
	o.addFiles(c)
	f := c.Flags()
	f.StringVar(&o.config, "scheduler-config", "", "a KubeSchedulerConfiguration (default: kube-scheduler's default profile)")
}

// addFiles adds the flags for the dump itself and the output, without a configuration.
func (o *snapshotFlags) addFiles(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVarP(&o.files, "filename", "f", nil, "a file with objects (YAML or JSON, Lists too), - for standard input; may be given several times")
	f.StringVarP(&o.output, "output", "o", "text", "text, wide, json or yaml")
}

// load reads the dump and tells its notes on standard error.
func (o *snapshotFlags) load(s streams) (*snapshot.Cluster, error) {
	if len(o.files) == 0 {
		return nil, usageError{errors.New("which cluster? give a file with -f, as `kubectl get nodes,pods,pvc,pv,services -A -o yaml` prints it")}
	}
	if err := oneOf("-o", o.output, "text", "wide", "json", "yaml"); err != nil {
		return nil, err
	}
	var files []snapshot.File
	for _, name := range o.files {
		text, err := readInput(name, s.in)
		if err != nil {
			return nil, err
		}
		if name == "-" {
			name = "standard input"
		}
		files = append(files, snapshot.File{Name: name, Text: text})
	}
	c, err := snapshot.Load(files...)
	if err != nil {
		return nil, usageError{err}
	}
	for _, n := range c.Notes {
		fmt.Fprintln(s.err, "note: "+n)
	}
	return c, nil
}

// profiles are those of a configuration, by schedulerName.
func profiles(config string) (map[string]*framework.Profile, error) {
	c, err := loadSchedulerConfig(config)
	if err != nil {
		return nil, err
	}
	byName := map[string]*framework.Profile{}
	for _, p := range c.Profiles {
		byName[p.Name] = p
	}
	return byName, nil
}

// loadSchedulerConfig reads a KubeSchedulerConfiguration; "" stands for the default one.
func loadSchedulerConfig(path string) (*config.Config, error) {
	if path == "" {
		return config.Load([]byte("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{err}
	}
	c, err := config.Load(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", path, err)}
	}
	return c, nil
}

// maxInput bounds what is read of a dump: a cluster of 5,000 nodes takes some 100 MB.
const maxInput = 1 << 30

func readInput(name string, in io.Reader) ([]byte, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usageError{err}
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", name, err)}
	}
	if len(text) > maxInput {
		return nil, usageError{fmt.Errorf("%s: larger than %d MiB", name, maxInput>>20)}
	}
	return text, nil
}

// printValue writes a value as JSON or YAML.
func printValue(w io.Writer, output string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil && output == "yaml" {
		text, err = yaml.JSONToYAML(text)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, strings.TrimRight(string(text), "\n"))
	return err
}

func scheduleCommand(s streams) *cobra.Command {
	var o snapshotFlags
	var inTurn bool
	c := &cobra.Command{
		Use:   "schedule -f SNAPSHOT [-f PODS]",
		Short: "Say for each pending pod of a dumped cluster where it would go, or why it cannot",
		Long: `Schedule takes objects as kubectl prints them and gives the scheduler's verdict on
every pod that has no node: the nodes that are feasible, the first rule that
rejects each other one, all scores, the best nodes, and what preemption could do.
No cluster is needed, and none is changed.

Each pod is decided on by itself; with --sequential one after the other, by
priority, each taking its place before the next.`,
		Example: `  kubectl get nodes,pods,pvc,pv,sc,services,rs,pdb -A -o yaml | minisim schedule -f -
  minisim schedule -f snapshot.yaml -f pods.yaml --sequential -o json`,
		Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			cluster, err := o.load(s)
			if err != nil {
				return err
			}
			profiles, err := profiles(o.config)
			if err != nil {
				return err
			}
			decide := whatif.Schedule
			if inTurn {
				decide = whatif.ScheduleInTurn
			}
			decisions := decide(cluster.View, cluster.Pending, profiles)
			for _, p := range cluster.Pending {
				if name := p.Pod.Spec.SchedulerName; profiles[name] == nil {
					fmt.Fprintf(s.err, "note: pod %s asks for the scheduler %q, which no profile has\n", p.Key, name)
				}
			}
			return printDecisions(s.out, o.output, decisions)
		},
	}
	o.add(c)
	c.Flags().BoolVar(&inTurn, "sequential", false, "place the pods one after the other, by priority")
	return c
}

// printDecisions writes decisions: a sentence each, with the table for wide, or all of it as data.
func printDecisions(w io.Writer, output string, decisions []*framework.Decision) error {
	switch output {
	case "json":
		return printJSON(w, decisions)
	case "yaml":
		return printValue(w, output, map[string]any{"pods": append([]*framework.Decision{}, decisions...)})
	}
	if len(decisions) == 0 {
		_, err := fmt.Fprintln(w, "no pod is pending")
		return err
	}
	for _, d := range decisions {
		if _, err := fmt.Fprintln(w, d.Why()); err != nil {
			return err
		}
		if output != "wide" {
			continue
		}
		for _, line := range tableOf(d, true) {
			if _, err := fmt.Fprintln(w, "  "+line); err != nil {
				return err
			}
		}
	}
	return nil
}

// tableOf is a decision's table of nodes and rules.
func tableOf(d *framework.Decision, wide bool) []string {
	if wide {
		return d.TableLines()
	}
	return d.CompactLines()
}

// printJSON writes {"pods":[…]}, a line for each pod: large clusters give long lines, but few of them.
func printJSON(w io.Writer, decisions []*framework.Decision) error {
	if _, err := io.WriteString(w, `{"pods":[`); err != nil {
		return err
	}
	for i, d := range decisions {
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := fmt.Fprintf(w, "%s\n%s", comma, text); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n]}\n")
	return err
}
