package admission

import (
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// taintNodesByCondition keeps pods off a new node until it has said that it is ready.
func taintNodesByCondition(a *Attributes, _ Objects) (string, error) {
	if !a.creates(api.Nodes) {
		return "", nil
	}
	node := a.Object.(*corev1.Node)
	taint := corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule}
	for i := range node.Spec.Taints {
		if node.Spec.Taints[i].MatchTaint(&taint) {
			return "", nil
		}
	}
	node.Spec.Taints = append(node.Spec.Taints, taint)
	return "taint " + taint.ToString(), nil
}
