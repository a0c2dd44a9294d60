package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"minisim/internal/roster"
	"minisim/sim/api"
	"minisim/sim/cluster"
	"minisim/sim/scenario"
	"minisim/sim/scheduler"
	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/whatif"
	"minisim/sim/trace"
)

// whyOptions are the flags of minisim why.
type whyOptions struct {
	run    runOptions
	at     string
	fix    bool
	output string
}

func whyCommand(s streams) *cobra.Command {
	var o whyOptions
	var name string
	c := &cobra.Command{
		Use:   "why [FILE] pod/NAME",
		Short: "Explain where the scheduler has put a pod, or why it is Pending, and what would help",
		Long: `Why runs a compose file or a built-in scenario up to a time (the end, unless --at
says otherwise) and explains the scheduler's verdict on a pod. NAME is the pod's
name, the beginning of it, or a compose service. Without FILE it asks a running
cluster.

With --fix it looks for the smallest changes that would make a Pending pod fit.
Each is proved by running the scheduler on a copy of the cluster.`,
		Example: `  minisim why redis-app pod/redis --at 450s -o wide
  minisim why resources-run-out pod/web --at 30s --fix
  minisim why pod/web --name c1`,
		Args: atMost(2),
		RunE: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usageError{errors.New("why needs a pod, and a file or scenario unless a running cluster is meant; for example: minisim why redis-app pod/redis")}
			case 1:
				return whyRunning(c, args[0], name, o, s)
			}
			if name != "" {
				return usageError{errors.New("--name means a running cluster, the file another one: use one of them")}
			}
			o.run.seedSet = c.Flags().Changed("seed")
			return why(c.Context(), args[0], args[1], o, s)
		},
	}
	f := c.Flags()
	nameFlag(c, &name)
	f.StringVar(&o.at, "at", "", "the virtual time to look at, such as 120s (default: the end of the run)")
	f.BoolVar(&o.fix, "fix", false, "find the smallest changes that would make the pod fit")
	f.StringVarP(&o.output, "output", "o", "text", "text, wide, json or yaml")
	f.Uint64Var(&o.run.seed, "seed", 0, "the number from which all chance derives (default: the scenario's)")
	f.StringVar(&o.run.schedulerConfig, "scheduler-config", "", "a KubeSchedulerConfiguration")
	return c
}

// whyRunning asks a running cluster.
func whyRunning(c *cobra.Command, pod, name string, o whyOptions, s streams) error {
	if err := oneOf("-o", o.output, "text", "wide", "json", "yaml"); err != nil {
		return err
	}
	for _, flag := range []string{"at", "seed", "scheduler-config"} {
		if c.Flags().Changed(flag) {
			return usageError{fmt.Errorf("--%s is for a file or scenario: a running cluster is asked as it stands", flag)}
		}
	}
	args := []string{"why", pod, o.output}
	if o.fix {
		args = append(args, "fix")
	}
	err := order(c.Context(), s, name, args...)
	if errors.Is(err, roster.ErrNone) {
		return usageError{errors.New("why needs a file or scenario and a pod, for example: minisim why redis-app pod/redis; no cluster is running that could be asked instead")}
	}
	return err
}

// explanation is what why has found out.
type explanation struct {
	*framework.Decision
	At    string       `json:"at"` // virtual time of the decision
	Fixes []whatif.Fix `json:"fixes,omitempty"`

	bound bool
}

func why(ctx context.Context, name, pod string, o whyOptions, s streams) (err error) {
	if err := oneOf("-o", o.output, "text", "wide", "json", "yaml"); err != nil {
		return err
	}
	until := time.Duration(-1)
	if o.at != "" {
		if until, err = time.ParseDuration(o.at); err != nil || until < 0 {
			return usageError{fmt.Errorf("--at %s: it may be a time such as 120s", o.at)}
		}
	}
	sc, err := load(name, o.run)
	if err != nil {
		return err
	}
	c, err := cluster.New(ctx, sc.Cluster)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	w := newWitness()
	c.Trace.Subscribe(w.record)
	r := scenario.NewRunner(sc, c)
	r.Start()
	if err := runTo(ctx, r, until); err != nil {
		return err
	}
	x, err := w.explain(c, r, pod, o.fix)
	if err != nil {
		return err
	}
	return x.write(s.out, o)
}

// runTo plays a run up to a virtual time, or to its end when that is negative.
func runTo(ctx context.Context, r *scenario.Runner, until time.Duration) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if next, ok := r.Cluster.Engine.Next(); until >= 0 && ok && next.Time > until {
			return nil
		}
		if more, err := r.Step(); err != nil || !more {
			return err
		}
	}
}

// witness keeps each pod's last scheduling decision.
type witness struct {
	decisions map[string]trace.Record
	order     []string // of the pods, by their first decisions
}

func newWitness() *witness { return &witness{decisions: map[string]trace.Record{}} }

// maxWitnessed is of how many pods decisions are kept: a cluster may live for long.
const maxWitnessed = 20_000

func (w *witness) record(r trace.Record) {
	if d, ok := r.Body.(scheduler.Decision); ok {
		if _, known := w.decisions[d.Pod]; !known {
			w.order = append(w.order, d.Pod)
		}
		w.decisions[d.Pod] = r
		if len(w.order) > maxWitnessed {
			delete(w.decisions, w.order[0])
			w.order = w.order[1:]
		}
	}
}

// explain finds the pod that is meant: first among those that wait, then among all that were decided on.
func (w *witness) explain(c *cluster.Cluster, r *scenario.Runner, pod string, fix bool) (*explanation, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(pod, "pods/"), "pod/"), "po/")
	var waiting []string
	if live := c.Scheduler(); live != nil {
		waiting = live.Waiting()
	}
	if key := match(waiting, name); key != "" {
		info, profile, _ := c.Scheduler().Lookup(key)
		x := &explanation{Decision: c.Scheduler().Explain(key), At: clock(c.Engine.Now()) + "s"}
		if fix {
			x.Fixes = whatif.Fixes(c.Scheduler().View(), info, profile)
		}
		return x, nil
	}
	known := slices.SortedFunc(maps.Keys(w.decisions), func(a, b string) int {
		return cmp.Compare(w.decisions[a].ID, w.decisions[b].ID) // the latest decision last
	})
	key := match(known, name)
	if key == "" {
		if x, err := stranger(c, name); x != nil || err != nil {
			return x, err
		}
		there := "no pod has been looked at yet"
		if len(known) > 0 {
			there = "there are " + strings.Join(known, ", ")
		}
		return nil, usageError{fmt.Errorf("there is no pod %q at %ss; %s", name, clock(c.Engine.Now()), there)}
	}
	rec := w.decisions[key]
	return &explanation{Decision: rec.Body.(scheduler.Decision).Decision, At: clock(rec.Time) + "s", bound: true}, nil
}

// stranger explains a pod that asks for a scheduler that does not exist, which
// therefore nobody looks at; nil if there is none of that name.
func stranger(c *cluster.Cluster, name string) (*explanation, error) {
	live := c.Scheduler()
	if live == nil {
		return nil, nil
	}
	pods, err := c.Admin("kubernetes-admin", "why").List(api.Pods, api.ListOptions{})
	if err != nil {
		return nil, err
	}
	asks := map[string]string{}
	for _, o := range pods.Items {
		if pod := o.(*corev1.Pod); pod.Spec.NodeName == "" && !slices.Contains(live.ProfileNames(), pod.Spec.SchedulerName) {
			asks[api.KeyOf(pod).String()] = pod.Spec.SchedulerName
		}
	}
	key := match(slices.Sorted(maps.Keys(asks)), name)
	if key == "" {
		return nil, nil
	}
	reason := fmt.Sprintf("it asks for the scheduler %q, and there is only %s", asks[key], strings.Join(live.ProfileNames(), ", "))
	return &explanation{Decision: &framework.Decision{Pod: key, Gated: reason, Best: []string{}, Nodes: []framework.NodeRecord{}}, At: clock(c.Engine.Now()) + "s"}, nil
}

// match finds a pod by its name, with or without namespace, or by the beginning
// of its name. Of several the last one is taken.
func match(keys []string, name string) string {
	found := ""
	for _, key := range keys {
		_, short, _ := strings.Cut(key, "/")
		switch {
		case key == name || short == name:
			return key
		case strings.HasPrefix(short, name) || strings.HasPrefix(key, name):
			found = key
		}
	}
	return found
}

// write gives the explanation in the form that was asked for.
func (x *explanation) write(w io.Writer, o whyOptions) error {
	if o.output == "json" || o.output == "yaml" {
		return printValue(w, o.output, x)
	}

	fmt.Fprintln(w, x.Why())
	if x.bound {
		fmt.Fprintf(w, "(decided at %s)\n", x.At)
	}
	for _, line := range tableOf(x.Decision, o.output == "wide") {
		fmt.Fprintln(w, "  "+line)
	}
	switch {
	case !o.fix:
	case x.bound:
		fmt.Fprintln(w, "It has its node: there is nothing to fix.")
	case len(x.Fixes) == 0:
		fmt.Fprintln(w, "No single change that was tried would make it fit.")
	}
	for i, f := range x.Fixes {
		fmt.Fprintf(w, "fix %d: %s; it then goes to %s\n", i+1, f.Text, f.Node)
		if f.Command != "" {
			fmt.Fprintln(w, "    "+f.Command)
		}
		for _, line := range strings.Split(strings.TrimRight(f.Patch, "\n"), "\n") {
			if line != "" {
				fmt.Fprintln(w, "    "+line)
			}
		}
	}
	return nil
}
