package plugins

import (
	"fmt"

	"minisim/sim/scheduler/framework"
)

// NodeName rejects all nodes but the one that the pod names in spec.nodeName.
type NodeName struct{ nodeOnly }

var _ framework.FilterPlugin = NodeName{}

var otherNodeNamed = reject("NodeName", framework.UnschedulableAndUnresolvable, "node(s) didn't match the requested node name")

// Name implements framework.Plugin.
func (NodeName) Name() string { return "NodeName" }

// Filter implements framework.FilterPlugin.
func (NodeName) Filter(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if name := pod.Pod.Spec.NodeName; name != "" && name != node.Name {
		return otherNodeNamed
	}
	return nil
}

// Explain implements framework.Explainer.
func (NodeName) Explain(_ *framework.CycleState, pod *framework.PodInfo, _ *framework.NodeInfo) framework.Cause {
	return framework.Cause{
		Detail: fmt.Sprintf("the pod asks for node %s by name", pod.Pod.Spec.NodeName),
		Trait:  fmt.Sprintf("is not %s, which it asks for by name", pod.Pod.Spec.NodeName),
	}
}

// Events implements framework.Requeuer.
func (NodeName) Events() framework.EventKinds { return framework.Kinds(framework.NodeAdded) }

// Helps implements framework.Requeuer.
func (NodeName) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	return e.Node.Name == pod.Pod.Spec.NodeName
}
