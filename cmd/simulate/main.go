// Command simulate runs many random clusters with faults and checks the
// invariants; it prints each failure with the seed that shows it again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"minisim/sim/simulate"
)

func main() { os.Exit(run()) }

func run() int {
	seeds := flag.Uint64("seeds", 200, "how many seeds to run")
	first := flag.Uint64("first", 1, "the first seed")
	jobs := flag.Int("jobs", runtime.GOMAXPROCS(0), "how many runs at once")
	flag.Parse()
	if flag.NArg() > 0 || *seeds == 0 || *jobs < 1 {
		fmt.Fprintln(os.Stderr, "simulate: -seeds and -jobs must be above 0, and there are no arguments")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	began := time.Now()
	t := tally{seeds: *seeds, progress: term.IsTerminal(int(os.Stderr.Fd()))}
	next := make(chan uint64)
	var wg sync.WaitGroup
	for range *jobs {
		wg.Go(func() {
			for seed := range next {
				result, err := simulate.Run(ctx, seed, simulate.Options{})
				t.add(result, err)
			}
		})
	}
	for seed := *first; seed < *first+*seeds && ctx.Err() == nil; seed++ {
		next <- seed
	}
	close(next)
	wg.Wait()
	t.sum(time.Since(began))
	if ctx.Err() != nil {
		return 130
	}
	if t.failed > 0 || !t.rough() {
		return 1
	}
	return 0
}

// tally adds up results; several runs report to it at once.
type tally struct {
	mu                             sync.Mutex
	seeds                          uint64
	progress                       bool
	done, failed, conflicts, halfs int
	both                           int
	steps                          uint64
	virtual                        time.Duration
}

func (t *tally) add(r simulate.Result, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	t.steps += r.Steps
	t.virtual += r.Time
	if r.Conflicts > 0 {
		t.conflicts++
	}
	if r.HalfDone > 0 {
		t.halfs++
	}
	if r.Conflicts > 0 && r.HalfDone > 0 {
		t.both++
	}
	if t.progress {
		fmt.Fprintf(os.Stderr, "\r%d of %d", t.done, t.seeds)
	}
	if err == nil && r.OK() {
		return
	}
	t.failed++
	fmt.Printf("seed %d FAILED (again: make simulate SEEDS=1 FIRST=%d), hash %s\n", r.Seed, r.Seed, r.Hash)
	if err != nil {
		fmt.Printf("  %v\n", err)
	}
	for _, v := range r.Violations {
		fmt.Printf("  %s\n", v)
	}
	for _, w := range r.Plan {
		fmt.Printf("    plan: %s\n", w)
	}
}

// rough says whether at least a fifth of the runs met with a conflict and a half-done reconcile, when there were enough runs to say.
func (t *tally) rough() bool { return t.done < 20 || t.both*5 >= t.done }

func (t *tally) sum(wall time.Duration) {
	if t.progress {
		fmt.Fprintln(os.Stderr)
	}
	fmt.Printf("%d runs, %d failed; %d with a conflict, %d with a half-done reconcile, %d with both; %d steps, %s of virtual time in %s\n",
		t.done, t.failed, t.conflicts, t.halfs, t.both, t.steps, t.virtual.Round(time.Second), wall.Round(time.Millisecond))
	if !t.rough() {
		fmt.Println("too few runs met with a conflict and a half-done reconcile: the plans are too gentle")
	}
}
