// Package cluster puts masters and workers together: it is the composition root
// of the simulation, the only place that wires rooms to each other. It knows
// machines and their power; what the programs do is theirs.
package cluster

import (
	"cmp"
	"context"
	"fmt"

	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/apiserver/outside"
	"minisim/sim/component"
	"minisim/sim/controller"
	"minisim/sim/engine"
	"minisim/sim/kubelet"
	"minisim/sim/metrics"
	"minisim/sim/network"
	"minisim/sim/scheduler"
	"minisim/sim/trace"
	"minisim/sim/world"
)

// Cluster is one simulated cluster. It is used by one goroutine.
type Cluster struct {
	Config Config
	Engine *engine.Engine
	Trace  *trace.Recorder
	World  *world.World
	Store  Store
	API    *apiserver.Server

	Resumed bool // the data folder had a cluster already: this one carries on with it

	scheduler *scheduler.Scheduler
	dns       *network.DNS
	metrics   *metrics.Server
	machines  []*machine
}

// New makes a cluster that is switched off. Boot it, then step its engine; Close it in the end.
func New(ctx context.Context, c Config) (*Cluster, error) {
	c.Default()
	if err := c.addRules(); err != nil {
		return nil, err
	}
	store, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	e := engine.New(engine.Config{Seed: c.Seed, Epoch: c.Epoch, Limits: c.Limits})
	t := trace.NewRecorder(e, append(fmt.Appendf(nil, "seed %d\n", c.Seed), c.Input...))
	var backend apiserver.Store = store
	if c.Hooks.Store != nil {
		backend = c.Hooks.Store(store)
	}
	server, err := apiserver.New(apiserver.Config{
		Engine: e, Trace: t, Store: backend, Name: "kube-apiserver",
		Latency: apiserver.Latency{Min: c.Latency.Min, Max: c.Latency.Max},
	})
	if err != nil {
		store.Close()
		return nil, err
	}
	outside.Handle(e, server)
	cl := &Cluster{Config: c, Engine: e, Trace: t, World: world.New(e), Store: store, API: server}
	server.Reach(kubelets{cl})
	if c.DataDir != "" {
		if err := cl.restore(); err != nil {
			store.Close()
			return nil, fmt.Errorf("carry on with the cluster in %s: %w", c.DataDir, err)
		}
	}
	cl.machines = append(cl.machines, cl.master("master-1"))
	for i, w := range c.Workers {
		cl.machines = append(cl.machines, cl.worker(i, w))
	}
	return cl, nil
}

// Close ends the cluster; nothing of it is left behind but a data folder that was asked for.
func (c *Cluster) Close() error { return c.Store.Close() }

// Admin is a client with all rights, as the user named ("kubernetes-admin").
func (c *Cluster) Admin(user, process string) api.Client {
	return c.API.Client(apiserver.Identity{User: user, Groups: []string{"system:masters", "system:authenticated"}, Process: process}, nil)
}

// WriteRequest is the kind of an outside request that writes to the API server over HTTP.
const WriteRequest = outside.Kind

// schedulerName is the scheduler's program and actor.
const schedulerName = "kube-scheduler"

// Scheduler is the running scheduler, nil while it does not run. For explanations only.
func (c *Cluster) Scheduler() *scheduler.Scheduler {
	if !c.Engine.Registered(schedulerName) {
		return nil
	}
	return c.scheduler
}

// Lookup resolves a name for the pods of a namespace, on every node in the same
// way. While the name server does not run, nothing resolves.
func (c *Cluster) Lookup(namespace, name string) ([]string, bool) {
	if c.dns == nil {
		return nil, false
	}
	return c.dns.Lookup(namespace, name)
}

// noRootCA stands where pods look for the certificate of a server that there is not.
const noRootCA = "# Nobody serves this cluster, so there is no certificate by which to know its API server.\n"

func (c *Cluster) master(name string) *machine {
	system := func(user string) apiserver.Identity {
		return apiserver.Identity{User: user, Groups: []string{"system:authenticated"}}
	}
	options := controller.DefaultOptions()
	options.NodeOptions = controller.DefaultNodeOptions(len(c.Config.Workers))
	options.RootCA = cmp.Or(c.Config.RootCA, noRootCA)
	m := &machine{name: name, server: true}
	m.programs = []*program{
		{
			name: "kube-controller-manager", source: "kube-controller-manager", identity: system("system:kube-controller-manager"), accounts: true,
			build: func(p *component.Process) { controller.New(p, options) },
		},
		{
			name: schedulerName, source: "default-scheduler", identity: system("system:kube-scheduler"),
			build: func(p *component.Process) { c.scheduler = scheduler.New(p, c.Config.Scheduler) },
		},
		{
			name: "storage-driver", source: "storage-driver", identity: accountIdentity("kube-system", "storage-driver", ""),
			build: func(p *component.Process) {
				controller.NewStorageDriver(p, c.World, controller.DefaultStorageOptions())
			},
		},
		{
			name: "coredns", source: "coredns", identity: accountIdentity("kube-system", "coredns", ""),
			build: func(p *component.Process) { c.dns = network.NewDNS(p) },
		},
	}
	if c.Config.Metrics {
		c.addMetricsServer(m)
	}
	c.identify(m)
	return m
}

func (c *Cluster) worker(i int, w Worker) *machine {
	m := &machine{name: w.Name, disk: kubelet.NewMachine()}
	build := func(p *component.Process) {
		m.kubelet = kubelet.New(kubelet.Config{
			Node: kubelet.NodeConfig{
				Name: w.Name, CPU: w.CPU, Memory: w.Memory, Pods: w.Pods, Labels: w.Labels, Taints: w.Taints,
				Bandwidth: w.Bandwidth, Address: address(i), CSIDrivers: csiDrivers(w.Name),
			},
			Process: p, World: c.World, DNS: c, Machine: m.disk, Instant: c.Config.Instant,
			Account: func(namespace, name string) api.Client {
				return c.API.Client(accountIdentity(namespace, name, p.Name), nil)
			},
		})
	}
	m.programs = []*program{{
		name: "kubelet/" + w.Name, source: "kubelet", host: w.Name, build: build,
		identity: apiserver.Identity{User: "system:node:" + w.Name, Groups: []string{"system:nodes", "system:authenticated"}},
	}}
	c.identify(m)
	return m
}

// disksPerMachine is how many disks of the storage driver one machine takes.
const disksPerMachine = 25

// csiDrivers is what the storage driver registers on a worker.
func csiDrivers(worker string) []storagev1.CSINodeDriver {
	return []storagev1.CSINodeDriver{{
		Name: controller.DriverName, NodeID: worker,
		Allocatable: &storagev1.VolumeNodeResources{Count: new(int32(disksPerMachine))},
	}}
}

// address is the address of the i-th worker in the machines' own network.
func address(i int) string {
	n := i + 10
	return fmt.Sprintf("10.%d.%d.%d", n>>16&0xff, n>>8&0xff, n&0xff)
}

func (c *Cluster) identify(m *machine) {
	for _, p := range m.programs {
		p.identity.Process = p.name
	}
}

// Boot switches all machines on at the present virtual time: the masters, then
// each worker as a step of its own.
func (c *Cluster) Boot() {
	c.Engine.Register(actorName, c)
	for _, m := range c.machines {
		c.Engine.After(0, engine.Work{Actor: actorName, Kind: "boot", Key: m.name})
	}
}

func (c *Cluster) boot(name string) {
	m, _ := c.machineOf(name)
	c.Trace.Then(Power{Machine: name, Programs: m.names(), On: true, Master: m.server})
	m.on = true
	if m.server {
		first := append(serverEndpoints(masterAddress), controller.DefaultStorageClass())
		if c.Config.Metrics {
			first = append(first, metrics.Roles()...)
		}
		if err := c.API.Bootstrap(first...); err != nil {
			c.Trace.Add(Problem{Text: "the API server could not create its first objects: " + err.Error()})
		}
	}
	for _, p := range m.programs {
		c.startProgram(p)
	}
}
