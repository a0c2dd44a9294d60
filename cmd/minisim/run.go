package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"minisim/internal/source"
	"minisim/sim/session"
)

// runOptions are the flags of minisim run.
type runOptions struct {
	seed     uint64
	seedSet  bool
	speed    string
	output   string
	plain    bool
	theme    string
	verbose  bool
	step     bool
	serve    bool
	name     string // of the served cluster
	record   string
	dataDir  string
	etcdLog  string
	tempDir  string // of an etcd that is not kept; "": the system's place
	noBuild  bool
	profiles []string

	schedulerConfig string
}

func runCommand(s streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run [FILE | NAME]",
		Short: "Run a compose file or a built-in scenario on a simulated cluster",
		Long: `Run translates a compose file to Kubernetes objects and plays them on a simulated
cluster until everything has settled. An x-minisim block in the file describes
the cluster, what happens when, and what is expected. Without FILE it lists the
built-in scenarios.

The exit code is 0 when all expectations hold, 1 when one does not, and 2 for a
file or flag that cannot be used.`,
		Example: `  minisim run redis-app
  minisim run scenarios/redis-app.yaml --step
  minisim run redis-app --serve --speed 10
  minisim run compose.yaml -o json | jq 'select(.kind == "decision")'`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.seedSet = c.Flags().Changed("seed")
			if len(args) == 0 {
				return listScenarios(s.out)
			}
			return runScenario(c.Context(), args[0], o, s)
		},
	}
	f := c.Flags()
	o.shared(f)
	f.StringVar(&o.speed, "speed", "", "virtual seconds a second, or max (default: max in a pipe, a pleasant pace on a terminal)")
	f.StringVarP(&o.output, "output", "o", "text", "text, or json for the trace as JSON Lines")
	f.BoolVar(&o.plain, "plain", false, "plain text without colour, whatever the terminal can do")
	f.StringVar(&o.theme, "theme", "auto", "the terminal's background, for the screen's colours: dark, light, or auto to ask the terminal")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell of status reports, conflicts and other noise, too")
	f.BoolVar(&o.step, "step", false, "stop before each decision and ask")
	f.BoolVar(&o.serve, "serve", false, "let kubectl and its like in, keep pace with real time (or --speed), and stay up until Ctrl-C")
	f.StringVar(&o.name, "name", "", "with --serve: the cluster's name, for verbs from a second terminal (default: the scenario's)")
	return c
}

// shared are the flags of run that minisim up has, too.
func (o *runOptions) shared(f *pflag.FlagSet) {
	f.Uint64Var(&o.seed, "seed", 0, "the number from which all chance derives (default: the scenario's)")
	f.StringVar(&o.record, "record", "", "write the run to this file, for minisim replay and diff")
	f.StringVar(&o.dataDir, "data-dir", "", "keep the cluster's etcd in this folder (default: a temporary one, removed in the end)")
	f.StringVar(&o.etcdLog, "etcd-log", "", "write etcd's own log to this file, - for standard error")
	f.BoolVar(&o.noBuild, "no-build", false, "do not build the images of build: services: see what happens when nobody has pushed them")
	f.StringVar(&o.schedulerConfig, "scheduler-config", "", "a KubeSchedulerConfiguration for the scheduler (default: kube-scheduler's default profile)")
	f.StringSliceVar(&o.profiles, "profile", nil, "activate a profile of the compose file")
}

// check finds flags that do not go together.
func (o runOptions) check(s streams) error {
	if err := oneOf("--theme", o.theme, "auto", "dark", "light"); err != nil {
		return err
	}
	if err := oneOf("-o", o.output, "text", "json"); err != nil {
		return err
	}
	switch {
	case o.step && o.output == "json":
		return usageError{errors.New("--step asks a person, -o json tells a program: use one of them")}
	case o.name != "" && !o.serve:
		return usageError{errors.New("--name is the name of a cluster that is served: use it with --serve")}
	case o.etcdLog == "-" && isTerminal(s.err) && wantsScreen(o, s):
		return usageError{errors.New("--etcd-log - would write across the screen: name a file, or add --plain")}
	}
	return nil
}

func runScenario(ctx context.Context, name string, o runOptions, s streams) (err error) {
	began := time.Now()
	if err := o.check(s); err != nil {
		return err
	}
	pace, err := newPace(o.speed, isTerminal(s.out) && o.output == "text" && !o.step)
	if err != nil {
		return err
	}
	in, err := sessionInput(name, o)
	if err != nil {
		return err
	}
	screen := wantsScreen(o, s)
	var served *serving
	if o.serve {
		if served, err = o.serving(&in, 0); err != nil {
			return err
		}
		served.card.Scenario = name
		if !screen { // nothing is written across it
			served.faults = s.err
		}
		defer func() {
			err = errors.Join(err, served.release())
			served.farewell(o.record, err, s.err)
		}()
	}
	log, closeLog, err := etcdLog(o.etcdLog, s)
	if err != nil {
		return err
	}
	defer closeLog()
	run, tape, err := o.open(ctx, in, session.Options{DataDir: o.dataDir, TempDir: o.tempDir, EtcdLog: log, Forward: !screen && !o.step})
	if err != nil {
		return err
	}
	if screen {
		return showScreen(ctx, run, tape, served, o.theme, pace, s)
	}
	defer func() { err = errors.Join(err, run.Close(), tape.close()) }()
	p := &player{ctx: ctx, session: run, runner: run.Runner(), pace: pace, streams: s}
	p.listen(o)
	switch {
	case o.step:
		err = p.stepServed(served)
	case o.serve:
		err = p.serve(served, o, p.tellWay)
	default:
		err = p.play()
	}
	if err = errors.Join(err, tape.write(run)); err != nil || o.serve && !o.step {
		return err
	}
	fmt.Fprintf(s.err, "wall time %s\n", time.Since(began).Round(time.Millisecond))
	return p.verdict()
}

// open opens the session of a run, and the tape that it is recorded on, if any.
func (o runOptions) open(ctx context.Context, in session.Input, how session.Options) (*session.Session, *tape, error) {
	tape, err := newTape(o.record)
	if err != nil {
		return nil, nil, err
	}
	run, err := session.Open(ctx, in, how)
	if err != nil {
		var faults source.Diagnostics
		if o.dataDir != "" && ctx.Err() == nil && !errors.As(err, &faults) {
			err = usageError{fmt.Errorf("--data-dir: %w", err)} // the folder is what a user can do something about
		}
		return nil, nil, errors.Join(err, tape.close())
	}
	if tape != nil && run.Cluster().Resumed {
		return nil, nil, errors.Join(usageError{errors.New("--record: the cluster in --data-dir has a past that no recording holds")}, run.Close(), tape.close())
	}
	return run, tape, nil
}

// etcdLog opens the file that etcd's log goes to.
func etcdLog(path string, s streams) (log io.Writer, closeLog func(), err error) {
	switch path {
	case "":
		return nil, func() {}, nil
	case "-":
		return s.err, func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--etcd-log: %w", err)}
	}
	return f, func() { f.Close() }, nil
}
