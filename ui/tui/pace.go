package tui

import (
	"fmt"
	"time"
)

// Pace is how fast a run plays. It only delays steps, never reorders them.
type Pace struct {
	Speed  float64 // virtual seconds a second; 0: pleasant, with time for each line and long waits cut short
	Factor float64 // so much faster; 0 stands for 1
	Max    bool    // as fast as can be
}

// The pleasant pace.
const (
	lineTime = 60 * time.Millisecond   // for each line told
	waitPart = 60                      // a minute of virtual time takes a second …
	maxWait  = 1500 * time.Millisecond // … but never more than this
	readTime = 35 * time.Millisecond   // for each character of the narration
	maxRead  = 6 * time.Second
)

// The slowest and the fastest of the pleasant paces.
const (
	slowest = 1.0 / 16
	fastest = 64
)

func (p Pace) factor() float64 {
	if p.Factor == 0 {
		return 1
	}
	return p.Factor
}

// faster is twice the pace, after the fastest as fast as can be.
func (p Pace) faster() Pace {
	if p.Speed > 0 {
		p.Speed *= 2
		return p
	}
	p.Factor = p.factor() * 2
	if p.Factor > fastest {
		p.Factor, p.Max = fastest, true
	}
	return p
}

// slower is half the pace.
func (p Pace) slower() Pace {
	switch {
	case p.Max:
		p.Max = false
	case p.Speed > 0:
		p.Speed /= 2
	default:
		p.Factor = max(p.factor()/2, slowest)
	}
	return p
}

func (p Pace) String() string {
	switch {
	case p.Max:
		return "as fast as it can"
	case p.Speed > 0:
		return fmt.Sprintf("%g s a second", p.Speed)
	case p.factor() < 1:
		return fmt.Sprintf("1/%g speed", 1/p.factor())
	case p.factor() > 1:
		return fmt.Sprintf("%g times as fast", p.factor())
	}
	return "at a pleasant pace"
}

// delay is how much wall time passes after a step that told so many lines, of
// which read characters of narration, when the next work is wait of virtual time away.
func (p Pace) delay(lines, read int, wait time.Duration) time.Duration {
	if p.Max {
		return 0
	}
	if p.Speed > 0 {
		return time.Duration(float64(wait) / p.Speed)
	}
	d := time.Duration(lines)*lineTime + min(wait/waitPart, maxWait) + min(time.Duration(read)*readTime, maxRead)
	return time.Duration(float64(d) / p.factor())
}
