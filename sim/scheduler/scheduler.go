package scheduler

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// Kinds of work that the scheduler gives itself.
const (
	// WorkSchedule takes the first ready pod through its cycle. Its key is the
	// pod that was first when the work was queued.
	WorkSchedule = "schedule"
	// workRelease looks for pods whose waiting time is over.
	workRelease = "release"
	// workPreBind asks a pod's PreBind plugins again; its key is the pod.
	workPreBind = "prebind"
)

// bindTimeout is how long PreBind may wait, for volumes for example.
const bindTimeout = 10 * time.Minute

// Options say what a scheduler starts from. The zero value is kube-scheduler's
// default configuration.
type Options struct {
	// Profiles are what pods may ask for by spec.schedulerName. None means the
	// default profile alone.
	Profiles []*framework.Profile
	// InitialBackoff and MaxBackoff bound how long a rejected pod backs off; 0
	// means the constants of these names.
	InitialBackoff, MaxBackoff time.Duration
}

// Scheduler is a running kube-scheduler. It is the actor of its process.
type Scheduler struct {
	process    *component.Process
	view       *framework.Snapshot
	profiles   map[string]*framework.Profile
	evaluators map[string]*framework.Evaluator
	queue      *queue
	pods       *component.Cache[*v1.Pod]
	binding    map[string]*binding
	scheduled  bool // work to schedule is queued
}

// New gives a scheduler that lives in process p, which has not started. It
// panics when two profiles have one name, a mistake in wiring.
func New(p *component.Process, o Options) *Scheduler {
	if len(o.Profiles) == 0 {
		o.Profiles = []*framework.Profile{plugins.DefaultProfile()}
	}
	s := &Scheduler{
		process: p, view: framework.NewSnapshot(),
		profiles:   make(map[string]*framework.Profile),
		evaluators: make(map[string]*framework.Evaluator),
		binding:    make(map[string]*binding),
	}
	for _, profile := range o.Profiles {
		if s.profiles[profile.Name] != nil {
			panic(fmt.Sprintf("scheduler: two profiles are called %q", profile.Name))
		}
		s.profiles[profile.Name] = profile
		s.evaluators[profile.Name] = framework.NewEvaluator(profile, s.view)
	}
	s.queue = newQueue(s.profiles, s.view, o.Profiles[0].QueueSort)
	s.queue.initialBackoff, s.queue.maxBackoff = cmp.Or(o.InitialBackoff, InitialBackoff), cmp.Or(o.MaxBackoff, MaxBackoff)
	s.follow()
	p.Handle(WorkSchedule, func(engine.Work) { s.scheduleNext() })
	p.Handle(workRelease, func(engine.Work) { s.release() })
	p.Handle(workPreBind, func(w engine.Work) { s.resume(w.Key) })
	p.OnSync(s.kick)
	return s
}

// View is the scheduler's picture of the cluster, for explanations. It must not
// be changed and is good until the next step.
func (s *Scheduler) View() *framework.Snapshot { return s.view }

// Waiting lists the pods in the queue, sorted by namespace/name.
func (s *Scheduler) Waiting() []string { return slices.Sorted(maps.Keys(s.queue.pods)) }

// ProfileNames lists what pods may ask for by spec.schedulerName, sorted.
func (s *Scheduler) ProfileNames() []string { return slices.Sorted(maps.Keys(s.profiles)) }

// kick queues the work for what is ready, and for what will be.
func (s *Scheduler) kick() {
	if !s.process.Synced() {
		return
	}
	e := s.process.Engine
	if next := s.queue.active.peek(); next != nil && !s.scheduled {
		s.scheduled = true
		before := e.SetCause(next.Cause)
		e.After(0, engine.Work{Actor: s.process.Name, Kind: WorkSchedule, Key: next.Key})
		e.SetCause(before)
	}
	if at, ok := s.queue.due(); ok {
		e.OnceAfter(-e.Since(at), engine.Work{Actor: s.process.Name, Kind: workRelease})
	}
}

func (s *Scheduler) release() {
	s.queue.release(s.now(), s.process.Engine.Cause())
	s.kick()
}

func (s *Scheduler) now() time.Time { return s.process.Engine.Clock() }

// happened tells the queue of a change that may help waiting pods.
func (s *Scheduler) happened(e framework.ClusterEvent) {
	s.queue.event(e, s.now(), s.process.Engine.Cause())
}
