package plugins

import (
	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Events implements framework.Requeuer.
func (InterPodAffinity) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeLabels, framework.PodAdded, framework.PodRemoved,
		framework.PodLabels, framework.PodUpdated)
}

// Helps implements framework.Requeuer: a pod that the affinity wants has come,
// one that either side keeps away from has gone, or a node with the right keys
// has come.
func (InterPodAffinity) Helps(view *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	switch e.Kind {
	case framework.PodUpdated:
		return true
	case framework.NodeAdded, framework.NodeLabels:
		return keysHelp(pod, e.Node)
	case framework.PodAdded:
		return wanted(view, pod, e.Pod)
	case framework.PodRemoved:
		return keepsApart(view, pod, e.Pod)
	}
	return wanted(view, pod, e.Pod) || keepsApart(view, pod, e.OldPod)
}

// wanted reports whether a pod matches all of another's affinity terms.
func wanted(view *framework.Snapshot, pod, other *framework.PodInfo) bool {
	return matchesAllTerms(framework.ResolveAll(pod.RequiredAffinity, view), other)
}

// keepsApart reports whether an anti-affinity term of either pod matches the other.
func keepsApart(view *framework.Snapshot, pod, other *framework.PodInfo) bool {
	one := func(a, b *framework.PodInfo) bool {
		namespace := view.NamespaceLabels(b.Pod.Namespace)
		for i := range a.RequiredAntiAffinity {
			if a.RequiredAntiAffinity[i].Matches(b.Pod, namespace) {
				return true
			}
		}
		return false
	}
	return one(pod, other) || one(other, pod)
}

// keysHelp reports whether a node has all the topology keys that the pod's
// affinity asks for.
func keysHelp(pod *framework.PodInfo, node *v1.Node) bool {
	for i := range pod.RequiredAffinity {
		if _, ok := node.Labels[pod.RequiredAffinity[i].TopologyKey]; !ok {
			return false
		}
	}
	return true
}
