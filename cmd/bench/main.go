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

	"minisim/sim/etcdstore"
)

func main() { os.Exit(run()) }

func run() int {
	child := flag.String("child", "", "used by bench itself: the measurement to take")
	quick := flag.Bool("quick", false, "leave the largest cluster out")
	profile := flag.String("profile", "", "with -child: write the CPU profile to this file, and the heap's at its end to FILE.heap")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
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

// valueSize is about the size of a stored pod, in bytes.
const valueSize = 1024

func all(ctx context.Context, quick bool) error {
	fmt.Printf("%s, %s/%s, %d CPUs\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	raw, err := etcdstore.RawRate(ctx, 20_000, valueSize)
	if err != nil {
		return err
	}
	fmt.Printf("%-44s %10.0f writes/s (guarded, %d bytes, one after the other, no fsync)\n", "etcd alone", raw, valueSize)
	if err := report(ctx, "redis", raw); err != nil {
		return err
	}
	if err := report(ctx, "100x1000", raw); err != nil || quick {
		return err
	}
	return report(ctx, "1000x5000", raw)
}

// figures are what a child has measured.
type figures struct {
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
}

// report takes one measurement in a process of its own and prints it.
func report(ctx context.Context, name string, raw float64) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "-child", name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", startedVariable, time.Now().UnixNano()))
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var f figures
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	memory := float64(usage.Maxrss) / 1024
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	line := func(what, format string, args ...any) {
		fmt.Printf("%-44s %s\n", name+": "+what, fmt.Sprintf(format, args...))
	}
	if name == "redis" {
		line("start to first scheduling decision", "%10.3f s", f.Decision)
		line("start to app and redis ready", "%10.3f s", f.Ready)
	} else {
		pods, wall := float64(f.Pods), f.Running.Wall
		line("all nodes ready", "%10.2f s  (%.2f s of processor)", f.Boot.Wall, f.Boot.CPU)
		line("apply to all bound", "%10.2f s  (%.0f pods/s; %.2f s of processor)", f.Bound.Wall, pods/f.Bound.Wall, f.Bound.CPU)
		line("apply to all running", "%10.2f s  (%.0f pods/s; %.2f s of processor, %.2f ms a pod)", wall, pods/wall, f.Running.CPU, 1000*f.Running.CPU/pods)
		writes, transactions := float64(f.Applied.Writes), float64(f.Applied.Transactions)
		line("writes", "%10.0f    (%.0f writes/s, %.0f%% of etcd alone)", writes, writes/wall, 100*writes/wall/raw)
		line("transactions", "%10.0f    (%.0f a second, %.0f%% of etcd alone)", transactions, transactions/wall, 100*transactions/wall/raw)
		line("writes a pod", "%10.1f    (%s)", writes/pods, f.Applied.perPod(f.Pods))
		line("one node dies, its pods run elsewhere", "%10.2f s  (%.0f s of virtual time, %.2f s of processor)", f.Heal.Wall, f.HealTime, f.Heal.CPU)
	}
	line("peak memory", "%10.0f MiB", memory)
	line("processor time", "%10.2f s", cpu.Seconds())
	return nil
}
