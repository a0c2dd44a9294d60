package plugins

import (
	v1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"

	"minisim/sim/scheduler/framework"
)

// NodeUnschedulable rejects cordoned nodes (spec.unschedulable), unless the pod
// tolerates the taint node.kubernetes.io/unschedulable:NoSchedule.
type NodeUnschedulable struct{ nodeOnly }

var _ framework.FilterPlugin = NodeUnschedulable{}

var (
	cordonTaint  = v1.Taint{Key: v1.TaintNodeUnschedulable, Effect: v1.TaintEffectNoSchedule}
	nodeCordoned = reject("NodeUnschedulable", framework.UnschedulableAndUnresolvable, "node(s) were unschedulable")
)

// Name implements framework.Plugin.
func (NodeUnschedulable) Name() string { return "NodeUnschedulable" }

// Filter implements framework.FilterPlugin.
func (NodeUnschedulable) Filter(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if !node.Node.Spec.Unschedulable || corev1helpers.TolerationsTolerateTaint(quiet, pod.Pod.Spec.Tolerations, &cordonTaint, false) {
		return nil
	}
	return nodeCordoned
}

// Explain implements framework.Explainer.
func (NodeUnschedulable) Explain(*framework.CycleState, *framework.PodInfo, *framework.NodeInfo) framework.Cause {
	return framework.Cause{Detail: "the node is cordoned (spec.unschedulable)", Trait: "is cordoned"}
}

// Events implements framework.Requeuer.
func (NodeUnschedulable) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeTaints, framework.PodUpdated)
}

// Helps implements framework.Requeuer: a node that is not cordoned, or no more.
func (NodeUnschedulable) Helps(_ *framework.Snapshot, _ *framework.PodInfo, e framework.ClusterEvent) bool {
	return e.Node == nil || !e.Node.Spec.Unschedulable && (e.OldNode == nil || e.OldNode.Spec.Unschedulable)
}
