package plugins

import (
	v1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"

	"minisim/sim/scheduler/framework"
)

// TaintToleration rejects nodes with a NoSchedule or NoExecute taint that the
// pod does not tolerate, and prefers nodes with fewer untolerated
// PreferNoSchedule taints.
type TaintToleration struct{ nodeOnly }

var (
	_ framework.FilterPlugin = TaintToleration{}
	_ framework.Normalizer   = TaintToleration{}
)

var taintUntolerated = reject("TaintToleration", framework.UnschedulableAndUnresolvable, "node(s) had untolerated taint(s)")

// Name implements framework.Plugin.
func (TaintToleration) Name() string { return "TaintToleration" }

// Filter implements framework.FilterPlugin.
func (TaintToleration) Filter(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if _, found := untolerated(pod.Pod, node.Node); found {
		return taintUntolerated
	}
	return nil
}

// Explain implements framework.Explainer.
func (TaintToleration) Explain(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	taint, _ := untolerated(pod.Pod, node.Node)
	trait := "has taint " + taint.Key
	if taint.Value != "" {
		trait += "=" + taint.Value
	}
	return framework.Cause{Detail: "taint " + taint.ToString() + " is not tolerated", Trait: trait}
}

// Score counts the PreferNoSchedule taints that the pod does not tolerate.
// Only tolerations with no effect or with PreferNoSchedule count.
func (TaintToleration) Score(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) int64 {
	if len(node.Node.Spec.Taints) == 0 {
		return 0
	}
	var relevant []v1.Toleration
	for _, t := range pod.Pod.Spec.Tolerations {
		if t.Effect == "" || t.Effect == v1.TaintEffectPreferNoSchedule {
			relevant = append(relevant, t)
		}
	}
	var count int64
	for i := range node.Node.Spec.Taints {
		taint := &node.Node.Spec.Taints[i]
		if taint.Effect == v1.TaintEffectPreferNoSchedule && !corev1helpers.TolerationsTolerateTaint(quiet, relevant, taint, false) {
			count++
		}
	}
	return count
}

// Normalize gives 100 to nodes without such taints, 0 to those with the most.
func (TaintToleration) Normalize(_ *framework.CycleState, _ *framework.PodInfo, _ []*framework.NodeInfo, scores []int64) {
	framework.DefaultNormalize(scores, true)
}

// Events implements framework.Requeuer.
func (TaintToleration) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeTaints, framework.PodUpdated)
}

// Helps implements framework.Requeuer: a node whose taints are tolerated now
// and were not before.
func (TaintToleration) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	if e.Node == nil {
		return true
	}
	if _, repelled := untolerated(pod.Pod, e.Node); repelled {
		return false
	}
	if e.OldNode == nil {
		return true
	}
	_, before := untolerated(pod.Pod, e.OldNode)
	return before
}
