package plugins

import (
	"fmt"

	"minisim/sim/scheduler/framework"
)

// NodePorts rejects nodes where a pod already holds a host port that this pod
// wants.
type NodePorts struct{ nodeOnly }

var (
	_ framework.PreFilterPlugin = NodePorts{}
	_ framework.FilterPlugin    = NodePorts{}
)

var portTaken = reject("NodePorts", framework.Unschedulable, "node(s) didn't have free ports for the requested pod ports")

// Name implements framework.Plugin.
func (NodePorts) Name() string { return "NodePorts" }

// PreFilter implements framework.PreFilterPlugin.
func (NodePorts) PreFilter(_ *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	if len(pod.HostPorts) == 0 {
		return nil, framework.NewStatus(framework.Skip)
	}
	return nil, nil
}

// Filter implements framework.FilterPlugin.
func (NodePorts) Filter(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if _, taken := node.PortConflict(pod.HostPorts); taken {
		return portTaken
	}
	return nil
}

// Explain implements framework.Explainer.
func (NodePorts) Explain(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	port, _ := node.PortConflict(pod.HostPorts)
	return framework.Cause{
		Detail: fmt.Sprintf("host port %d/%s is taken", port.Port, port.Protocol),
		Trait:  fmt.Sprintf("has host port %d/%s taken", port.Port, port.Protocol),
	}
}

// Events implements framework.Requeuer.
func (NodePorts) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.PodRemoved)
}

// Helps implements framework.Requeuer: a pod that held a wanted port has gone.
func (NodePorts) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	if e.Pod == nil {
		return true
	}
	_, held := framework.NewNodeInfo(nil, e.Pod).PortConflict(pod.HostPorts)
	return held
}
