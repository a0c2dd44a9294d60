// Package session is one run that can be stepped, looked at, wound back, forked,
// recorded and replayed. What lives here: the way through time. What does not:
// what happens in a step (the cluster's), what a person may do (the scenario's
// verbs), and how anything looks (the prompt's and the screens').
//
// No actor saves itself: an earlier step is reached by playing the run again from
// the beginning, with all that came from outside at its place. What the run wrote
// the first time is remembered and not written again, so that this takes some
// 15 µs a step. A fork is a replay in which one thing is different; a recording
// is all that a replay needs, with the hash that it must come to.
package session

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"minisim/sim/cluster"
	"minisim/sim/engine"
	"minisim/sim/scenario"
	"minisim/sim/trace"
)

// Options choose what has no influence on the run itself.
type Options struct {
	DataDir string    // keep the cluster's etcd here, durably; such a run cannot be wound back or forked
	TempDir string    // where the etcd of a run that only goes forward is otherwise kept; "": the system's place
	EtcdLog io.Writer // where etcd's own log goes; nil: nowhere
	Keep    int       // how many of the newest records Records can give; 0: DefaultKeep
	Writes  int       // how many of the run's writes are remembered; one with more takes longer to wind back; 0: 40,000
	Forward bool      // the run is only ever stepped forward: nothing is kept for a way back
}

// DefaultKeep is how many records are kept when nobody said.
const DefaultKeep = 100_000

// ErrNoWayBack says that a run cannot be played again: it is on a durable cluster,
// or was opened to go forward only.
var ErrNoWayBack = errors.New("this run cannot be wound back, forked or recorded: it keeps its cluster in a folder (--data-dir)")

// Session is one run. It is used by one goroutine.
type Session struct {
	input    Input
	options  Options
	past     *cluster.Past // nil for a durable cluster
	resolved string        // the hash of the scenario in resolved form
	cleanup  func() error  // removes the project's folder of a replay
	play     *play
	sinks    []trace.Sink
	answers  map[string]string // to the scenario's questions, by their ids
	newest   uint64            // the step from which the session was last wound back
	last     uint64            // a served run that is replayed ends with this step; 0: never

	breaks  []*Breakpoint // in the order of their IDs
	breakID int           // of the newest
	stops   []trigger     // that are looked for at present
	stopped *Stopped      // at what the last Until stopped
}

// Open begins a run on a fresh cluster, at step 0. Errors in the file are source.Diagnostics.
func Open(ctx context.Context, in Input, o Options) (*Session, error) {
	switch {
	case o.Forward:
		o.Keep = 0
	case o.Keep == 0:
		o.Keep = DefaultKeep
	}
	s := &Session{input: in.clone(), options: o, answers: map[string]string{}}
	sc, err := s.input.Load()
	if err != nil {
		return nil, err
	}
	s.resolved = digest(sc)
	if o.DataDir == "" && !o.Forward {
		if s.past, err = cluster.OpenPast(ctx, o.EtcdLog, o.Writes); err != nil {
			return nil, err
		}
	}
	p, err := s.begin(ctx, sc, s.past, nil)
	if err != nil {
		return nil, errors.Join(err, s.closePast())
	}
	s.adopt(p)
	return s, nil
}

// Close ends the run; nothing of it is left behind but a data folder that was asked for.
func (s *Session) Close() error {
	err := errors.Join(s.play.close(), s.closePast())
	if s.cleanup != nil {
		err = errors.Join(err, s.cleanup())
	}
	return err
}

func (s *Session) closePast() error {
	if s.past == nil {
		return nil
	}
	return s.past.Close()
}

// Subscribe has f told of every record from now on. What is made again while the
// session is wound back is not told; what comes after it is, once more.
func (s *Session) Subscribe(f trace.Sink) { s.sinks = append(s.sinks, f) }

// Step does one step, unless the run has ended, and says whether it goes on after
// that. It is the same in the past as at the newest step: what came from outside comes again.
func (s *Session) Step() (bool, error) { return s.play.step() }

// Type carries out a verb now, as a request from outside that the journal keeps.
// In the past this cuts the future: from here on the run goes another way. A text
// that is no verb is an error and changes nothing; a verb that fails is part of
// the run, and its error too.
func (s *Session) Type(ctx context.Context, verb string) error {
	if _, err := scenario.ParseCommand(verb, s.play.runner.View); err != nil {
		return err
	}
	if err := s.Cut(ctx); err != nil {
		return err
	}
	return s.play.outside(s.Now(), scenario.Typed(verb))
}

// Answer notes what somebody answers to a question of the scenario, by its id. It
// holds in every replay, too. The error says what may be answered.
func (s *Session) Answer(id, text string) error {
	err := s.play.runner.Answer(id, text)
	if err == nil {
		s.answers[id] = text
	}
	return err
}

// Cut gives up what is still to come of the journal; the run goes on from here without it.
func (s *Session) Cut(ctx context.Context) error {
	if err := s.play.runner.Cluster.Diverge(ctx); err != nil {
		return err
	}
	s.play.script, s.play.last, s.newest, s.last = nil, 0, 0, 0
	return nil
}

// Newest is the number of the newest step that the session has come to. What lies
// between it and StepNumber is still to come, and will come as before unless
// something else is typed.
func (s *Session) Newest() uint64 { return max(s.newest, s.StepNumber()) }

// Runner is the scenario's runner of the present play. After To, Back or Type it may be another one.
func (s *Session) Runner() *scenario.Runner { return s.play.runner }

// Cluster is the cluster of the present play. After To and Back it is another one.
func (s *Session) Cluster() *cluster.Cluster { return s.play.runner.Cluster }

// Input is what the run depends on. It must not be changed.
func (s *Session) Input() Input { return s.input }

// Scenario is what is played.
func (s *Session) Scenario() *scenario.Scenario { return s.play.runner.Scenario }

// StepNumber is how many steps have been done.
func (s *Session) StepNumber() uint64 { return s.Cluster().Engine.Steps() }

// Now is the virtual time since the epoch: that of the last step, or one after it
// up to which Until has seen that there is nothing to do.
func (s *Session) Now() time.Duration { return s.play.now() }

// Hash stands for the run up to here.
func (s *Session) Hash() string { return s.Cluster().Trace.Hash() }

// End is how the run ended, nil while it goes on.
func (s *Session) End() *scenario.End { return s.play.runner.End() }

// Pending lists up to n pieces of work to come, the earliest first.
func (s *Session) Pending(n int) []engine.Scheduled { return s.Cluster().Engine.Pending(n) }

// Journal is what has come from outside up to here.
func (s *Session) Journal() []engine.Entry { return s.Cluster().Engine.Journal() }

// Future is what came from outside after this step before the session was wound
// back, and will come again unless something else is typed.
func (s *Session) Future() []engine.Entry { return s.play.script }

// Records are the records of the steps from to to, both included, as far as they
// are kept. Step 0 stands for what was before the first. They must not be changed.
func (s *Session) Records(from, to uint64) []trace.Record { return s.play.window.steps(from, to) }

// Last are the records of the last step, the phases of which it consists.
func (s *Session) Last() []trace.Record { return s.Records(s.StepNumber(), s.StepNumber()) }

// adopt makes p what the session plays.
func (s *Session) adopt(p *play) {
	p.tell = s.told
	s.play = p
	s.Cluster().Engine.Admit(s.admit)
}

// begin makes a play of a loaded scenario that stands at step 0.
func (s *Session) begin(ctx context.Context, sc *scenario.Scenario, past *cluster.Past, script []engine.Entry) (*play, error) {
	config := sc.Cluster
	config.Past, config.DataDir, config.TempDir, config.EtcdLog = past, s.options.DataDir, s.options.TempDir, s.options.EtcdLog
	c, err := cluster.New(ctx, config)
	if err != nil {
		return nil, err
	}
	p := &play{runner: scenario.NewRunner(sc, c), window: window{keep: s.options.Keep}, script: script, served: s.input.Served, last: s.last}
	c.Trace.Subscribe(p.record)
	for _, id := range slices.Sorted(maps.Keys(s.answers)) {
		if err := p.runner.Answer(id, s.answers[id]); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	p.runner.Start()
	return p, nil
}
