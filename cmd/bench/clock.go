package main

import (
	"syscall"
	"time"
)

// span is how long something took, in seconds.
type span struct {
	Wall float64
	CPU  float64 // of all of this process's threads, user and system
}

// clock is the instant from which a span is measured.
type clock struct {
	wall time.Time
	cpu  time.Duration
}

func startClock() clock { return clock{time.Now(), processorTime()} }

func (c clock) read() span {
	return span{time.Since(c.wall).Seconds(), (processorTime() - c.cpu).Seconds()}
}

// processorTime is what this process has had of the processors so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it cannot fail for a process that asks about itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
