// Package remote is the way from a second terminal to a running cluster: a
// command goes over the socket in the cluster's folder, and what it has to say
// comes back as it is said. What lives here: the wire, and the desk at which
// commands wait until the simulation has time for them. What does not: what a
// command means (cmd/minisim), and where the socket is (internal/roster).
//
// The socket is a Unix socket with the mode 0600 in a folder that only its owner
// can enter: whoever can open it may do anything to the cluster, as with the
// kubeconfig beside it. It is no part of the API server, because it must work
// while that one's machine has no power. What is spoken is HTTP: one POST, whose
// body is a Request, answered by lines of JSON, each a part of the answer.
package remote

import (
	"errors"
	"fmt"
)

// Request is a command: its name, and then what it is about.
type Request struct {
	Args []string `json:"args"`
}

// part is a line of the answer. The last one has Done.
type part struct {
	Text  string `json:"text,omitempty"`
	Done  bool   `json:"done,omitempty"`
	Error string `json:"error,omitempty"` // of the last one
	Usage bool   `json:"usage,omitempty"` // the error is of how the command was used
}

// UsageError is an error of how a command was used: nothing was done.
type UsageError struct{ Err error }

func (u UsageError) Error() string { return u.Err.Error() }

func (u UsageError) Unwrap() error { return u.Err }

// Usage makes a UsageError.
func Usage(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// ErrUnreachable says that nobody answers at a socket.
var ErrUnreachable = errors.New("the cluster does not answer")

// ErrEnded says that the cluster ended before it had answered.
var ErrEnded = errors.New("the cluster has ended")
