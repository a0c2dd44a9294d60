package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Request is something that comes from outside of the simulation: a verb typed
// by a person, an HTTP request. It is data, so that it can be written down and
// replayed.
type Request struct {
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data,omitempty"`

	done chan<- Reply
}

// Reply is the answer to a Request.
type Reply struct {
	Value any
	Err   error
}

// Outsider carries out requests from outside; each is one step.
type Outsider interface {
	Outside(r Request) Reply
}

// Titler is an Outsider whose requests are long. What stands in the trace for one
// of them is its title, a few words, and a digest of the whole request.
type Titler interface {
	Outsider
	Title(r Request) string
}

// Entry is a line of the journal: the request that ran as step number Step at
// the virtual time Time.
type Entry struct {
	Step    uint64        `json:"step"`
	Time    time.Duration `json:"time"`
	Request Request       `json:"request"`
}

var errNoOutsider = errors.New("nobody carries out requests from outside")

// OutsideActor is the name under which requests from outside run: whatever they
// are, a person is behind them.
const OutsideActor = "user"

// Admit has f called before each request of the inbox is carried out, by the
// engine's own goroutine. Its error answers the request, which then is no step.
func (e *Engine) Admit(f func() error) { e.admit = f }

// HandleOutside makes o the one who carries out requests of a kind from outside.
func (e *Engine) HandleOutside(kind string, o Outsider) { e.outside[kind] = o }

// Submit puts a request into the inbox; it runs between two steps. The returned
// channel, which has room for it, gets the reply. Submit is safe for concurrent use.
func (e *Engine) Submit(r Request) <-chan Reply {
	done := make(chan Reply, 1)
	r.done = done
	e.arrive(func() { e.inbox = append(e.inbox, r) })
	return done
}

// Visit has f run on the engine's goroutine between two steps, for somebody from
// outside who only looks: it is no step, and neither the journal nor the run's
// hash knows of it, so f must change nothing and schedule nothing. The channel is
// closed when f has run. Visit is safe for concurrent use.
func (e *Engine) Visit(f func()) <-chan struct{} {
	done := make(chan struct{})
	e.arrive(func() {
		e.visits = append(e.visits, func() {
			defer close(done)
			f()
		})
	})
	return done
}

// OnArrival has f called whenever a request or a visitor has come, on the
// goroutine of whoever has sent it. Whoever waits between steps learns so that it is time for
// Serve. Set it before anybody sends.
func (e *Engine) OnArrival(f func()) { e.wake = f }

func (e *Engine) arrive(put func()) {
	e.mu.Lock()
	put()
	e.mu.Unlock()
	if e.wake != nil {
		e.wake()
	}
}

// receive lets the visitors who wait look.
func (e *Engine) receive() {
	e.mu.Lock()
	visits := e.visits
	e.visits = nil
	e.mu.Unlock()
	for _, f := range visits {
		f()
	}
}

// Serve carries out the requests that wait in the inbox while the clock stands
// still, lets visitors look, and returns how many requests there were. A paused
// simulation calls it, and one that waits for its next work to be due.
func (e *Engine) Serve() int {
	n := 0
	for e.receive(); e.err == nil; e.receive() {
		if _, ok := e.stepOutside(); !ok {
			break
		}
		n++
	}
	return n
}

// ServeAt is Serve for a simulation that waits for its next work while time goes
// by: requests are carried out at the virtual time t, or when the next work is
// due if that comes first. Visitors move no clock.
func (e *Engine) ServeAt(t time.Duration) int {
	if e.Waiting() {
		e.Idle(t)
	}
	return e.Serve()
}

// Do carries out a request at once, as a step. Only the engine's own goroutine may call it, between steps.
func (e *Engine) Do(r Request) Reply {
	_, reply := e.runOutside(r)
	return reply
}

// Journal is all that has come from outside so far.
func (e *Engine) Journal() []Entry { return e.journal }

// Replay has the entries of a journal run again, each as the step that it was.
// Call it before the first step.
func (e *Engine) Replay(journal []Entry) {
	e.script = append([]Entry(nil), journal...)
}

// Waiting says whether a request waits to be carried out before the next work.
func (e *Engine) Waiting() bool {
	if len(e.script) > 0 && e.script[0].Step == e.steps+1 {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.inbox) > 0
}

func (e *Engine) stepOutside() (Step, bool) {
	if len(e.script) > 0 {
		if e.script[0].Step != e.steps+1 {
			return Step{}, false
		}
		r := e.script[0].Request
		if e.script[0].Time > e.now {
			e.now = e.script[0].Time
			clear(e.repeated)
		}
		e.script = e.script[1:]
		s, _ := e.runOutside(r)
		return s, true
	}
	for {
		r, ok := e.oldest()
		if !ok {
			return Step{}, false
		}
		if e.admit != nil {
			if err := e.admit(); err != nil {
				r.done <- Reply{Err: err}
				continue
			}
		}
		s, _ := e.runOutside(r)
		return s, true
	}
}

// oldest takes the request that has waited longest out of the inbox.
func (e *Engine) oldest() (Request, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.inbox) == 0 {
		return Request{}, false
	}
	r := e.inbox[0]
	e.inbox = e.inbox[1:]
	return r, true
}

// outsideWork is the work that a request is.
func (e *Engine) outsideWork(r Request) Work {
	key := string(r.Data)
	if t, ok := e.outside[r.Kind].(Titler); ok {
		sum := sha256.Sum256(r.Data)
		key = t.Title(r) + " #" + hex.EncodeToString(sum[:8])
	}
	return Work{Actor: OutsideActor, Kind: r.Kind, Key: key}
}

func (e *Engine) runOutside(r Request) (Step, Reply) {
	s := e.begin(e.outsideWork(r), 0)
	defer e.end()
	e.journal = append(e.journal, Entry{Step: e.steps, Time: e.now, Request: Request{Kind: r.Kind, Data: r.Data}})
	reply := Reply{Err: fmt.Errorf("%w of the kind %q", errNoOutsider, r.Kind)}
	if o := e.outside[r.Kind]; o != nil {
		reply = o.Outside(r)
	}
	if r.done != nil {
		r.done <- reply
	}
	return s, reply
}
