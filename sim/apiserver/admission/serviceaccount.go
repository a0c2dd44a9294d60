package admission

import (
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// mirrorAnnotation marks a pod that a kubelet made from a file of its own.
const mirrorAnnotation = "kubernetes.io/config.mirror"

// serviceAccount has a pod that names no service account run as "default".
func serviceAccount(a *Attributes, _ Objects) (string, error) {
	if !a.creates(api.Pods) {
		return "", nil
	}
	pod := a.Object.(*corev1.Pod)
	if _, mirror := pod.Annotations[mirrorAnnotation]; mirror {
		return "", nil
	}
	set := pod.Spec.ServiceAccountName == ""
	if set {
		pod.Spec.ServiceAccountName = "default"
	}
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	if set {
		return "service account default", nil
	}
	return "", nil
}
