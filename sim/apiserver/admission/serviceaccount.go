package admission

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// mirrorAnnotation marks a pod that a kubelet made from a file of its own.
const mirrorAnnotation = "kubernetes.io/config.mirror"

// serviceAccount has a pod that names no service account run as "default", and
// refuses one that names an account that is not there. Every namespace is taken
// to have its "default".
func serviceAccount(a *Attributes, o Objects) (string, error) {
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
	if name := pod.Spec.ServiceAccountName; name != "default" && o.Get(api.ServiceAccounts, api.Key{Namespace: a.Key.Namespace, Name: name}) == nil {
		return "", a.forbid(fmt.Errorf("error looking up service account %s/%s: serviceaccount %q not found", a.Key.Namespace, name, name))
	}
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	if set {
		return "service account default", nil
	}
	return "", nil
}
