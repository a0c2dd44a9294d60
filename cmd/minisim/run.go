package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"minisim/internal/source"
	"minisim/scenarios"
	"minisim/sim/cluster"
	"minisim/sim/scenario"
	"minisim/sim/scheduler"
	"minisim/sim/session"
	"minisim/sim/trace"
)

// runOptions are the flags of minisim run.
type runOptions struct {
	seed     uint64
	seedSet  bool
	speed    string
	output   string
	plain    bool
	verbose  bool
	step     bool
	serve    bool
	record   string
	dataDir  string
	etcdLog  string
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
	f.Uint64Var(&o.seed, "seed", 0, "the number from which all chance derives (default: the scenario's)")
	f.StringVar(&o.speed, "speed", "", "virtual seconds a second, or max (default: max in a pipe, a pleasant pace on a terminal)")
	f.StringVarP(&o.output, "output", "o", "text", "text, or json for the trace as JSON Lines")
	f.BoolVar(&o.plain, "plain", false, "plain text without colour, whatever the terminal can do")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell of status reports, conflicts and other noise, too")
	f.BoolVar(&o.step, "step", false, "stop before each decision and ask")
	f.BoolVar(&o.serve, "serve", false, "let kubectl and its like in, keep pace with real time (or --speed), and stay up until Ctrl-C")
	f.StringVar(&o.record, "record", "", "write the run to this file, for minisim replay and diff")
	f.StringVar(&o.dataDir, "data-dir", "", "keep the cluster's etcd in this folder (default: a temporary one, removed in the end)")
	f.StringVar(&o.etcdLog, "etcd-log", "", "write etcd's own log to this file, - for standard error")
	f.BoolVar(&o.noBuild, "no-build", false, "do not build the images of build: services: see what happens when nobody has pushed them")
	f.StringVar(&o.schedulerConfig, "scheduler-config", "", "a KubeSchedulerConfiguration for the scheduler (default: kube-scheduler's default profile)")
	f.StringSliceVar(&o.profiles, "profile", nil, "activate a profile of the compose file")
	return c
}

// listScenarios prints the built-in scenarios, a line each.
func listScenarios(w io.Writer) error {
	names, err := builtins()
	if err != nil {
		return err
	}
	for _, name := range names {
		s, err := load(name, runOptions{})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%-18s %s\n", name, s.About); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w, "\nRun one with: minisim run NAME")
	return err
}

func builtins() ([]string, error) {
	files, err := fs.Glob(scenarios.Files, "*.yaml")
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".yaml"))
	}
	slices.Sort(names)
	return names, err
}

// load reads a scenario: a file, or else a built-in one by its name.
func load(name string, o runOptions) (*scenario.Scenario, error) {
	title, f, opts, err := find(name, o)
	if err != nil {
		return nil, err
	}
	return scenario.Load(title, f, opts)
}

// find reads the file of a scenario and says what it is called.
func find(name string, o runOptions) (title string, f *source.File, opts scenario.Options, err error) {
	opts = scenario.Options{NoBuild: o.noBuild, Profiles: o.profiles}
	_, statErr := os.Stat(name)
	if embedded, err := scenarios.Files.ReadFile(name + ".yaml"); err == nil && (statErr != nil || !strings.ContainsAny(name, "./")) {
		f, err := source.Parse(name+".yaml", embedded)
		return name, f, opts, err
	}
	if errors.Is(statErr, fs.ErrNotExist) && !strings.ContainsAny(name, "./") {
		return "", nil, opts, unknownScenario(name)
	}
	f, err = source.Load(name)
	opts.Dir, opts.Env = filepath.Dir(name), environment()
	base := filepath.Base(name)
	return strings.TrimSuffix(base, filepath.Ext(base)), f, opts, err
}

// prepare loads a scenario and settles everything that its run depends on.
func prepare(name string, o runOptions) (*scenario.Scenario, error) {
	sc, err := load(name, o)
	if err != nil {
		return nil, err
	}
	if o.seedSet {
		sc.Seed = o.seed
	}
	sc.Cluster.Seed, sc.Cluster.Input = sc.Seed, sc.Input()
	if o.schedulerConfig != "" {
		c, err := loadSchedulerConfig(o.schedulerConfig)
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(o.schedulerConfig)
		if err != nil {
			return nil, err
		}
		sc.Cluster.Input = append(sc.Cluster.Input, text...)
		sc.Cluster.Scheduler = scheduler.Options{Profiles: c.Profiles, InitialBackoff: c.InitialBackoff, MaxBackoff: c.MaxBackoff}
	}
	return sc, nil
}

func unknownScenario(name string) error {
	names, err := builtins()
	if err != nil {
		return err
	}
	hint := source.DidYouMean(name, names)
	if hint == "" {
		hint = "built-in are " + strings.Join(names, ", ")
	}
	return usageError{fmt.Errorf("there is no file and no scenario %q; %s", name, hint)}
}

func environment() map[string]string {
	env := map[string]string{}
	for _, pair := range os.Environ() {
		k, v, _ := strings.Cut(pair, "=")
		env[k] = v
	}
	return env
}

func runScenario(ctx context.Context, name string, o runOptions, s streams) (err error) {
	began := time.Now()
	if o.output != "text" && o.output != "json" {
		return usageError{fmt.Errorf("-o %s: it may be text or json", o.output)}
	}
	if o.step && o.output == "json" {
		return usageError{errors.New("--step asks a person, -o json tells a program: use one of them")}
	}
	if o.serve && o.step {
		return usageError{errors.New("--serve cannot wait for a person at --step yet: use one of them")}
	}
	if o.serve && o.record != "" {
		return usageError{errors.New("--serve cannot be recorded yet: leave out --record")}
	}
	pace, err := newPace(o.speed, isTerminal(s.out) && o.output == "text" && !o.step)
	if err != nil {
		return err
	}
	if !o.serve && wantsScreen(o, s) {
		return showScreen(ctx, name, o, pace, s)
	}
	if o.step || o.record != "" {
		return runSession(ctx, name, o, pace, s)
	}
	sc, err := prepare(name, o)
	if err != nil {
		return err
	}
	config := sc.Cluster
	config.DataDir = o.dataDir
	if o.serve && o.dataDir == "" {
		config.Epoch = began.Truncate(time.Second).UTC() // so that kubectl, which knows only real time, tells ages right
	}
	closeLog, err := etcdLog(o.etcdLog, &config, s)
	if err != nil {
		return err
	}
	defer closeLog()
	c, err := cluster.New(ctx, config)
	if err != nil && o.dataDir != "" && ctx.Err() == nil {
		return usageError{fmt.Errorf("--data-dir: %w", err)} // the folder is what a user can do something about
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()

	r := scenario.NewRunner(sc, c)
	p := &player{ctx: ctx, runner: r, pace: pace, streams: s}
	p.listen(o)
	r.Start()
	if o.serve {
		return p.serve(o.speed)
	}
	if err := p.play(); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "wall time %s\n", time.Since(began).Round(time.Millisecond))
	if !r.End().OK() {
		return errFailed
	}
	return nil
}

// etcdLog opens the file that etcd's log goes to.
func etcdLog(path string, c *cluster.Config, s streams) (func(), error) {
	switch path {
	case "":
		return func() {}, nil
	case "-":
		c.EtcdLog = s.err
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("--etcd-log: %w", err)}
	}
	c.EtcdLog = f
	return func() { f.Close() }, nil
}

// player steps a run and shows it.
type player struct {
	ctx     context.Context
	runner  *scenario.Runner
	session *session.Session // nil for a run that only goes forward
	pace    pace
	streams streams
	text    *trace.Text   // nil for JSON
	muted   bool          // nothing is shown at present
	failed  error         // of the output
	lines   <-chan string // of standard input, once somebody was asked
}

// listen subscribes the output that was asked for.
func (p *player) listen(o runOptions) {
	broken := func(err error) { p.failed = err }
	subscribe := p.runner.Cluster.Trace.Subscribe
	if p.session != nil {
		subscribe = func(show trace.Sink) {
			p.session.Subscribe(func(r trace.Record) {
				if !p.muted {
					show(r)
				}
			})
		}
	}
	if o.output == "json" {
		subscribe(trace.JSONLines(p.streams.out, broken))
		return
	}
	p.text = trace.NewText(p.streams.out, broken)
	p.text.Verbose = o.verbose
	if isTerminal(p.streams.out) && !o.plain {
		p.text.Color = os.Getenv("NO_COLOR") == ""
		p.text.Width = terminalWidth(p.streams.out)
	}
	subscribe(p.text.Record)
}

// play runs to the end.
func (p *player) play() error {
	for {
		before := p.told()
		more, err := p.advance()
		if !more || err != nil {
			return err
		}
		if err := p.pace.wait(p.ctx, p.runner.Cluster.Engine, p.told()-before); err != nil {
			return err
		}
	}
}

// told is how many lines of text there are so far.
func (p *player) told() int {
	if p.text == nil {
		return 0
	}
	return p.text.Lines()
}

// advance does one step.
func (p *player) advance() (bool, error) {
	if err := p.ctx.Err(); err != nil {
		return false, err
	}
	step := p.runner.Step
	if p.session != nil {
		step = p.session.Step
	}
	more, err := step()
	if err == nil {
		err = p.failed
	}
	if p.text != nil && !more {
		p.text.Flush()
	}
	if stop := p.runner.Stopped(); stop != nil && more && err == nil && p.text != nil {
		err = p.halt(stop)
	}
	return more, err
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 80
}

// parseSpeed reads --speed: virtual seconds a second; 0 stands for max.
func parseSpeed(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v <= 0 || v > 1e9 {
		return 0, usageError{fmt.Errorf("--speed %s: it may be max or a number above 0 (virtual seconds a second)", s)}
	}
	return v, nil
}
