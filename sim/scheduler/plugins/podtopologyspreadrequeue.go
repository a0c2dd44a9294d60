package plugins

import (
	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Events implements framework.Requeuer.
func (PodTopologySpread) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeRemoved, framework.NodeLabels, framework.NodeTaints,
		framework.PodAdded, framework.PodRemoved, framework.PodLabels, framework.PodUpdated)
}

// Helps implements framework.Requeuer: a pod that a hard constraint counts has
// come or gone, or a node that has all its keys.
func (p PodTopologySpread) Helps(view *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	if e.Kind == framework.PodUpdated {
		return true
	}
	constraints := p.constraints(view, pod.Pod, v1.DoNotSchedule)
	if e.Node != nil {
		return hasAllKeys(e.Node, constraints) || e.OldNode != nil && hasAllKeys(e.OldNode, constraints)
	}
	for i := range constraints {
		for _, other := range []*framework.PodInfo{e.Pod, e.OldPod} {
			if other != nil && other.Pod.Namespace == pod.Pod.Namespace && constraints[i].matches(other) {
				return true
			}
		}
	}
	return false
}
