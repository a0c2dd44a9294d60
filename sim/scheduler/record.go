package scheduler

import (
	"fmt"

	"minisim/sim/scheduler/framework"
)

// Decision is the trace's record of one scheduling cycle.
type Decision struct {
	*framework.Decision
	// Attempt counts the pod's cycles, from 1.
	Attempt int `json:"attempt"`
}

func newDecision(v framework.Verdict, w *waiting) Decision {
	return Decision{v.Record(), w.Attempts}
}

// Kind is "decision".
func (Decision) Kind() string { return "decision" }

// Tell sums the decision up in a sentence.
func (d Decision) Tell() string { return d.Sentence() }

// Unschedulable says that no node was chosen.
func (d Decision) Unschedulable() bool { return d.Winner == "" }

// Detail is the table of nodes and plugins.
func (d Decision) Detail() []string { return d.TableLines() }

// Waiting is the record of a pod whose node is chosen but whose binding has to
// wait, for its volumes for example.
type Waiting struct {
	Pod    string `json:"pod"`
	Node   string `json:"node"`
	Plugin string `json:"plugin"`
	Reason string `json:"reason"`
}

// Kind is "binding-waits".
func (Waiting) Kind() string { return "binding-waits" }

// Tell says what is waited for.
func (w Waiting) Tell() string {
	return fmt.Sprintf("%s keeps its place on %s, not bound yet: %s (%s)", w.Pod, w.Node, w.Reason, w.Plugin)
}

// Rejected is the record of a binding or another write that failed.
type Rejected struct {
	Pod     string `json:"pod,omitempty"`
	Node    string `json:"node,omitempty"`
	Message string `json:"message"`
	Stopped bool   `json:"stopped,omitempty"` // the scheduler was stopped in the middle of it
}

// Kind is "binding-failed".
func (Rejected) Kind() string { return "binding-failed" }

// Tell says what failed; nothing when it is the scheduler's own end, which is told anyway.
func (r Rejected) Tell() string {
	if r.Stopped {
		return ""
	}
	if r.Pod == "" {
		return "a write failed: " + r.Message
	}
	return fmt.Sprintf("%s was not bound to %s: %s; it goes back into the queue", r.Pod, r.Node, r.Message)
}
