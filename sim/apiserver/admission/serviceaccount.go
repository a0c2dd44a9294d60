package admission

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// mirrorAnnotation marks a pod that a kubelet made from a file of its own.
const mirrorAnnotation = "kubernetes.io/config.mirror"

// serviceAccount has a pod that names no service account run as "default", gives
// it the volume with its account's token and the secrets that its account has for
// images, and refuses one that names an account that is not there. Every
// namespace is taken to have its "default".
func serviceAccount(a *Attributes, o Objects) (string, error) {
	if !a.creates(api.Pods) {
		return "", nil
	}
	pod := a.Object.(*corev1.Pod)
	if _, mirror := pod.Annotations[mirrorAnnotation]; mirror {
		return "", nil
	}
	what := ""
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName, what = "default", "service account default"
	}
	name := pod.Spec.ServiceAccountName
	account, ok := o.Get(api.ServiceAccounts, api.Key{Namespace: a.Key.Namespace, Name: name}).(*corev1.ServiceAccount)
	if !ok && name != "default" {
		return "", a.forbid(fmt.Errorf("error looking up service account %s/%s: serviceaccount %q not found", a.Key.Namespace, name, name))
	}
	if automounts(pod, account) && mountToken(pod, a.Generate) {
		what = "service account " + name + " with its token"
	}
	if ok && len(pod.Spec.ImagePullSecrets) == 0 {
		pod.Spec.ImagePullSecrets = slices.Clone(account.ImagePullSecrets)
	}
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	return what, nil
}

// automounts says whether a pod gets its account's token: as the pod says, or
// else the account, which may be nil, or else yes.
func automounts(pod *corev1.Pod, account *corev1.ServiceAccount) bool {
	switch {
	case pod.Spec.AutomountServiceAccountToken != nil:
		return *pod.Spec.AutomountServiceAccountToken
	case account != nil && account.AutomountServiceAccountToken != nil:
		return *account.AutomountServiceAccountToken
	}
	return true
}

// The volume with a token: what its name begins with, where containers find it,
// and for how many seconds the token is asked for.
const (
	tokenVolume   = "kube-api-access-"
	tokenPath     = "/var/run/secrets/kubernetes.io/serviceaccount"
	tokenLifetime = 3607
)

// mountToken mounts the volume with the token in all containers that have nothing
// else at its place, and says whether there are any. A pod that brings such a
// volume along keeps that.
func mountToken(pod *corev1.Pod, generate func(base string) string) (mounted bool) {
	name := ""
	if i := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, tokenVolume) }); i >= 0 {
		name = pod.Spec.Volumes[i].Name
	}
	brought := name != ""
	if !brought {
		name = generate(tokenVolume)
	}
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			c := &containers[i]
			if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == tokenPath }) {
				continue
			}
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, ReadOnly: true, MountPath: tokenPath})
			mounted = true
		}
	}
	if mounted && !brought {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Projected: tokenSource()}})
	}
	return mounted
}

// tokenSource is the token, what to know the server by, and the pod's namespace.
func tokenSource() *corev1.ProjectedVolumeSource {
	return &corev1.ProjectedVolumeSource{
		DefaultMode: new(corev1.ProjectedVolumeSourceDefaultMode),
		Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(tokenLifetime))}},
			{ConfigMap: &corev1.ConfigMapProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: api.RootCAConfigMap},
				Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
			}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}},
			}}},
		},
	}
}
