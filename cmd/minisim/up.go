package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"minisim/internal/roster"
	"minisim/sim/cluster"
	"minisim/sim/session"
)

// upOptions are the flags of minisim up.
type upOptions struct {
	runOptions
	workers int
	metrics bool
	detach  bool
}

func upCommand(s streams) *cobra.Command {
	var o upOptions
	c := &cobra.Command{
		Use:   "up [FILE | NAME]",
		Short: "Start a cluster that kubectl can use, in the background with -d",
		Long: `Up starts the cluster of a compose file or built-in scenario, or without one an
empty cluster, waits until its machines are up, and prints how kubectl gets to it.
It lives at the pace of real time until minisim down, or Ctrl-C without -d.

The cluster is known by its name: verbs such as minisim kill node worker-2 act on
it from any terminal. What happens in it is written to a log (minisim logs).`,
		Example: `  eval $(minisim up -d) && kubectl get nodes
  minisim up redis-app --name shop -d
  minisim up --workers 10 --step -d && minisim step`,
		Args: atMost(1), GroupID: groupServing,
		RunE: func(c *cobra.Command, args []string) error {
			o.seedSet = c.Flags().Changed("seed")
			if len(args) == 1 && c.Flags().Changed("workers") {
				return usageError{errors.New("--workers is for an empty cluster: a file says itself which workers it has")}
			}
			if len(args) == 1 && o.metrics {
				return usageError{errors.New("--metrics is for an empty cluster: a file says it itself by cluster: {metrics: true}")}
			}
			sweep(clusters(), s)
			if o.detach {
				return detach(c, args, s)
			}
			return up(c.Context(), args, o, s)
		},
	}
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "the cluster's name (default: the file's, or c1)")
	f.BoolVarP(&o.detach, "detach", "d", false, "run in the background")
	f.IntVar(&o.workers, "workers", cluster.DefaultWorkers, "how many workers an empty cluster has")
	f.BoolVar(&o.metrics, "metrics", false, "have an empty cluster run metrics-server, for kubectl top and autoscalers")
	f.StringVar(&o.speed, "speed", "", "virtual seconds a second, or max until the timeline has come to its end (default: real time)")
	f.BoolVar(&o.step, "step", false, "start paused, before anything is decided: minisim step goes on")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log status reports, conflicts and other noise, too")
	o.shared(f)
	return c
}

// emptyName is the name of an empty cluster when nobody has given one.
const emptyName = "c1"

// emptyInput is that of a cluster without anything in it.
func emptyInput(name string, workers int, metrics bool, o runOptions) (session.Input, error) {
	const most = 5000
	if workers < 0 || workers > most {
		return session.Input{}, usageError{fmt.Errorf("--workers %d: it may be a number from 0 to %d", workers, most)}
	}
	in, err := o.input(name)
	in.File = fmt.Appendf(nil, "services: {}\nx-minisim: {cluster: {workers: %d, metrics: %t}}\n", workers, metrics)
	return in, err
}

// up runs a cluster in this process.
func up(ctx context.Context, args []string, o upOptions, s streams) (err error) {
	in, file, err := o.wanted(args)
	if err != nil {
		return err
	}
	if _, err := in.Load(); err != nil { // a fault in the file is told before anything is made
		return err
	}
	o.output, o.name = "text", cmp.Or(o.name, roster.NameOf(in.Name))
	served, err := o.serving(&in, bootTime)
	if err != nil {
		return err
	}
	home := served.home
	served.card.Scenario, served.card.Logs = file, true
	log, err := os.OpenFile(home.Log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return errors.Join(err, home.Release())
	}
	served.faults = log
	_ = debug.SetCrashOutput(log, debug.CrashOptions{}) // without it a crash is told on standard error only
	err = o.live(ctx, in, served, log, s)
	if err != nil && home.Announced() && !errors.Is(err, errFailed) && !errors.Is(err, errLost) {
		// Nobody may be there to hear it: the log is left for whoever looks for the cluster next.
		fmt.Fprintln(log, "minisim: "+err.Error())
		return errors.Join(err, log.Close(), home.Abandon())
	}
	err = errors.Join(err, log.Close(), home.Release())
	served.farewell(o.record, err, s.err)
	return err
}

// wanted is what the cluster is made of, and the file as the user named it; "" for an empty cluster.
func (o upOptions) wanted(args []string) (in session.Input, file string, err error) {
	if len(args) == 0 {
		in, err = emptyInput(cmp.Or(o.name, emptyName), o.workers, o.metrics, o.runOptions)
		return in, "", err
	}
	in, err = sessionInput(args[0], o.runOptions)
	return in, args[0], err
}

// live runs the cluster, and tells in the log what happens in it.
func (o upOptions) live(ctx context.Context, in session.Input, served *serving, log *os.File, s streams) (err error) {
	etcd, closeEtcd, err := etcdLog(o.etcdLog, streams{err: log})
	if err != nil {
		return err
	}
	defer closeEtcd()
	run, tape, err := o.open(ctx, in, session.Options{DataDir: o.dataDir, TempDir: o.tempDir, EtcdLog: etcd, Forward: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close(), tape.close()) }()
	p := &player{ctx: ctx, session: run, runner: run.Runner(), streams: streams{out: log, err: log}}
	p.listen(o.runOptions)
	err = p.serve(served, o.runOptions, func(d *door) error {
		if o.step {
			fmt.Fprintf(s.err, "Paused at %ss: minisim step goes on to the next decision, minisim resume lets time go on.\n", clock(run.Now()))
		} else if at := run.Runner().Stopped(); at != nil {
			fmt.Fprintln(s.err, sceneText(at))
		}
		_, err := fmt.Fprintln(s.out, d.way())
		return err
	})
	return errors.Join(err, tape.write(run))
}
