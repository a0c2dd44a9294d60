package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"minisim/sim/session"
)

// replayOptions are the flags of minisim replay beside those of run.
type replayOptions struct {
	runOptions
	until time.Duration
}

func replayCommand(s streams) *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:   "replay RECORDING",
		Short: "Play a recorded run again and check that it is the same",
		Long: `Replay plays a run that "minisim run --record" has written: with the same input, the
same seed and everything that came from outside at the same step. In the end it
compares the hash of the whole run with the recorded one. The exit code is 1 when
they differ, and 2 for a file that is no recording.

With --step it stops before each decision, and can be wound back and made to go
another way; then there is nothing to compare. With --until as well it plays up to
that time first.`,
		Example: `  minisim run redis-app --record redis.minisim
  minisim replay redis.minisim --until 120s
  minisim replay redis.minisim --step`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("replay what? Name a file that run --record has written")}
			}
			return replay(c.Context(), args[0], o, s)
		},
	}
	f := c.Flags()
	f.DurationVar(&o.until, "until", 0, "show the run up to this virtual time, such as 120s")
	f.StringVar(&o.speed, "speed", "", "virtual seconds a second, or max (default: max in a pipe, a pleasant pace on a terminal)")
	f.StringVarP(&o.output, "output", "o", "text", "text, or json for the trace as JSON Lines")
	f.BoolVar(&o.plain, "plain", false, "plain text without colour, whatever the terminal can do")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell of status reports, conflicts and other noise, too")
	f.BoolVar(&o.step, "step", false, "stop before each decision and ask")
	return c
}

func replay(ctx context.Context, path string, o replayOptions, s streams) (err error) {
	if err := oneOf("-o", o.output, "text", "json"); err != nil {
		return err
	}
	if o.step && o.output == "json" {
		return usageError{errors.New("--step asks a person, -o json tells a program: use one of them")}
	}
	pace, err := newPace(o.speed, isTerminal(s.out) && o.output == "text" && !o.step)
	if err != nil {
		return err
	}
	rec, err := readRecording(path)
	if err != nil {
		return err
	}
	run, err := rec.Open(ctx, session.Options{Forward: !o.step})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	p := &player{ctx: ctx, session: run, runner: run.Runner(), pace: pace, streams: s}
	p.listen(o.runOptions)
	if o.step {
		if o.until > 0 {
			if err := p.goOn(session.At(o.until)); err != nil {
				return err
			}
		}
		if err := p.stepThrough(); err != nil {
			return err
		}
		return p.verdict()
	}
	if err := p.show(rec, o.until); err != nil {
		return err
	}
	if err := rec.Verify(ctx, run); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(s.err, "the same run as recorded: %d steps, hash %s\n", rec.Step, rec.Hash)
	return p.failed
}

// show plays a recording, and shows it up to a virtual time (0: all of it).
func (p *player) show(rec *session.Recording, until time.Duration) error {
	for p.session.StepNumber() < rec.Step {
		if next, any := p.runner.Cluster.Engine.Next(); until > 0 && (!any || next.Time > until) {
			p.muted = true
			break
		}
		before := p.told()
		if more, err := p.advance(); err != nil || !more {
			return err
		}
		if err := p.pace.wait(p.ctx, p.runner.Cluster.Engine, p.told()-before); err != nil {
			return err
		}
	}
	if p.text != nil {
		p.text.Flush()
	}
	return nil
}

// readRecording reads a recording; one that cannot be read is bad input.
func readRecording(path string) (*session.Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usageError{err}
	}
	defer f.Close()
	rec, err := session.ReadRecording(f)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", path, err)}
	}
	return rec, nil
}
