package admission

import (
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// tolerationSeconds is how long a pod stays on a node that is not ready or not
// reachable, if it does not say otherwise.
const tolerationSeconds = 300

// defaultTolerationSeconds gives pods the tolerations that put eviction off.
func defaultTolerationSeconds(a *Attributes, _ Objects) (string, error) {
	if a.Resource != api.Pods || a.Subresource != "" || a.Object == nil {
		return "", nil
	}
	pod := a.Object.(*corev1.Pod)
	changed := ""
	for _, key := range [...]string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		if tolerates(pod, key) {
			continue
		}
		seconds := int64(tolerationSeconds)
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{
			Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds,
		})
		changed = "not-ready and unreachable tolerated for 300 s"
	}
	return changed, nil
}

func tolerates(pod *corev1.Pod, key string) bool {
	for i := range pod.Spec.Tolerations {
		t := &pod.Spec.Tolerations[i]
		if (t.Key == key || t.Key == "") && (t.Effect == corev1.TaintEffectNoExecute || t.Effect == "") {
			return true
		}
	}
	return false
}
