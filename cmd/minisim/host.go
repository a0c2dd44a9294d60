package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"minisim/internal/roster"
	"minisim/sim/cluster"
	"minisim/sim/scenario"
	"minisim/sim/session"
	"minisim/sim/trace"
	"minisim/ui/remote"
)

// host carries out what people at other terminals want of a run that is served
// (console.go). It belongs to the goroutine that owns the session. Either the run
// goes on by itself (keeper), or somebody steps through it at its own terminal
// and lets the host attend to others in between.
type host struct {
	ctx     context.Context // ends when the run is to end
	leave   context.CancelCauseFunc
	home    *roster.Home
	desk    *remote.Desk
	session *session.Session
	keeper  *keeper // nil when somebody steps through the run
	echo    trace.Sink
	lasting []*lasting // verbs that take virtual time
	witness *witness
}

// errLost says that somebody has removed the cluster's folder, so that nobody finds it any more.
var errLost = errors.New("the cluster's folder was removed")

// errLeave says that somebody at another terminal has ended the cluster.
var errLeave = errors.New("ended by minisim down")

// newHost makes a host, whose ctx ends with the other one, or when somebody wants
// it to, or the home is lost. It must be told to leave in the end.
func newHost(ctx context.Context, home *roster.Home, s *session.Session) *host {
	h := &host{home: home, witness: newWitness()}
	h.ctx, h.leave = context.WithCancelCause(ctx)
	go func() {
		if home.Watch(h.ctx) {
			h.leave(errLost)
		}
	}()
	h.follow(s)
	return h
}

// follow makes a session the one that is hosted.
func (h *host) follow(s *session.Session) {
	if h.session == s {
		return
	}
	h.session = s
	s.Subscribe(func(r trace.Record) {
		if h.session == s {
			h.record(r)
		}
	})
}

func (h *host) record(r trace.Record) {
	h.witness.record(r)
	if h.echo != nil {
		h.echo(r)
	}
	for _, l := range h.lasting {
		if h.runner().Acting() == l.number {
			l.record(r)
		}
	}
}

func (h *host) cluster() *cluster.Cluster { return h.session.Cluster() }

func (h *host) runner() *scenario.Runner { return h.session.Runner() }

// still says whether virtual time stands still but for steps.
func (h *host) still() bool { return h.keeper == nil || h.keeper.paused }

// farewell is how a run that was hosted has ended, as an error if that was no success.
func (h *host) farewell(err error) error {
	switch {
	case !errors.Is(err, context.Canceled):
		return err
	case errors.Is(context.Cause(h.ctx), errLost):
		return errLost
	}
	if end := h.session.End(); end != nil && !end.OK() {
		return errFailed
	}
	return nil
}

// attend carries out what lies on the desk, and says whether anything did.
func (h *host) attend() (any bool) {
	for job := h.desk.Take(); job != nil; job = h.desk.Take() {
		h.carryOut(job)
		any = true
	}
	h.settle()
	return any
}

// waiting says whether something lies on the desk.
func (h *host) waiting() bool { return h.desk.Waiting() }

// goesOn says how what takes virtual time goes on while that stands still.
func (h *host) goesOn(to io.Writer) {
	how := "minisim step or minisim resume"
	if h.keeper == nil {
		how = "minisim step or the next one at its own terminal"
	}
	fmt.Fprintf(to, "The cluster is paused: this goes on with %s.\n", how)
}

// carryOut carries out a command, or begins to.
func (h *host) carryOut(job *remote.Job) {
	if job.Ctx.Err() != nil {
		job.Done(job.Ctx.Err()) // nobody waits for it any more
		return
	}
	if h.keeper != nil {
		h.keeper.present()
	}
	told := trace.NewText(job.Out, func(error) {})
	under, err := h.obey(job, told)
	told.Flush()
	if under == nil || err != nil {
		job.Done(err)
		return
	}
	h.lasting = append(h.lasting, under)
}

// lasting is a verb that takes virtual time, and whoever waits for it.
type lasting struct {
	job    *remote.Job
	number uint64 // the runner's, of what was typed
	told   *trace.Text
	failed error
}

// record tells what is done for the verb.
func (l *lasting) record(r trace.Record) {
	if did, ok := r.Body.(scenario.Did); ok && did.Error != "" {
		l.failed = errors.New(did.Error)
		return
	}
	l.told.Record(r)
}

// settle tells those who wait that their verbs are done.
func (h *host) settle() {
	still := h.lasting[:0]
	for _, l := range h.lasting {
		switch {
		case l.job.Ctx.Err() != nil: // nobody waits any more; what was begun goes on
			l.job.Done(l.job.Ctx.Err())
		case !h.runner().Underway(l.number):
			l.told.Flush()
			l.job.Done(l.failed)
		case h.still():
			l.told.Flush()
			h.goesOn(l.job.Out)
			l.job.Done(nil)
		default:
			still = append(still, l)
		}
	}
	clear(h.lasting[len(still):])
	h.lasting = still
}
