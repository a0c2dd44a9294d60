package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"minisim/sim/engine"
)

// pace delays steps so that a person can follow. It never reorders them.
type pace struct {
	speed    float64 // virtual seconds a second; 0: no delay
	pleasant bool    // time for each line, and long waits cut short
	started  time.Time
}

// The pleasant pace.
const (
	lineTime = 60 * time.Millisecond   // for each line told
	waitPart = 60                      // a minute of virtual time takes a second …
	maxWait  = 1500 * time.Millisecond // … but never more than this
)

func newPace(speed string, terminal bool) (pace, error) {
	if speed == "" {
		return pace{pleasant: terminal}, nil
	}
	v, err := parseSpeed(speed)
	return pace{speed: v}, err
}

// wait lets wall time pass after a step that told so many lines, before the next work is due.
func (p *pace) wait(ctx context.Context, e *engine.Engine, lines int) error {
	switch {
	case p.pleasant:
		d := time.Duration(lines) * lineTime
		if next, ok := e.Next(); ok {
			d += min((next.Time-e.Now())/waitPart, maxWait)
		}
		return sleep(ctx, d)
	case p.speed > 0:
		if p.started.IsZero() {
			p.started = time.Now()
		}
		next, ok := e.Next()
		if !ok {
			return nil
		}
		due := time.Duration(float64(next.Time) / p.speed)
		return sleep(ctx, due-time.Since(p.started))
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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
