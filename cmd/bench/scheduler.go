package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// schedulerBenchmarks are those of the scheduler that are shown: one decision
// each, all nodes looked at, on clusters of three sizes.
const schedulerBenchmarks = `^Benchmark(Decide|Preempt|Unschedulable)$`

// reportScheduler runs the scheduler's own benchmarks in a process of their own.
// They are Go benchmarks, so the go command is needed; without it that is said.
func reportScheduler(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "test", "minisim/sim/scheduler", "-run", "^$", "-bench", schedulerBenchmarks, "-benchtime", "2000x")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); errors.Is(err, exec.ErrNotFound) {
		fmt.Println("scheduler alone: not measured, there is no go command here")
		return nil
	} else if err != nil {
		return fmt.Errorf("the scheduler's benchmarks: %w", err)
	}
	small := map[string]float64{}
	for _, d := range decisions(out.Bytes()) {
		line := fmt.Sprintf("%10.0f decisions/s (%.0f µs each", 1e9/d.ns, d.ns/1000)
		if d.nodes == 500 {
			small[d.workload] = d.ns
		} else if small[d.workload] > 0 {
			line += fmt.Sprintf(", %.1f times that of 500 nodes", d.ns/small[d.workload])
		}
		fmt.Printf("%-*s %s)\n", nameWidth, fmt.Sprintf("scheduler alone: %s, %d nodes", d.workload, d.nodes), line)
	}
	return nil
}

// decision is what one benchmark has measured.
type decision struct {
	workload string
	nodes    int
	ns       float64 // for one decision
}

// decisions reads lines such as
//
//	BenchmarkDecide/basic/500-2   2000   91300 ns/op   10953 decisions/s
//	BenchmarkPreempt/500-2        2000   680000 ns/op  1470 preemptions/s
func decisions(out []byte) []decision {
	var all []decision
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || words[3] != "ns/op" {
			continue
		}
		parts := strings.Split(words[0], "/")
		size, _, _ := strings.Cut(parts[len(parts)-1], "-")
		nodes, err := strconv.Atoi(size)
		ns, nsErr := strconv.ParseFloat(words[2], 64)
		if len(parts) == 2 { // the benchmark is the workload
			parts = []string{"", strings.ToLower(strings.TrimPrefix(parts[0], "Benchmark")), parts[1]}
		}
		if len(parts) == 3 && err == nil && nsErr == nil {
			all = append(all, decision{parts[1], nodes, ns})
		}
	}
	return all
}
