package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/cluster"
	"minisim/sim/engine"
	"minisim/sim/world"
)

// Actor is the name under which the person who runs the scenario acts.
const Actor = "user"

// When things begin and end, in virtual time.
const (
	ApplyAt     = 2 * time.Second  // after the start: the cluster is up; the user applies the objects
	Settled     = 60 * time.Second // nothing of consequence has changed for so long: the run is over
	MaxUnstated = 2 * time.Hour    // so long after the last entry of its timeline a run without `until` ends though it has not settled
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
	entries   []progress        // by index in the timeline
	left      int               // entries of the timeline that hold the run: their time is known and has not come
	queued    int               // pieces of work of the timeline and the questions that wait in the queue
	sequences []*sequence       // commands under way
	typed     uint64            // commands that somebody has typed
	acting    uint64            // the number of the one that is being carried out just now; 0: none of them
	waiting   []*waiting        // expectations that have time
	exam      exam
	stop      *Stop
	applied   int
	verdicts  []Verdict
	failures  int
	end       *End
	judged    int  // verdicts that were given before the end
	beyond    bool // somebody has gone on after the end
	began     time.Duration
	skipped   []string // entries that an earlier run of a durable cluster has done
}

// NewRunner makes a scenario ready to run on a cluster that has been made from its Cluster configuration.
func NewRunner(s *Scenario, c *cluster.Cluster) *Runner {
	r := &Runner{Scenario: s, Cluster: c, View: s.View, causes: map[string]uint64{}}
	r.client = c.Admin("kubernetes-admin", Actor)
	r.View.attach(c.API, c.World)
	c.Engine.HandleOutside(VerbRequest, r)
	c.Engine.Follow(r.follow)
	r.exam.prepare(r)
	return r
}

// Start queues everything: translation, the machines' start, the objects, the timeline.
func (r *Runner) Start() {
	e := r.Cluster.Engine
	e.Register(Actor, r)
	r.began = e.Now()
	e.After(0, engine.Work{Actor: Actor, Kind: "translate", Key: r.Scenario.Name})
	r.Cluster.Boot()
	r.plan()
}

// Run does one piece of the user's work.
func (r *Runner) Run(w engine.Work) {
	i, _ := strconv.Atoi(w.Key)
	switch w.Kind {
	case "translate":
		r.translate()
	case "apply":
		r.apply(i)
	case timeWork:
		r.reach(i)
	case whenWork:
		r.queued--
		r.play(i)
	case actWork:
		r.queued--
		r.act(i)
	case markWork:
		r.queued--
		r.mark(i)
	case checkWork:
		r.check()
	default:
		panic("scenario: unknown work " + w.String())
	}
}

// translate tells what became of the compose file, puts the built images into
// the registry and queues the objects.
func (r *Runner) translate() {
	s, t, e := r.Scenario, r.Cluster.Trace, r.Cluster.Engine
	if r.Cluster.Resumed {
		t.Add(Resumed{At: e.Now(), Skipped: r.skipped})
	}
	objects := map[string][]string{}
	for _, o := range s.Compose.Objects {
		objects[o.Service] = append(objects[o.Service], api.Ref(api.Of(o.Resource), api.Key{Name: o.GetName()}))
	}
	for _, name := range s.Compose.Services {
		r.causes[name] = t.Add(Translated{Service: name, Place: s.Compose.Places[name].String(), Objects: objects[name]})
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
	for _, i := range s.Images {
		image := r.Cluster.World.Images.Lookup(i.Name)
		image.Missing = i.Missing
		image.Bytes = cmp.Or(i.Bytes, image.Bytes)
		r.Cluster.World.Images.Set(image)
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
	text := err.Error()
	if master := r.Cluster.Machines()[0]; errors.Is(err, api.ErrUnreachable) && !r.Cluster.On(master) {
		text += ": the API server of " + master + ", which has no power, does not answer"
	}
	r.Cluster.Trace.Then(Did{Text: what, Error: text})
}

// Step does the next step of the run, unless it is over, and says whether it goes on after that.
func (r *Runner) Step() (bool, error) {
	if r.end != nil {
		return false, nil
	}
	_, err := r.Cluster.Engine.Step()
	return r.end == nil && err == nil, err
}

// conclude ends the run if it is over. A step is judged where it ends and nowhere
// else: how long the clock idles before something comes from outside differs
// from run to run, and no replay could know when somebody has looked.
func (r *Runner) conclude() {
	if r.end == nil {
		if reason, over := r.over(); over {
			r.finish(reason)
		}
	}
}

// reopen has a run that has ended go on until it is settled again: somebody has
// done something more. The end will be judged anew.
func (r *Runner) reopen() {
	if r.end != nil {
		r.end, r.beyond, r.verdicts = nil, true, r.verdicts[:r.judged]
		r.exam.reopen()
	}
}

// over says whether and why the run has come to its end.
func (r *Runner) over() (string, bool) {
	e := r.Cluster.Engine
	next, any := e.Next()
	switch {
	case r.Scenario.Until > 0 && !r.beyond:
		if !any || next.Time > r.Scenario.Until && r.Scenario.Until > e.Now() {
			e.Idle(r.Scenario.Until) // nothing is due until then
		}
		if !any || next.Time > r.Scenario.Until {
			return fmt.Sprintf("the time that the scenario states (until: %s) has come", r.Scenario.Until), true
		}
	case !any:
		return "settled: nothing is left that could happen", true
	case r.left > 0 || r.queued > 0 || len(r.sequences)+len(r.waiting) > 0 || r.applied < len(r.Scenario.Compose.Objects):
		return "", false
	case e.Quiet() >= Settled:
		return fmt.Sprintf("settled: nothing but heartbeats has changed for %s", Settled), true
	case e.Now() > r.lastEntry()+MaxUnstated:
		return fmt.Sprintf("not settled for %s of virtual time; state an end with until:", MaxUnstated), true
	}
	return "", false
}

// lastEntry is the time of the last thing that is planned, or of the start.
func (r *Runner) lastEntry() time.Duration {
	last := r.began
	for _, x := range r.Scenario.Timeline {
		last = max(last, x.At)
	}
	return last
}

func (r *Runner) finish(reason string) {
	for _, w := range r.waiting {
		r.expect(w.Expectation)
	}
	r.waiting, r.judged = nil, len(r.verdicts)
	r.tellMissed()
	r.exam.close(r)
	for _, x := range r.Scenario.Finally {
		r.expect(x)
	}
	t := r.Cluster.Trace
	end := End{Reason: reason, Time: r.Cluster.Engine.Now(), Steps: r.Cluster.Engine.Steps(), Hash: t.Hash(), Failures: r.failures, Verdicts: append([]Verdict{}, r.verdicts...), Services: r.Standings()}
	end.Points, end.Of = r.exam.score()
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
