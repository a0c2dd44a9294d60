package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"minisim/sim/session"
	"minisim/sim/trace"
)

func diffCommand(s streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "diff RUN1 RUN2",
		Short: "Compare two runs and show the first decision that differs",
		Long: `Diff plays two runs, each a recording, a compose file or a built-in scenario, and
shows where they part: the first thing that was told differently, and the first
decision of the scheduler that differs, with both tables of nodes and scores. The
exit code is that of diff: 0 when the runs are the same, 1 when they differ, 2 for trouble.`,
		Example: `  minisim diff before.minisim after.minisim
  minisim diff compose.yaml changed.yaml`,
		Args: atMost(2),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{errors.New("diff needs two runs: recordings, files or scenarios")}
			}
			o.seedSet = c.Flags().Changed("seed")
			same, err := diff(c.Context(), args[0], args[1], o, s.out)
			switch {
			case err != nil && c.Context().Err() == nil:
				return usageError{err}
			case err == nil && !same:
				return errFailed
			}
			return err
		},
	}
	c.Flags().Uint64Var(&o.seed, "seed", 0, "the seed of runs that are no recordings (default: the scenario's)")
	return c
}

// played is a run that has come to its end.
type played struct {
	name    string
	records []trace.Record // what was told of it
	steps   uint64
	hash    string
	outcome string
}

// diff tells how two runs differ, and whether they are the same.
func diff(ctx context.Context, first, second string, o runOptions, out io.Writer) (same bool, err error) {
	a, err := playWhole(ctx, first, o)
	if err != nil {
		return false, err
	}
	b, err := playWhole(ctx, second, o)
	if err != nil {
		return false, err
	}
	if a.hash == b.hash {
		_, err = fmt.Fprintf(out, "the same run: %d steps, hash %s\n", a.steps, a.hash)
		return true, err
	}
	d := differ{out: out}
	d.line("A  %s: %s", a.name, a.outcome)
	d.line("B  %s: %s", b.name, b.outcome)
	c := session.Compare(a.records, b.records)
	if c.Record == nil {
		d.line("\nTheir hashes differ, but nothing that is told does.")
	} else {
		d.line("\nThe first difference, after %d things that are the same%s:", c.Record.At, inWhat(c.Record))
		d.side("A", c.Record.A, false)
		d.side("B", c.Record.B, false)
	}
	if c.Decision == nil {
		d.line("\nThe scheduler has decided the same.")
	} else {
		d.line("\nThe first decision of the scheduler that differs is number %d%s:", c.Decision.At+1, inWhat(c.Decision))
		d.side("A", c.Decision.A, true)
		d.side("B", c.Decision.B, true)
	}
	return false, d.failed
}

// playWhole plays a run to its end: a recording's, or that of the scenario.
func playWhole(ctx context.Context, name string, o runOptions) (p *played, err error) {
	run, rec, err := openRun(ctx, name, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	p = &played{name: name}
	run.Subscribe(func(r trace.Record) {
		if t, ok := r.Body.(trace.Teller); ok && t.Tell() != "" {
			p.records = append(p.records, r)
		}
	})
	if rec != nil {
		err = rec.Verify(ctx, run)
	} else {
		for more := true; more && err == nil; {
			more, err = run.Until(ctx, session.End())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.steps, p.hash = run.StepNumber(), run.Hash()
	p.outcome = fmt.Sprintf("%d steps up to %.3fs. Hash %s", p.steps, run.Now().Seconds(), p.hash)
	if end := run.End(); end != nil {
		sentence, _, _ := strings.Cut(end.Tell(), "\n")
		p.outcome = sentence + " Hash " + p.hash
	}
	return p, nil
}

// openRun opens a recording, or else a file or built-in scenario.
func openRun(ctx context.Context, name string, o runOptions) (*session.Session, *session.Recording, error) {
	options := session.Options{Forward: true}
	rec, err := readRecording(name)
	if err == nil {
		run, err := rec.Open(ctx, options)
		return run, rec, err
	}
	if errors.Is(err, session.ErrDamaged) || errors.Is(err, session.ErrNewer) {
		return nil, nil, err
	}
	in, err := sessionInput(name, o)
	if err != nil {
		return nil, nil, err
	}
	run, err := session.Open(ctx, in, options)
	return run, nil, err
}

// differ writes lines and keeps the first error.
type differ struct {
	out    io.Writer
	failed error
}

func (d *differ) line(format string, args ...any) {
	if _, err := fmt.Fprintf(d.out, format+"\n", args...); d.failed == nil {
		d.failed = err
	}
}

// inWhat names what differs where two lines look alike.
func inWhat(d *session.Difference) string {
	if in := d.In(); in != "" {
		return ", is in " + in
	}
	return ""
}

// side tells what one of the runs has at the place where they part.
func (d *differ) side(name string, r *trace.Record, whole bool) {
	if r == nil {
		d.line("%s  nothing any more", name)
		return
	}
	d.line("%s  %.3fs  %s  %s", name, r.Time.Seconds(), r.Actor, r.Body.(trace.Teller).Tell())
	if t, ok := r.Body.(trace.Detailer); ok && whole {
		for _, line := range t.Detail() {
			d.line("   %s", line)
		}
	}
}
