package api

import "time"

// LogLine is a line of a container's log.
type LogLine struct {
	Time time.Duration // virtual, since the epoch
	Text string        // without the end of the line
}

// Log is somebody's place in the log of one run of a container, from its
// beginning on. Only visitors read it: between two steps.
type Log interface {
	// Read gives the lines up to a virtual time that it has not given yet, and says
	// whether there may be more later.
	Read(now time.Duration) (lines []LogLine, more bool)
}
