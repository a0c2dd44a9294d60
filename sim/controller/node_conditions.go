package controller

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// conditionTaint says by which taint the scheduler learns of a condition.
type conditionTaint struct {
	condition corev1.NodeConditionType
	status    corev1.ConditionStatus
	taint     string
}

var conditionTaintTable = []conditionTaint{
	{corev1.NodeReady, corev1.ConditionFalse, corev1.TaintNodeNotReady},
	{corev1.NodeReady, corev1.ConditionUnknown, corev1.TaintNodeUnreachable},
	{corev1.NodeMemoryPressure, corev1.ConditionTrue, corev1.TaintNodeMemoryPressure},
	{corev1.NodeDiskPressure, corev1.ConditionTrue, corev1.TaintNodeDiskPressure},
	{corev1.NodeNetworkUnavailable, corev1.ConditionTrue, corev1.TaintNodeNetworkUnavailable},
	{corev1.NodePIDPressure, corev1.ConditionTrue, corev1.TaintNodePIDPressure},
}

// conditionTaints are the NoSchedule taints that a node should have by its conditions and by being cordoned.
func conditionTaints(n *corev1.Node) []corev1.Taint {
	var out []corev1.Taint
	for _, c := range conditionTaintTable {
		if nodeStatusOf(n, c.condition) == c.status {
			out = append(out, corev1.Taint{Key: c.taint, Effect: corev1.TaintEffectNoSchedule})
		}
	}
	if n.Spec.Unschedulable {
		out = append(out, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
	return out
}

// byCondition says whether a taint is one of those that this controller sets by condition.
func byCondition(t corev1.Taint) bool {
	return t.Effect == corev1.TaintEffectNoSchedule && (t.Key == corev1.TaintNodeUnschedulable ||
		slices.ContainsFunc(conditionTaintTable, func(c conditionTaint) bool { return c.taint == t.Key }))
}

// taintByConditions brings a node's NoSchedule taints in line with its conditions.
func (l *nodeLifecycle) taintByConditions(name string) error {
	node, ok := l.caches.Nodes.Get(api.Key{Name: name})
	if !ok {
		return nil
	}
	want := conditionTaints(node)
	var add, remove []corev1.Taint
	for _, t := range want {
		if !hasTaint(node, t.Key, t.Effect) {
			add = append(add, t)
		}
	}
	for _, t := range node.Spec.Taints {
		if byCondition(t) && !slices.ContainsFunc(want, func(w corev1.Taint) bool { return w.MatchTaint(&t) }) {
			remove = append(remove, t)
		}
	}
	if len(add)+len(remove) == 0 {
		return nil
	}
	var do []string
	if len(add) > 0 {
		do = append(do, "add taint "+tellTaints(add))
	}
	if len(remove) > 0 {
		do = append(do, "remove taint "+tellTaints(remove))
	}
	l.process.Trace.Then(component.Reconciled{
		Controller: nodeLifecycleName, Resource: api.Nodes.Singular, Key: name, Do: strings.Join(do, ", "), Because: tellConditions(node),
	})
	_, err := swapTaints(l.process.As(nodeAccount), name, wholeSeconds(l.process), add, remove)
	return err
}

// tellConditions says what in a node's state leads to taints.
func tellConditions(n *corev1.Node) string {
	out := []string{"its kubelet has posted no status yet"}
	if ready := nodeStatusOf(n, corev1.NodeReady); ready != "" {
		out[0] = fmt.Sprintf("Ready is %s", ready)
	}
	for _, c := range conditionTaintTable {
		if c.condition != corev1.NodeReady && nodeStatusOf(n, c.condition) == c.status {
			out = append(out, fmt.Sprintf("%s is %s", c.condition, c.status))
		}
	}
	if n.Spec.Unschedulable {
		out = append(out, "it is cordoned")
	}
	return strings.Join(out, ", ")
}
