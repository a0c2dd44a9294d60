// Package component is what every program of the cluster is made of: a process
// with its client, caches that follow the API by watches (informers), work
// queues with back-off and a recorder of Events. Scheduler, controllers and
// kubelets are built on it; it knows none of them.
package component

import (
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

// Process is one running program, for example kube-scheduler or the kubelet of
// a node. It owns its caches; when it stops, all that it remembered is gone.
//
// A process is an actor of the engine under its own name; the work it gets there
// is to take watch events and to list again after a lost connection.
type Process struct {
	Name   string
	Engine *engine.Engine
	Trace  *trace.Recorder
	Client api.Client
	Events *Recorder // for Events that the process reports under its own name

	// Account makes the client of a service account of the namespace kube-system, as
	// which a part of the process acts; nil: all act as the process.
	Account  func(name string) api.Client
	accounts map[string]api.Client

	recorders []*Recorder
	informers []informer // in the order in which they were added
	byName    map[string]informer
	unlisted  map[string]string // by informer: why it could not be filled when it was tried last
	handlers  map[string]func(engine.Work)
	actors    []member // further actors that live in this process
	onSync    []func()
	synced    bool
}

// informer is what a process needs of a Cache, whatever its type.
type informer interface {
	name() string
	start() error
	take()
	stop()
	close()
	follow(func(old, new api.Object))
}

// Follow has f called for each change of any object of resource r, with nil for
// what is not there: from the cache that the process has of it under its plural,
// or from one that is made for the purpose. Call it before the process starts,
// after Informer of the same resource.
func (p *Process) Follow(r *api.Resource, f func(old, new api.Object)) {
	if p.byName[r.Name] == nil {
		Informer[api.Object](p, r, api.ListOptions{})
	}
	p.byName[r.Name].follow(f)
}

// Has says whether the process has a cache of that name.
func (p *Process) Has(name string) bool { return p.byName[name] != nil }

// NewProcess gives a process that has not started. source is the name under
// which its Events are reported ("kubelet"), host the node it runs on, if any.
func NewProcess(name, source, host string, e *engine.Engine, t *trace.Recorder, c api.Client) *Process {
	p := &Process{Name: name, Engine: e, Trace: t, Client: c, byName: map[string]informer{}, unlisted: map[string]string{}}
	p.Events = NewRecorder(p, source, host)
	return p
}

type member struct {
	name  string
	actor engine.Actor
}

// As is the client of a part of the process that has an account of its own.
func (p *Process) As(account string) api.Client {
	if p.Account == nil {
		return p.Client
	}
	if p.accounts[account] == nil {
		if p.accounts == nil {
			p.accounts = map[string]api.Client{}
		}
		p.accounts[account] = p.Account(account)
	}
	return p.accounts[account]
}

// Retry is how long a process waits before it lists again after the server was not to be reached.
const Retry = time.Second

// Start registers the process and all of its actors with the engine and fills
// its caches: each resource is listed, then watched. Where the server cannot be
// reached it is tried again every second.
func (p *Process) Start() {
	p.Engine.Register(p.Name, p)
	for _, m := range p.actors {
		p.Engine.Register(m.name, m.actor)
	}
	for _, inf := range p.informers {
		p.startInformer(inf)
	}
	p.checkSynced()
}

func (p *Process) startInformer(inf informer) {
	err := inf.start()
	p.listed(inf.name(), err)
	switch {
	case apierrors.IsNotFound(err):
		inf.close()
	case err != nil:
		p.Engine.OnceAfter(Retry, engine.Work{Actor: p.Name, Kind: "list", Key: inf.name()})
	}
}

// Stop ends the process at once: its watches are closed and its work is forgotten.
func (p *Process) Stop() {
	p.Engine.Remove(p.Name)
	for _, m := range p.actors {
		p.Engine.Remove(m.name)
	}
	for _, inf := range p.informers {
		inf.stop()
	}
}

// Actor adds a further actor that lives and dies with this process. Call it before Start.
func (p *Process) Actor(name string, a engine.Actor) {
	p.actors = append(p.actors, member{name, a})
}

// Handle has f do the process's own work of a kind other than "watch", "list"
// and "events". Call it before Start.
func (p *Process) Handle(kind string, f func(engine.Work)) {
	if p.handlers == nil {
		p.handlers = map[string]func(engine.Work){}
	}
	p.handlers[kind] = f
}

// OnSync has f called once all caches are filled for the first time.
func (p *Process) OnSync(f func()) { p.onSync = append(p.onSync, f) }

// Synced says whether all caches have been filled.
func (p *Process) Synced() bool { return p.synced }

// Run takes one watch event, lists again what was lost, writes Events that wait
// or does what Handle was told of.
func (p *Process) Run(w engine.Work) {
	switch w.Kind {
	case "watch":
		if inf := p.byName[w.Key]; inf != nil { // it has not been closed meanwhile
			inf.take()
		}
	case "list":
		if inf := p.byName[w.Key]; inf != nil {
			p.startInformer(inf)
		}
		p.checkSynced()
	case "events":
		api.Together(p.Client, func() {
			for _, r := range p.recorders {
				r.flush()
			}
		})
	default:
		handle := p.handlers[w.Kind]
		if handle == nil {
			panic(fmt.Sprintf("component: process %s does not know the work %q", p.Name, w.Kind))
		}
		handle(w)
	}
}

func (p *Process) checkSynced() {
	if p.synced {
		return
	}
	for _, inf := range p.informers {
		if s, ok := inf.(interface{ Synced() bool }); ok && !s.Synced() {
			return
		}
	}
	p.synced = true
	for _, f := range p.onSync {
		f()
	}
}

// Unreachable says whether err means that the server could not be reached or
// that this program has been stopped, so that trying on is of no use now.
func Unreachable(err error) bool {
	return errors.Is(err, api.ErrUnreachable) || errors.Is(err, api.ErrStopped)
}
