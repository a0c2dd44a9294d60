package cluster

import (
	"fmt"
	"strings"
	"time"
)

// Power is the record of a machine that is switched on or loses its power.
type Power struct {
	Machine  string   `json:"machine"`
	Master   bool     `json:"master,omitempty"`
	On       bool     `json:"on"`
	Programs []string `json:"programs"` // what runs on it
}

// Kind is "power".
func (Power) Kind() string { return "power" }

// Tell says what starts or falls silent.
func (p Power) Tell() string {
	role := "worker"
	if p.Master {
		role = "master"
	}
	if p.On {
		return fmt.Sprintf("%s %s is switched on and starts %s", role, p.Machine, strings.Join(p.Programs, ", "))
	}
	verb := "fall"
	if len(p.Programs) == 1 {
		verb = "falls"
	}
	return fmt.Sprintf("%s %s loses its power: %s %s silent, and nobody is told", role, p.Machine, strings.Join(p.Programs, ", "), verb)
}

// Crash is the record of a program that has ended in the middle of its work.
type Crash struct {
	Program  string        `json:"program"`
	Machine  string        `json:"machine"`
	HalfDone bool          `json:"halfDone,omitempty"` // some writes of its last step were made, the others were not
	Again    time.Duration `json:"againNs"`
}

// Kind is "crash".
func (Crash) Kind() string { return "crash" }

// Tell says so.
func (c Crash) Tell() string {
	return fmt.Sprintf("%s on %s has crashed in the middle of its work; it starts again in %s", c.Program, c.Machine, c.Again)
}

// Restart is the record of a program that starts again.
type Restart struct {
	Program string `json:"program"`
	Machine string `json:"machine"`
}

// Kind is "restart".
func (Restart) Kind() string { return "restart" }

// Tell says so.
func (r Restart) Tell() string {
	return fmt.Sprintf("%s on %s starts again and lists everything anew", r.Program, r.Machine)
}

// Problem is the record of something that should not happen.
type Problem struct {
	Text string `json:"text"`
}

// Kind is "problem".
func (Problem) Kind() string { return "problem" }

// Tell gives the text.
func (p Problem) Tell() string { return p.Text }
