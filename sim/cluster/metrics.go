package cluster

import (
	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/kubelet"
	"minisim/sim/metrics"
	"minisim/sim/world"
)

// metricsServer is the program's name.
const metricsServer = "metrics-server"

// addMetricsServer has a master run the metrics server, and the API server pass requests on to it.
func (c *Cluster) addMetricsServer(m *machine) {
	m.programs = append(m.programs, &program{
		name: metricsServer, source: metricsServer, identity: accountIdentity("kube-system", metrics.Account, ""),
		build: func(p *component.Process) { c.metrics = metrics.New(p, scraper{c}) },
	})
	c.API.Aggregate(aggregated{c})
}

// aggregated passes requests on to the metrics server while it runs.
type aggregated struct{ *Cluster }

func (c aggregated) server() (*metrics.Server, error) {
	if p, _ := c.programOf(metricsServer); p == nil || p.process == nil {
		return nil, api.ErrUnreachable
	}
	return c.metrics, nil
}

// Get asks for one object.
func (c aggregated) Get(r *api.Resource, k api.Key) (api.Object, error) {
	s, err := c.server()
	if err != nil {
		return nil, err
	}
	return s.Get(r, k)
}

// List asks for those that o selects.
func (c aggregated) List(r *api.Resource, o api.ListOptions) ([]api.Object, error) {
	s, err := c.server()
	if err != nil {
		return nil, err
	}
	return s.List(r, o)
}

// scraper is the kubelets as the metrics server sees them.
type scraper struct{ *Cluster }

// Scrape asks the kubelets that run. What runs on machines without one counts all
// the same where it shares work with others.
func (c scraper) Scrape() []metrics.Node {
	var on []*machine
	var running [][]kubelet.Running
	var consumers [][]world.Consumer
	var cpu []int64
	for i, w := range c.Config.Workers {
		m, err := c.machineOf(w.Name)
		if err != nil || !m.on {
			continue
		}
		here := m.disk.Running(c.Engine.Now())
		these := make([]world.Consumer, len(here))
		for j, r := range here {
			these[j] = r.Consumer
		}
		on, running, consumers = append(on, m), append(running, here), append(consumers, these)
		cpu = append(cpu, c.Config.Workers[i].CPU.MilliValue())
	}
	var out []metrics.Node
	for i, uses := range c.World.Uses(consumers, cpu) {
		if on[i].programs[0].process == nil { // its kubelet
			continue
		}
		n := metrics.Node{Name: on[i].name, Use: world.Idle}
		for j, u := range uses {
			r := running[i][j]
			n.CPU, n.Memory = n.CPU+u.CPU, n.Memory+u.Memory
			n.Containers = append(n.Containers, metrics.Container{
				Pod: api.KeyOf(r.Pod), UID: string(r.Pod.UID), Name: r.Container, Started: r.Started, Use: u,
			})
		}
		out = append(out, n)
	}
	return out
}
