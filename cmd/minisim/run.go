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
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"minisim/internal/source"
	"minisim/scenarios"
	"minisim/sim/scenario"
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

// load reads a scenario, and settles everything that its run depends on.
func load(name string, o runOptions) (*scenario.Scenario, error) {
	in, err := sessionInput(name, o)
	if err != nil {
		return nil, err
	}
	return in.Load()
}

// sessionInput is all that the run of a file, or else of a built-in scenario, depends on.
func sessionInput(name string, o runOptions) (session.Input, error) {
	in, err := o.input(name)
	if err != nil {
		return in, err
	}
	_, statErr := os.Stat(name)
	if text, err := scenarios.Files.ReadFile(name + ".yaml"); err == nil && (statErr != nil || !strings.ContainsAny(name, "./")) {
		in.File = text
		return in, nil
	}
	if errors.Is(statErr, fs.ErrNotExist) && !strings.ContainsAny(name, "./") {
		return in, unknownScenario(name)
	}
	if err := checkManifest(name); err != nil {
		return in, err
	}
	f, err := source.Load(name)
	if err != nil {
		return in, err
	}
	base := filepath.Base(name)
	in.Name, in.Path, in.File = strings.TrimSuffix(base, filepath.Ext(base)), name, f.Data
	in.Dir, in.Env = filepath.Dir(name), environment()
	return in, nil
}

// input is what the flags say a run depends on, still without a file.
func (o runOptions) input(name string) (session.Input, error) {
	in := session.Input{Name: name, Path: name + ".yaml", Profiles: o.profiles, NoBuild: o.noBuild}
	if o.seedSet {
		in.Seed = new(o.seed)
	}
	if o.schedulerConfig != "" {
		if _, err := loadSchedulerConfig(o.schedulerConfig); err != nil {
			return in, err
		}
		text, err := os.ReadFile(o.schedulerConfig)
		if err != nil {
			return in, usageError{err}
		}
		in.Scheduler = text
	}
	return in, nil
}

func unknownScenario(name string) error {
	names, err := builtins()
	if err != nil {
		return err
	}
	for _, ending := range []string{".yaml", ".yml"} {
		if info, err := os.Stat(name + ending); err == nil && info.Mode().IsRegular() {
			return usageError{fmt.Errorf("there is no file and no scenario %q; did you mean %q?", name, name+ending)}
		}
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

// check finds flags that do not go together.
func (o runOptions) check(s streams) error {
	switch {
	case o.theme != "auto" && o.theme != "dark" && o.theme != "light":
		return usageError{fmt.Errorf("--theme %s: it may be auto, dark or light", o.theme)}
	case o.output != "text" && o.output != "json":
		return usageError{fmt.Errorf("-o %s: it may be text or json", o.output)}
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
	var served *serving
	if o.serve {
		if served, err = o.serving(&in, 0); err != nil {
			return err
		}
		served.card.Scenario = name
		defer func() { err = errors.Join(err, served.release()) }()
	}
	log, closeLog, err := etcdLog(o.etcdLog, s)
	if err != nil {
		return err
	}
	defer closeLog()
	screen := wantsScreen(o, s)
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

// verdict is how a run ended, as an error if it was no success.
func (p *player) verdict() error {
	if end := p.session.End(); end != nil && !end.OK() {
		return errFailed
	}
	return nil
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

// player steps a run and shows it.
type player struct {
	ctx     context.Context
	session *session.Session
	runner  *scenario.Runner // the session's present one
	pace    pace
	streams streams
	text    *trace.Text   // nil for JSON
	muted   bool          // nothing is shown at present
	failed  error         // of the output
	lines   <-chan string // of standard input, once somebody was asked
	door    *door         // for others, while somebody steps through the run; nil: there is none
	host    *host         // for what they want
}

// listen subscribes the output that was asked for.
func (p *player) listen(o runOptions) {
	broken := func(err error) { p.failed = err }
	subscribe := func(show trace.Sink) {
		p.session.Subscribe(func(r trace.Record) {
			if !p.muted {
				show(r)
			}
		})
	}
	if o.output == "json" {
		subscribe(trace.JSONLines(p.streams.out, broken))
		return
	}
	p.text = trace.NewText(p.streams.out, broken)
	p.text.Verbose, p.text.Spoken = o.verbose, o.plain && o.step
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
	more, err := p.session.Step()
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
	if err != nil || !(v > 0 && v <= 1e9) { // NaN is neither
		return 0, usageError{fmt.Errorf("--speed %s: it may be max or a number above 0 (virtual seconds a second)", s)}
	}
	return v, nil
}
