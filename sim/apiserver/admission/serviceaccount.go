package admission

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// mirrorAnnotation marks a pod that a kubelet made from a file of its own.
const mirrorAnnotation = "kubernetes.io/config.mirror"

// serviceAccount has a pod that names no service account run as "default", with
// the secrets that its account has for images, and refuses one that names an
// account that is not there. Every namespace is taken to have its "default". The
// volume with the account's token is left out: simulated containers call nobody.
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
	name := pod.Spec.ServiceAccountName
	account, ok := o.Get(api.ServiceAccounts, api.Key{Namespace: a.Key.Namespace, Name: name}).(*corev1.ServiceAccount)
	if !ok && name != "default" {
		return "", a.forbid(fmt.Errorf("error looking up service account %s/%s: serviceaccount %q not found", a.Key.Namespace, name, name))
	}
	if ok && len(pod.Spec.ImagePullSecrets) == 0 {
		pod.Spec.ImagePullSecrets = slices.Clone(account.ImagePullSecrets)
	}
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	if set {
		return "service account default", nil
	}
	return "", nil
}
