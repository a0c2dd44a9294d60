package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"minisim/sim/session"
	"minisim/ui/tui"
)

// wantsScreen says whether a run is to be shown on the whole terminal: somebody
// sits in front of it, and has not asked for the telling.
func wantsScreen(o runOptions, s streams) bool {
	return isTerminal(s.in) && isTerminal(s.out) && os.Getenv("TERM") != "dumb" &&
		o.output == "text" && o.speed != "max" && !o.plain && !o.step && !o.verbose
}

// showScreen plays a run on the whole terminal, and closes it and its tape. What
// came of it is printed when the terminal is as it was before.
func showScreen(ctx context.Context, run *session.Session, tape *tape, served *serving, theme string, pace pace, s streams) (err error) {
	began := time.Now()
	defer func() { err = errors.Join(err, run.Close(), tape.close()) }()
	options := tui.Options{In: s.in, Out: s.out, Environ: os.Environ(), Glyphs: glyphs(), Background: background(theme), Pace: tui.Pace{Speed: pace.speed}}
	if served != nil {
		h := newHost(ctx, served.home, run)
		defer h.leave(nil)
		var d *door
		if d, err = openDoor(run.Cluster(), served, nil, h.leave); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.close()) }()
		h.desk, ctx = d.desk, h.ctx
		options.Server = &tui.Server{Follow: d.follow, Wake: d.wake, Way: d.way(), Attend: func(s *session.Session) bool {
			h.follow(s)
			return h.attend()
		}}
	}
	run, err = tui.Run(ctx, run, options)
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errLeave): // somebody at another terminal has ended it: that is as good as q
		err = nil
	case errors.Is(cause, errLost):
		err = errLost
	case errors.Is(err, tui.ErrInterrupted):
		err = context.Canceled
	}
	if err = errors.Join(err, tape.write(run)); err != nil {
		return err
	}
	if run.End() == nil && served != nil {
		return nil // it has no end that one would have to wait for
	}
	if run.End() == nil {
		return fmt.Errorf("%w before the end of the run, at %.3fs of virtual time", errQuit, run.Now().Seconds())
	}
	fmt.Fprintln(s.out, run.End().Tell())
	fmt.Fprintf(s.err, "wall time %s\n", time.Since(began).Round(time.Millisecond))
	if !run.End().OK() {
		return errFailed
	}
	return nil
}

// background is the terminal's, as far as the person or the environment says.
func background(theme string) tui.Background {
	switch theme {
	case "dark":
		return tui.Dark
	case "light":
		return tui.Light
	}
	colors := os.Getenv("COLORFGBG") // "15;0": the numbers of the colours in front and behind
	switch colors[strings.LastIndexByte(colors, ';')+1:] {
	case "7", "15":
		return tui.Light
	case "0", "1", "2", "3", "4", "5", "6", "8":
		return tui.Dark
	}
	return tui.Unknown
}

// glyphs are the characters that the terminal's locale can show.
func glyphs() tui.Glyphs {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if v = strings.ToUpper(v); strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8") {
				return tui.Unicode
			}
			break
		}
	}
	return tui.ASCII
}
