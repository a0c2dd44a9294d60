// Command bench measures speed and memory on this machine, everything in one
// run, so that ratios hold on a machine whose speed drifts. Each measurement is
// a process of its own: its memory and CPU time are what the system says of it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() { os.Exit(run()) }

func run() int {
	child := flag.String("child", "", "used by bench itself: the measurement to take")
	quick := flag.Bool("quick", false, "leave the largest cluster out")
	profile := flag.String("profile", "", "with -child: write the CPU profile to this file, and the heap's at its end to FILE.heap")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *child != "" {
		err = profiled(*profile, func() error { return measure(ctx, *child) })
	} else {
		err = all(ctx, *quick)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// nameWidth is the width of the column that says what was measured.
const nameWidth = 44

func all(ctx context.Context, quick bool) error {
	fmt.Printf("%s, %s/%s, %d CPUs\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, name := range []string{"redis", "http", "100x1000", "1000x5000"} {
		if quick && name == "1000x5000" {
			continue
		}
		if err := report(ctx, name); err != nil {
			return err
		}
	}
	if quick {
		return nil
	}
	return reportScheduler(ctx)
}

// figures are what a child has measured.
type figures struct {
	Raw float64 // what etcd alone can write in a second

	Decision float64 // wall seconds from the process's start to the first scheduling decision
	Ready    float64 // … to redis-app being ready

	Nodes, Pods int
	Boot        span    // from nothing to all nodes ready
	Bound       span    // from apply to all pods bound
	Running     span    // from apply to all pods running
	Applied     tally   // what was written in that time
	Heal        span    // from a node's death to all of its pods running elsewhere
	HealTime    float64 // the same in virtual seconds
	Hash        string

	Load *load // what clients over HTTP got done
}

// take takes one measurement in a process of its own. This process does nothing
// large itself: what it has in memory would count as the child's.
func take(ctx context.Context, name string) (f figures, state *os.ProcessState, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-child", name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", startedVariable, time.Now().UnixNano()))
	if err = cmd.Run(); err == nil {
		err = json.Unmarshal(out.Bytes(), &f)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return f, cmd.ProcessState, err
}

// report takes one measurement and prints it, with the aims of this project beside.
func report(ctx context.Context, name string) error {
	f, state, err := take(ctx, name)
	if err != nil {
		return err
	}
	line := func(what, format string, args ...any) {
		fmt.Printf("%-*s %s\n", nameWidth, name+": "+what, fmt.Sprintf(format, args...))
	}
	memory := "%10.0f MiB"
	switch name {
	case "redis":
		line("start to first scheduling decision", "%10.3f s  [aim: below 0.3]", f.Decision)
		line("start to app and redis ready", "%10.3f s", f.Ready)
		memory += " [aim: below 100]"
	case "http":
		return reportLoad(ctx, line, f.Load)
	case "1000x5000":
		err = reportScale(ctx, line, f, " [aim: 1000 pods/s]", " [aim: 60%]")
		memory += " [aim: below 500]"
	default:
		err = reportScale(ctx, line, f, "", "")
	}
	line("peak memory", memory, float64(state.SysUsage().(*syscall.Rusage).Maxrss)/1024)
	line("processor time", "%10.2f s", (state.UserTime() + state.SystemTime()).Seconds())
	return err
}

// reportScale prints what was measured on a large cluster; podsAim and writesAim
// are what is aimed at. What etcd alone can do is measured right afterwards, since
// the speed of a machine that others use too drifts.
func reportScale(ctx context.Context, line func(what, format string, args ...any), f figures, podsAim, writesAim string) error {
	etcd, _, err := take(ctx, "etcd")
	if err != nil {
		return err
	}
	raw := etcd.Raw
	line("etcd alone", "%10.0f    writes a second (guarded, %d bytes, one after the other, no fsync)", raw, valueSize)
	pods, wall := float64(f.Pods), f.Running.Wall
	line("all nodes ready", "%10.2f s  (%.2f s of processor)", f.Boot.Wall, f.Boot.CPU)
	line("apply to all bound", "%10.2f s  (%.0f pods/s; %.2f s of processor)", f.Bound.Wall, pods/f.Bound.Wall, f.Bound.CPU)
	line("apply to all running", "%10.2f s  (%.0f pods/s; %.2f s of processor, %.2f ms a pod)%s", wall, pods/wall, f.Running.CPU, 1000*f.Running.CPU/pods, podsAim)
	writes, transactions := float64(f.Applied.Writes), float64(f.Applied.Transactions)
	line("writes", "%10.0f    (%.0f a second, %.0f%% of etcd alone)%s", writes, writes/wall, 100*writes/wall/raw, writesAim)
	line("transactions", "%10.0f    (%.0f a second, %.0f%% of etcd alone)", transactions, transactions/wall, 100*transactions/wall/raw)
	line("writes a pod", "%10.1f    (%s)", writes/pods, f.Applied.perPod(f.Pods))
	line("one node dies, its pods run elsewhere", "%10.2f s  (%.0f s of virtual time, %.2f s of processor)", f.Heal.Wall, f.HealTime, f.Heal.CPU)
	return nil
}
