package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/kubelet"
)

// machine is a computer, a master or a worker, that can lose its power. What is
// in memory goes with it; what is on disk stays.
type machine struct {
	name     string
	on       bool
	server   bool             // the API server and etcd live here
	kubelet  *kubelet.Kubelet // of a worker, nil before its first start
	disk     *kubelet.Machine // of a worker: what survives a loss of power
	programs []*program
}

// program is something that runs on a machine. Each start builds it anew: what
// it knew is gone, and it learns from the API what is so.
type program struct {
	name     string // its actor and process name, unique in the cluster
	identity apiserver.Identity
	accounts bool   // its parts act as service accounts of their own
	source   string // the component name in its Events
	host     string // the node in its Events, "" for the control plane
	build    func(*component.Process)

	process *component.Process
	dying   bool
	starts  int
	fault   fault
}

// fault says when a running program will end in the middle of its work.
type fault struct {
	left   int    // requests that it may still make; below 0: any number
	midway bool   // end it at the second write of one step
	step   uint64 // the step of the latest write
	writes int    // writes in that step
	half   bool   // it has ended after some writes of a step and before the others
}

var noFault = fault{left: -1}

// restartDelay is the time between the end of a program and its next start: the
// kubelet restarts a static pod's container after its first back-off.
const restartDelay = 10 * time.Second

// actorName is the cluster's own actor: power, and the restart of programs.
const actorName = "cluster"

// gate lets a request of the program pass, or says what the program gets instead.
func (p *program) gate(c *Cluster) func(api.Request) error {
	return func(r api.Request) error {
		if p.dying {
			return api.ErrStopped
		}
		f := &p.fault
		write := r.Verb != api.VerbGet && r.Verb != api.VerbList && r.Verb != api.VerbWatch
		if f.step != c.Engine.Steps() {
			f.step, f.writes = c.Engine.Steps(), 0
		}
		if f.left == 0 || f.midway && write && f.writes > 0 {
			p.dying, f.half = true, f.writes > 0
			c.Engine.Once(c.Engine.Now(), engine.Work{Actor: actorName, Kind: "stopped", Key: p.name})
			return api.ErrStopped
		}
		if f.left > 0 {
			f.left--
		}
		if write {
			f.writes++
		}
		return nil
	}
}

func (c *Cluster) startProgram(p *program) {
	p.dying, p.fault = false, noFault
	p.starts++
	p.process = component.NewProcess(p.name, p.source, p.host, c.Engine, c.Trace, c.client(p, p.identity))
	if p.accounts {
		p.process.Account = func(name string) api.Client { return c.client(p, accountIdentity("kube-system", name, p.name)) }
	}
	p.build(p.process)
	p.process.Start()
}

// client is how a program talks to the API server as somebody.
func (c *Cluster) client(p *program, as apiserver.Identity) api.Client {
	client := c.API.Client(as, p.gate(c))
	if c.Config.Hooks.Client != nil {
		client = c.Config.Hooks.Client(p.name, client)
	}
	return client
}

// accountIdentity is a process that acts as a service account.
func accountIdentity(namespace, name, process string) apiserver.Identity {
	return apiserver.Identity{
		User:    "system:serviceaccount:" + namespace + ":" + name,
		Groups:  []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		Process: process,
	}
}

func (c *Cluster) stopProgram(p *program) {
	if p.process == nil {
		return
	}
	p.dying = true
	p.process.Stop()
	c.API.CloseWatches(p.identity.Process)
	p.process = nil
}

// machineOf finds a machine by its name.
func (c *Cluster) machineOf(name string) (*machine, error) {
	for _, m := range c.machines {
		if m.name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("there is no machine %q; there are %s", name, strings.Join(c.Machines(), ", "))
}

func (c *Cluster) programOf(name string) (*program, *machine) {
	for _, m := range c.machines {
		for _, p := range m.programs {
			if p.name == name {
				return p, m
			}
		}
	}
	return nil, nil
}

// Machines are the names of all machines, masters first.
func (c *Cluster) Machines() []string {
	var names []string
	for _, m := range c.machines {
		names = append(names, m.name)
	}
	return names
}

// Programs are the names of all programs, those of the masters first.
func (c *Cluster) Programs() []string {
	var names []string
	for _, m := range c.machines {
		for _, p := range m.programs {
			names = append(names, p.name)
		}
	}
	return names
}

// On says whether a machine has power; false for one that does not exist.
func (c *Cluster) On(name string) bool {
	m, err := c.machineOf(name)
	return err == nil && m.on
}

// Kill cuts a machine's power: everything on it stops in the middle of what it
// did and says no word to anybody.
func (c *Cluster) Kill(name string) error {
	m, err := c.machineOf(name)
	if err != nil {
		return err
	}
	if !m.on {
		return fmt.Errorf("machine %s is off already", name)
	}
	c.Trace.Then(Power{Machine: name, Programs: m.names(), On: false, Master: m.server})
	m.on = false
	for _, p := range m.programs {
		c.stopProgram(p)
	}
	if m.server {
		c.API.Down(true)
	} else {
		m.disk.PowerOff(c.Engine.Now())
	}
	c.Engine.Touch()
	return nil
}

// CrashContainer ends a container of a pod on a worker, as if its program had failed.
func (c *Cluster) CrashContainer(worker string, pod api.Key, container string, code int32) error {
	m, err := c.machineOf(worker)
	if err != nil {
		return err
	}
	if !m.on || m.kubelet == nil {
		return fmt.Errorf("machine %s is off", worker)
	}
	return m.kubelet.Crash(pod, container, code)
}

// Start gives a machine its power back: its programs start anew.
func (c *Cluster) Start(name string) error {
	m, err := c.machineOf(name)
	if err != nil {
		return err
	}
	if m.on {
		return fmt.Errorf("machine %s runs already", name)
	}
	c.Trace.Then(Power{Machine: name, Programs: m.names(), On: true, Master: m.server})
	m.on = true
	if m.server {
		c.API.Down(false)
	}
	for _, p := range m.programs {
		c.startProgram(p)
	}
	c.Engine.Touch()
	return nil
}

// StopAfter lets a program make n more requests and ends it at the next one, in
// the middle of its work. It starts again by itself after a while.
func (c *Cluster) StopAfter(name string, n int) error {
	return c.plan(name, fault{left: n})
}

// StopMidway ends a program at the second write of a step: some of what it meant
// to do is done, the rest is not.
func (c *Cluster) StopMidway(name string) error {
	return c.plan(name, fault{left: -1, midway: true})
}

func (c *Cluster) plan(name string, f fault) error {
	p, m := c.programOf(name)
	if p == nil {
		return fmt.Errorf("there is no program %q; there are %s", name, strings.Join(c.Programs(), ", "))
	}
	if !m.on || p.dying {
		return fmt.Errorf("program %s does not run", name)
	}
	p.fault = f
	return nil
}

// Run starts the cluster's machines and restarts programs that have ended.
func (c *Cluster) Run(w engine.Work) {
	switch w.Kind {
	case "boot":
		c.boot(w.Key)
	case "stopped":
		if p, m := c.programOf(w.Key); p.process != nil && p.dying { // not a fresh one that its machine has started meanwhile
			c.Trace.Then(Crash{Program: p.name, Machine: m.name, HalfDone: p.fault.half, Again: restartDelay})
			c.stopProgram(p)
			c.Engine.Touch()
			c.Engine.OnceAfter(restartDelay, engine.Work{Actor: actorName, Kind: "restart", Key: p.name})
		}
	case "restart":
		if p, m := c.programOf(w.Key); p.process == nil && m.on {
			c.Trace.Then(Restart{Program: p.name, Machine: m.name})
			c.startProgram(p)
		}
	}
}

func (m *machine) names() []string {
	var out []string
	if m.server {
		out = append(out, "etcd", "kube-apiserver")
	}
	for _, p := range m.programs {
		name, _, _ := strings.Cut(p.name, "/") // kubelet/worker-1 is the kubelet
		out = append(out, name)
	}
	return slices.Clip(out)
}
