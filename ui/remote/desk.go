package remote

import (
	"context"
	"io"
)

// Job is a command that somebody waits for.
type Job struct {
	Args []string
	Ctx  context.Context // ends when nobody waits for it any more
	Out  io.Writer       // what it has to say; it may be used until Done

	done func(error)
}

// Done says that the command is done; its error is told to whoever waits. It is called once.
func (j *Job) Done(err error) { j.done(err) }

// Desk is where commands wait until the goroutine that owns the simulation takes them.
type Desk struct {
	jobs   chan *Job
	bell   func()
	urgent func(args []string) bool
	closed chan struct{}
}

// maxWaiting is how many commands may lie on the desk; the next ones wait before it.
const maxWaiting = 16

// NewDesk makes a desk. bell is called after each command that has been laid on
// it, on the goroutine of whoever has done so. So is urgent, before a command is
// laid: if it is true, it has carried out the command, which need not wait its turn.
func NewDesk(bell func(), urgent func(args []string) bool) *Desk {
	return &Desk{jobs: make(chan *Job, maxWaiting), bell: bell, urgent: urgent, closed: make(chan struct{})}
}

// lay puts a command on the desk; false if the desk is closed or ctx ends before there is room.
func (d *Desk) lay(ctx context.Context, j *Job) bool {
	if d.urgent(j.Args) {
		j.Done(nil)
		return true
	}
	select {
	case d.jobs <- j:
		d.bell()
		return true
	case <-ctx.Done():
	case <-d.closed:
	}
	return false
}

// Waiting says whether there is a command to be taken.
func (d *Desk) Waiting() bool { return len(d.jobs) > 0 }

// Take gives the next command, nil if there is none. It never waits.
func (d *Desk) Take() *Job {
	select {
	case j := <-d.jobs:
		return j
	default:
		return nil
	}
}

func (d *Desk) close() { close(d.closed) }
