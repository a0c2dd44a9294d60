package cluster

import (
	"time"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/component"
)

// kubelets are the cluster's kubelets as the API server reaches them.
type kubelets struct{ *Cluster }

// Log asks the kubelet of a node, if its machine has power and it runs.
func (c kubelets) Log(node string, pod api.Key, container string, previous bool) (api.Log, error) {
	m, err := c.machineOf(node)
	if err != nil || !m.on {
		return nil, apiserver.ErrNoRoute
	}
	if m.server || m.programs[0].process == nil {
		return nil, apiserver.ErrRefused
	}
	log, err := m.kubelet.Log(pod, container, previous)
	if err != nil {
		return nil, err
	}
	return connection{log, m.programs[0], m.programs[0].process}, nil
}

// connection is a log that comes from a kubelet, and no longer than that runs.
type connection struct {
	api.Log
	kubelet *program
	process *component.Process
}

// Read reads on while the kubelet's process is the one that was asked.
func (l connection) Read(now time.Duration) ([]api.LogLine, bool) {
	if l.kubelet.process != l.process {
		return nil, false
	}
	return l.Log.Read(now)
}
