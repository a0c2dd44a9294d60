// Package controller is the kube-controller-manager and the storage driver's
// controllers: one controller per file. Each sees the cluster only through the
// API and its process's caches, and brings it a step nearer to what is wanted.
// Nothing here knows of etcd, of the scheduler or of a kubelet.
package controller

import (
	"minisim/sim/component"
)

// Manager is the kube-controller-manager: all controllers in one process.
type Manager struct {
	Process *component.Process
	Caches  *Caches
}

// New puts the controllers into process p, which has not started yet. They begin
// to work when it starts and its caches are filled; when it stops, all that they
// remembered is gone. The zero Options are the default ones.
func New(p *component.Process, o Options) *Manager {
	if o == (Options{}) {
		o = DefaultOptions()
	}
	c := newCaches(p)
	addWorkloadControllers(p, c, o)
	addNodeControllers(p, c, o)
	addStorageControllers(p, c, o)
	return &Manager{Process: p, Caches: c}
}

// addWorkloadControllers adds the controllers that make pods out of what users ask for, and what belongs to them.
func addWorkloadControllers(p *component.Process, c *Caches, o Options) {
	newDeployments(p, c)
	newReplicaSets(p, c)
	newStatefulSets(p, c)
	newDaemonSets(p, c)
	newJobs(p, c)
	newCronJobs(p, c)
	newAutoscalers(p, c, o.AutoscalerOptions)
	newEndpointSlices(p, c, o.MaxEndpointsPerSlice)
	newEndpoints(p, c)
	newFinishedJobs(p, c)
	newGarbage(p)
	newDisruption(p, c)
	newNamespaces(p, c)
	newServiceAccounts(p, c)
	newRootCA(p, c, o.RootCA)
	newQuotas(p, c)
	newClusterRoles(p, c)
}
