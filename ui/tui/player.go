package tui

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"minisim/sim/cluster"
	"minisim/sim/session"
	"minisim/sim/trace"
)

// player plays a session as the screen orders. All of it runs on one goroutine,
// the engine's; it shares nothing with the screen but the two channels.
type player struct {
	futures []*future
	present int
	orders  chan Order
	box     mailbox

	pace    Pace
	stride  string
	playing bool
	goal    *session.Stop // it is on its way there
	until   time.Duration // the goal is this time; 0: it is not a time
	strides uint64

	interlude interlude // the scene that it stands at

	server *Server          // nil: nobody comes from outside
	served *cluster.Cluster // that the server serves
	rest   rest

	open    Order   // what is opened; DoClose: nothing
	parting *Opened // the last comparison of two futures
	lame    *future // it cannot keep up with the present one
	note    string
	noteBad bool
	marked  time.Time // when the lights were last put out, while it plays
	shown   time.Time // when the last Snapshot was sent
}

// future is one of the runs that a person goes between.
type future struct {
	session *session.Session
	camera  *camera
}

// The strides: how far one step goes.
const (
	strideEvent    = "event"
	strideDecision = "decision"
	stridePhase    = "phase"
)

// How the player shares its time.
const (
	frameTime  = 40 * time.Millisecond  // between two Snapshots
	slice      = 30 * time.Millisecond  // of work between two looks at the orders
	lightTime  = 300 * time.Millisecond // for which a light stays on while it plays
	maxFutures = 8
	maxOrders  = 256 // that wait
)

func newPlayer(s *session.Session, pace Pace) *player {
	p := &player{orders: make(chan Order, maxOrders), box: newMailbox(), pace: pace, stride: strideDecision, open: Order{Do: DoClose}}
	p.futures = []*future{newFuture(s)}
	return p
}

func newFuture(s *session.Session) *future {
	f := &future{session: s, camera: newCamera(s)}
	s.Subscribe(func(r trace.Record) { f.camera.tape.record(r) })
	return f
}

func (p *player) now() *future { return p.futures[p.present] }

// give hands an order to the player without waiting; false: it has too much to do.
func (p *player) give(o Order) bool {
	select {
	case p.orders <- o:
		return true
	default:
		return false
	}
}

// run plays until ctx ends. A panic in the simulation comes back as an error, so
// that the screen can give the terminal back before anybody reads it.
func (p *player) run(ctx context.Context) (err error) {
	defer close(p.box)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the simulation has broken down: %v\n%s", r, debug.Stack())
		}
	}()
	p.serve()
	p.show()
	for {
		if err := p.turn(ctx); err != nil {
			return err
		}
	}
}

// turn waits for an order, or goes a little further.
func (p *player) turn(ctx context.Context) error {
	var wait time.Duration
	moving := p.moves()
	if moving {
		var err error
		if wait, err = p.move(ctx); err != nil {
			return err
		}
		if time.Since(p.shown) >= frameTime || wait > frameTime || !p.moves() {
			p.show()
		}
	}
	var timer <-chan time.Time
	if moving {
		t := time.NewTimer(wait)
		defer t.Stop()
		timer = t.C
		p.begins(wait)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case o := <-p.orders:
		err := p.obey(ctx, o)
		p.serve()
		p.show()
		return err
	case <-p.knock():
		p.letIn()
		return nil
	case <-timer:
		return nil
	}
}

// moves says whether there is something to do before the next order.
func (p *player) moves() bool { return p.playing || p.goal != nil || p.behind() }

// move goes on for a moment: with the future that is behind, if there is one, or
// else with the present one.
func (p *player) move(ctx context.Context) (time.Duration, error) {
	if p.behind() {
		return 0, p.catchUp(ctx)
	}
	return p.advance(ctx)
}

// advance goes on for a moment, towards the goal or just on, and says for how
// long to rest after it. Only ctx's end is an error of it; others are told.
func (p *player) advance(ctx context.Context) (time.Duration, error) {
	f := p.now()
	stop := session.Phase()
	switch {
	case p.goal != nil:
		stop = *p.goal
	case p.pace.Max:
		stop = session.End()
	}
	tape := f.camera.tape
	if p.playing && time.Since(p.marked) > lightTime {
		tape.mark()
		p.marked = time.Now()
	}
	told, read := tape.told, tape.read
	marks := len(f.session.Runner().Marks())
	short, cancel := context.WithTimeout(ctx, slice)
	more, err := f.session.Until(short, stop)
	cancel()
	p.tellMark(marks)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return 0, nil
	case err != nil:
		p.halt()
		p.complain(err)
		return 0, nil
	case !more:
		p.halt()
		p.say("The run is over. b goes back, w asks why, f makes another future, q leaves.")
		return 0, nil
	}
	stopped := f.session.Stopped()
	if stopped != nil && stopped.Scene != nil {
		p.interrupt(stopped)
	}
	if stopped != nil && stopped.Breakpoint != nil {
		p.halt()
		p.say("stopped at %s", stopped.Breakpoint)
		return 0, nil
	}
	if p.interlude.scene != nil {
		return 0, nil
	}
	if p.goal != nil {
		p.arrived()
		return 0, nil
	}
	var wait time.Duration
	if next := f.session.Pending(1); len(next) > 0 {
		wait = next[0].Time - f.session.Now()
	}
	return p.pacing().delay(tape.told-told, tape.read-read, wait), nil
}

// arrived stops at the goal.
func (p *player) arrived() {
	s := p.now().session
	if s.Stopped().Idle {
		p.say("nothing but heartbeats has changed for a minute: nobody wants anything")
	}
	if p.until > s.Now() {
		p.say("nothing more happens until %s; the last step was at %s", seconds(p.until), seconds(s.Now()))
	}
	p.halt()
}

// halt stops playing, and whatever was on its way.
func (p *player) halt() { p.playing, p.goal, p.until = false, nil, 0 }

func (p *player) say(format string, args ...any) {
	p.note, p.noteBad = fmt.Sprintf(format, args...), false
}

func (p *player) complain(err error) { p.note, p.noteBad = err.Error(), true }

// show sends a Snapshot.
func (p *player) show() {
	f := p.now()
	s := f.camera.take()
	s.Playing, s.Pace, s.Stride, s.Strides = p.playing || p.goal != nil, p.pace.String(), p.stride, p.strides
	s.Branch, s.Futures = p.present+1, len(p.futures)
	s.Scene = p.interlude.scene
	if p.server != nil {
		s.Way = p.server.Way
	}
	s.Note, s.NoteBad = p.note, p.noteBad
	for _, b := range f.session.Breakpoints() {
		s.Breakpoints = append(s.Breakpoints, b.String())
	}
	if p.open.Do == DoSplit {
		s.Opened = p.abreast()
	} else {
		s.Opened = f.camera.opened(p.open)
	}
	p.box.put(s)
	p.shown = time.Now()
}

// close ends all futures but the present one, which is given back.
func (p *player) close() (*session.Session, error) {
	var errs []error
	for i, f := range p.futures {
		if i != p.present {
			errs = append(errs, f.session.Close())
		}
	}
	return p.now().session, errors.Join(errs...)
}
