package framework

import (
	"slices"
	"strings"
)

// Code classifies a plugin's answer, as kube-scheduler's framework does.
type Code int

const (
	// Success means the plugin has no objection.
	Success Code = iota
	// Error means the plugin could not decide; the pod is tried again.
	Error
	// Unschedulable means the pod does not fit, but might after pods are
	// removed: preemption may help.
	Unschedulable
	// UnschedulableAndUnresolvable means the pod does not fit and no removal
	// of pods would change that.
	UnschedulableAndUnresolvable
	// Skip, from PreFilter or PreScore, means the plugin's Filter or Score
	// has nothing to say about this pod and is not called.
	Skip
	// Wait, from PreBind or Permit, means that something else has to happen
	// first; the pod keeps its place on the node and the plugin is asked again.
	Wait
)

var codeNames = [...]string{"Success", "Error", "Unschedulable", "UnschedulableAndUnresolvable", "Skip", "Wait"}

// String returns the code's name as Kubernetes writes it.
func (c Code) String() string { return codeNames[c] }

// Status is a plugin's answer. A nil *Status is Success; a rejection is a
// Status with reasons, never a Go error.
type Status struct {
	// Code is the kind of answer.
	Code Code
	// Plugin names the plugin that rejected the pod; the cycle fills it in.
	Plugin string
	// Reasons are Kubernetes' own texts, in the order the plugin found them.
	Reasons []string
	// Cause is the error behind Error, if one was.
	Cause error
}

// NewStatus returns a status with the given code and reasons.
func NewStatus(code Code, reasons ...string) *Status {
	return &Status{Code: code, Reasons: reasons}
}

// Failure returns an Error status that carries err and its text.
func Failure(err error) *Status {
	return &Status{Code: Error, Reasons: []string{err.Error()}, Cause: err}
}

// While returns the status with what was being done before its message.
func (s *Status) While(doing string) *Status {
	return &Status{Code: s.Code, Plugin: s.Plugin, Reasons: []string{doing + ": " + s.Message()}, Cause: s.Cause}
}

// OK reports whether the plugin had no objection.
func (s *Status) OK() bool { return s == nil || s.Code == Success }

// Skipped reports whether the plugin asked not to be called for this pod.
func (s *Status) Skipped() bool { return s != nil && s.Code == Skip }

// Rejected reports whether the pod was found not to fit, as opposed to an
// error.
func (s *Status) Rejected() bool {
	return s != nil && (s.Code == Unschedulable || s.Code == UnschedulableAndUnresolvable)
}

// Message joins the reasons as kube-scheduler does.
func (s *Status) Message() string {
	if s == nil {
		return ""
	}
	return strings.Join(s.Reasons, ", ")
}

// by returns the status marked with the plugin that gave it. Plugins share
// constant statuses, so a status that another plugin marked is copied.
func (s *Status) by(plugin string) *Status {
	if s.Plugin == plugin {
		return s
	}
	marked := *s
	marked.Plugin = plugin
	return &marked
}

// Equal reports whether two statuses say the same.
func (s *Status) Equal(t *Status) bool {
	if s == nil || t == nil {
		return s == t
	}
	return s.Code == t.Code && s.Plugin == t.Plugin && slices.Equal(s.Reasons, t.Reasons)
}
