package scenario

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/cluster"
)

// memory keeps the last pod and node in the form that expressions see: a cycle
// asks about one pod and many nodes.
type memory struct {
	pod               *corev1.Pod
	node              *corev1.Node
	podText, nodeText map[string]any
}

// ask answers an expression about a pod and a node.
func (e *ruleExpression) ask(m *memory, pod *cluster.PodInfo, node *cluster.NodeInfo) (any, error) {
	variables := make(map[string]any, 3)
	if e.pod {
		if m.pod != pod.Pod {
			text, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod.Pod)
			if err != nil {
				return nil, err
			}
			m.pod, m.podText = pod.Pod, text
		}
		variables["pod"] = m.podText
	}
	if e.node {
		if m.node != node.Node {
			text, err := runtime.DefaultUnstructuredConverter.ToUnstructured(node.Node)
			if err != nil {
				return nil, err
			}
			m.node, m.nodeText = node.Node, text
		}
		variables["node"] = m.nodeText
	}
	if e.info {
		info, err := nodeInfo(node, e.pods)
		if err != nil {
			return nil, err
		}
		variables["nodeInfo"] = info
	}
	value, _, err := e.program.Eval(variables)
	if err != nil {
		return nil, err
	}
	return value.Value(), nil
}

// nodeInfo is what a rule sees of the sums over a node's pods: cpu in thousandths,
// memory and storage in bytes, the rest in units.
func nodeInfo(n *cluster.NodeInfo, withPods bool) (map[string]any, error) {
	names := []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}
	for _, more := range []map[corev1.ResourceName]int64{n.Allocatable.Scalar, n.Requested.Scalar} {
		for name := range more {
			names = append(names, name)
		}
	}
	here := int64(len(n.Pods))
	requested := map[string]any{"pods": here}
	allocatable := map[string]any{"pods": n.Allocatable.Pods}
	free := map[string]any{"pods": n.Allocatable.Pods - here}
	for _, name := range names {
		used, has := n.Requested.Get(name), n.Allocatable.Get(name)
		requested[string(name)], allocatable[string(name)], free[string(name)] = used, has, has-used
	}
	info := map[string]any{"requested": requested, "allocatable": allocatable, "free": free}
	if !withPods {
		return info, nil
	}
	pods := make([]any, len(n.Pods))
	for i, p := range n.Pods {
		text, err := runtime.DefaultUnstructuredConverter.ToUnstructured(p.Pod)
		if err != nil {
			return nil, err
		}
		pods[i] = text
	}
	info["pods"] = pods
	return info, nil
}
