package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/internal/source"
	"minisim/sim/api"
	"minisim/sim/cluster"
	"minisim/sim/compose"
	"minisim/sim/engine"
	"minisim/sim/world"
)

// Actor is the name under which the person who runs the scenario acts.
const Actor = "user"

// When things begin and end, in virtual time.
const (
	ApplyAt     = 2 * time.Second  // after the start: the cluster is up; the user applies the objects
	Settled     = 60 * time.Second // nothing of consequence has changed for so long: the run is over
	MaxUnstated = 2 * time.Hour    // a run without `until` ends here though it has not settled
)

// VerbRequest is the kind of an outside request that carries out a verb; its data is the command's text in JSON.
const VerbRequest = "verb"

// Runner plays a scenario on a cluster. It is used by the engine's goroutine only.
type Runner struct {
	Scenario *Scenario
	Cluster  *cluster.Cluster
	View     *View

	client    api.Client
	causes    map[string]uint64 // the record of each service's translation
	sequences []*sequence
	waiting   []*waiting
	left      int // entries of the timeline that are still to come
	applied   int
	verdicts  []Verdict
	failures  int
	end       *End
	judged    int  // verdicts that were given before the end
	beyond    bool // somebody has gone on after the end
}

// sequence is commands that are carried out one after the other.
type sequence struct {
	commands []Command
	begun    bool
}

// waiting is an expectation that has time to come true.
type waiting struct {
	Expectation
	deadline time.Duration
}

// NewRunner makes a scenario ready to run on a cluster that has been made from its Cluster configuration.
func NewRunner(s *Scenario, c *cluster.Cluster) *Runner {
	r := &Runner{Scenario: s, Cluster: c, View: s.View, causes: map[string]uint64{}, left: len(s.Timeline)}
	r.client = c.Admin("kubernetes-admin", Actor)
	r.View.client, r.View.world = r.client, c.World
	c.Engine.HandleOutside(VerbRequest, r)
	return r
}

// Input is the scenario in resolved form, for the run's hash: two files that
// differ in comments and order of keys only have the same one.
func (s *Scenario) Input() []byte {
	type entry struct {
		At     time.Duration
		Do     []string
		Expect string
		Within time.Duration
	}
	in := struct {
		Masters  int
		Workers  []cluster.Worker
		Latency  *cluster.Latency
		Objects  []compose.Resource
		Builds   []string
		NoBuild  bool
		Programs map[string]world.Program
		Timeline []entry
		Finally  []string
		Until    time.Duration
	}{Masters: s.Cluster.Masters, Workers: s.Cluster.Workers, Latency: s.Cluster.Latency, Programs: s.Programs, Until: s.Until, NoBuild: s.NoBuild}
	for _, o := range s.Compose.Objects {
		in.Objects = append(in.Objects, o.Resource)
	}
	for _, b := range s.Compose.Builds {
		in.Builds = append(in.Builds, b.Image)
	}
	for _, e := range s.Timeline {
		t := entry{At: e.At}
		for _, c := range e.Do {
			t.Do = append(t.Do, c.Text)
		}
		if e.Expect != nil {
			t.Expect, t.Within = e.Expect.Condition.Text, e.Expect.Within
		}
		in.Timeline = append(in.Timeline, t)
	}
	for _, e := range s.Finally {
		in.Finally = append(in.Finally, e.Condition.Text)
	}
	b, err := json.Marshal(in)
	if err != nil {
		panic(fmt.Sprintf("scenario: the resolved input cannot be written: %v", err)) // plain data: it can
	}
	return b
}

// Start queues everything: translation, the machines' start, the objects, the timeline.
func (r *Runner) Start() {
	e := r.Cluster.Engine
	e.Register(Actor, r)
	e.After(0, engine.Work{Actor: Actor, Kind: "translate", Key: r.Scenario.Name})
	r.Cluster.Boot()
	for i, entry := range r.Scenario.Timeline {
		if r.Cluster.Resumed && entry.At <= e.Now() {
			r.left-- // an earlier run has done it
			continue
		}
		e.At(entry.At, engine.Work{Actor: Actor, Kind: "timeline", Key: strconv.Itoa(i)})
	}
}

// Run does one piece of the user's work.
func (r *Runner) Run(w engine.Work) {
	i, _ := strconv.Atoi(w.Key)
	switch w.Kind {
	case "translate":
		r.translate()
	case "apply":
		r.apply(i)
	case "timeline":
		r.play(i)
	case "check":
		r.check()
	default:
		panic("scenario: unknown work " + w.String())
	}
}

// translate tells what became of the compose file, puts the built images into
// the registry and queues the objects.
func (r *Runner) translate() {
	s, t, e := r.Scenario, r.Cluster.Trace, r.Cluster.Engine
	objects := map[string][]string{}
	for _, o := range s.Compose.Objects {
		objects[o.Service] = append(objects[o.Service], api.Ref(api.Of(o.Resource), api.Key{Name: o.GetName()}))
	}
	for _, name := range s.Compose.Services {
		place := s.File.At("services", name)
		if key, _ := source.Lookup(s.File.Root, "services", name); key == nil {
			place = s.File.At(name) // a version 1 file has no services key
		}
		r.causes[name] = t.Add(Translated{Service: name, Place: place.String(), Objects: objects[name]})
	}
	for _, n := range s.Compose.Notes {
		t.Add(Noted{Place: n.Pos.String(), Path: n.Path, Level: n.Level.String(), Compose: n.Compose, Kubernetes: n.Kubernetes, Do: n.Do})
	}
	for _, b := range s.Compose.Builds {
		r.Cluster.World.Images.Set(world.Image{Name: b.Image, Missing: s.NoBuild})
		if !s.NoBuild {
			t.Add(Built{Service: b.Service, Image: b.Image, Context: b.Context})
		}
	}
	r.program()
	for i, o := range s.Compose.Objects {
		before := e.SetCause(r.causes[o.Service])
		e.After(ApplyAt, engine.Work{Actor: Actor, Kind: "apply", Key: strconv.Itoa(i)})
		e.SetCause(before)
	}
}

func (r *Runner) apply(i int) {
	o := r.Scenario.Compose.Objects[i]
	r.applied++
	typed, ok := o.Resource.(api.Object)
	if !ok {
		r.fail("apply", fmt.Errorf("%s is not an API object", o.GetName()))
		return
	}
	_, err := api.Create(r.client, typed)
	if apierrors.IsAlreadyExists(err) && r.Cluster.Resumed {
		return // it is there since an earlier run
	}
	if err != nil {
		r.fail("apply "+api.Ref(api.Of(typed), api.KeyOf(typed)), err)
	}
}

func (r *Runner) fail(what string, err error) {
	r.failures++
	r.Cluster.Trace.Then(Did{Text: what, Error: err.Error()})
}

// play carries out one entry of the timeline.
func (r *Runner) play(i int) {
	entry := r.Scenario.Timeline[i]
	r.left--
	if entry.Say != "" {
		r.Cluster.Trace.Then(Said{entry.Say})
	}
	if len(entry.Do) > 0 {
		r.sequences = append(r.sequences, &sequence{commands: entry.Do})
	}
	if x := entry.Expect; x != nil {
		r.waiting = append(r.waiting, &waiting{Expectation: *x, deadline: r.Cluster.Engine.Now() + x.Within})
	}
	r.check()
}

// check goes on with commands that last and with expectations that wait, now
// and, while there are any, once a second.
func (r *Runner) check() {
	open := r.sequences[:0]
	for _, s := range r.sequences {
		if !r.advance(s) {
			open = append(open, s)
		}
	}
	r.sequences = open
	still := r.waiting[:0]
	for _, w := range r.waiting {
		if !r.decide(w) {
			still = append(still, w)
		}
	}
	r.waiting = still
	if len(r.sequences)+len(r.waiting) > 0 {
		r.Cluster.Engine.OnceAfter(time.Second, engine.Work{Actor: Actor, Kind: "check"})
	}
}

// advance carries out the commands of a sequence as far as they go, and says whether it has ended.
func (r *Runner) advance(s *sequence) (ended bool) {
	for len(s.commands) > 0 {
		c := s.commands[0]
		var err error
		if !s.begun {
			s.begun = true
			err = r.do(c)
		}
		if l, ok := c.action.(lasting); ok && err == nil {
			var done bool
			if done, err = l.finished(r); err == nil && !done {
				return false
			}
			if err != nil {
				r.fail(c.Text, err)
			}
		}
		if err != nil {
			return true
		}
		s.commands, s.begun = s.commands[1:], false
	}
	return true
}

// do begins one command and tells so.
func (r *Runner) do(c Command) error {
	r.Cluster.Trace.Then(Did{Text: c.Text})
	err := c.action.do(r)
	if err != nil {
		r.fail(c.Text, err)
	}
	return err
}

// decide gives a verdict on an expectation if it can be given already.
func (r *Runner) decide(w *waiting) bool {
	holds, err := w.Condition.Holds()
	if !holds && r.Cluster.Engine.Now() < w.deadline {
		return false
	}
	r.verdict(w.Expectation, holds, err)
	return true
}

// expect gives a verdict on an expectation now.
func (r *Runner) expect(x Expectation) {
	holds, err := x.Condition.Holds()
	r.verdict(x, holds, err)
}

func (r *Runner) verdict(x Expectation, holds bool, err error) {
	v := Verdict{Expect: x.Condition.Text, Held: holds, Because: x.Because}
	if x.Pos.Line > 0 {
		v.Place = x.Pos.String()
	}
	if err != nil {
		v.Error = err.Error()
	}
	r.verdicts = append(r.verdicts, v)
	r.Cluster.Trace.Add(v)
}

// Outside carries out a verb that somebody has typed.
func (r *Runner) Outside(q engine.Request) engine.Reply {
	var text string
	if err := json.Unmarshal(q.Data, &text); err != nil {
		return engine.Reply{Err: fmt.Errorf("a verb that nobody can read: %w", err)}
	}
	c, err := ParseCommand(text, r.View)
	if err != nil {
		return engine.Reply{Err: err}
	}
	r.reopen()
	failures := r.failures
	s := &sequence{commands: []Command{c}}
	if !r.advance(s) {
		r.sequences = append(r.sequences, s)
		r.Cluster.Engine.OnceAfter(time.Second, engine.Work{Actor: Actor, Kind: "check"})
	}
	if r.failures > failures {
		r.failures = failures // a slip of the hand does not make the run a failed one
		return engine.Reply{Err: errCommandFailed}
	}
	return engine.Reply{}
}

var errCommandFailed = errors.New("the command has failed")

// Busy says whether commands are under way that take virtual time.
func (r *Runner) Busy() bool { return len(r.sequences) > 0 }

// Type carries out a command at once, as a request from outside that the journal keeps.
func (r *Runner) Type(text string) error {
	return r.Cluster.Engine.Do(Typed(text)).Err
}

// Typed is the request from outside that carries out a command.
func Typed(text string) engine.Request {
	data, err := json.Marshal(text)
	if err != nil {
		panic("scenario: a text cannot be written as JSON: " + err.Error()) // any string can
	}
	return engine.Request{Kind: VerbRequest, Data: data}
}

// Step does the next step of the run. It returns false when the run is over.
func (r *Runner) Step() (bool, error) {
	if r.Conclude() {
		return false, nil
	}
	if _, err := r.Cluster.Engine.Step(); err != nil {
		return false, err
	}
	return true, nil
}

// Conclude ends the run if it is over, and says whether it has ended. What comes
// from outside comes after it, so that it finds the same in every replay.
func (r *Runner) Conclude() bool {
	if r.end == nil {
		if reason, over := r.over(); over {
			r.finish(reason)
		}
	}
	return r.end != nil
}

// reopen has a run that has ended go on until it is settled again: somebody has
// done something more. The end will be judged anew.
func (r *Runner) reopen() {
	if r.end != nil {
		r.end, r.beyond, r.verdicts = nil, true, r.verdicts[:r.judged]
	}
}

// over says whether and why the run has come to its end.
func (r *Runner) over() (string, bool) {
	e := r.Cluster.Engine
	next, any := e.Next()
	switch {
	case r.Scenario.Until > 0 && !r.beyond:
		if !any || next.Time > r.Scenario.Until && r.Scenario.Until > e.Now() {
			e.RunTo(r.Scenario.Until) // nothing is due until then: only the clock moves
		}
		if !any || next.Time > r.Scenario.Until {
			return fmt.Sprintf("the time that the scenario states (until: %s) has come", r.Scenario.Until), true
		}
	case r.left > 0 || len(r.sequences)+len(r.waiting) > 0 || r.applied < len(r.Scenario.Compose.Objects):
		return "", false
	case e.Quiet() >= Settled:
		return fmt.Sprintf("settled: nothing but heartbeats has changed for %s", Settled), true
	case e.Now() > MaxUnstated:
		return fmt.Sprintf("not settled after %s of virtual time; state an end with until:", MaxUnstated), true
	}
	return "", false
}

func (r *Runner) finish(reason string) {
	for _, w := range r.waiting {
		r.expect(w.Expectation)
	}
	r.waiting, r.judged = nil, len(r.verdicts)
	for _, x := range r.Scenario.Finally {
		r.expect(x)
	}
	t := r.Cluster.Trace
	end := End{Reason: reason, Time: r.Cluster.Engine.Now(), Steps: r.Cluster.Engine.Steps(), Hash: t.Hash(), Failures: r.failures}
	for _, v := range r.verdicts {
		if v.Held {
			end.Held++
		} else {
			end.Failed++
		}
	}
	r.end = &end
	t.Add(end)
}

// End is how the run ended, nil while it goes on.
func (r *Runner) End() *End { return r.end }

// Verdicts are those given so far, in order.
func (r *Runner) Verdicts() []Verdict { return r.verdicts }
