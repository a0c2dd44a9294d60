package admission

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTokenIsMounted(t *testing.T) {
	yes, no := new(true), new(false)
	account := func(name string, automount *bool) *corev1.ServiceAccount {
		return &corev1.ServiceAccount{
			ObjectMeta: named(name), AutomountServiceAccountToken: automount,
			ImagePullSecrets: []corev1.LocalObjectReference{{Name: "registry"}},
		}
	}
	around := append(world{account("quiet", no), account("usual", nil)}, around...)
	elsewhere := corev1.VolumeMount{Name: "mine", MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}
	for _, c := range []struct {
		name    string
		spec    corev1.PodSpec
		volumes []string
		mounts  []string // of each container, the last one
		told    string
	}{
		{"default account", corev1.PodSpec{Containers: plain(1)}, []string{"kube-api-access-abcde"}, []string{"kube-api-access-abcde"}, "service account default with its token"},
		{"init containers too", corev1.PodSpec{InitContainers: plain(1), Containers: plain(2), ServiceAccountName: "usual"},
			[]string{"kube-api-access-abcde"}, []string{"kube-api-access-abcde", "kube-api-access-abcde", "kube-api-access-abcde"}, "service account usual with its token"},
		{"the account does not want it", corev1.PodSpec{Containers: plain(1), ServiceAccountName: "quiet"}, nil, []string{""}, ""},
		{"the pod wants it nevertheless", corev1.PodSpec{Containers: plain(1), ServiceAccountName: "quiet", AutomountServiceAccountToken: yes},
			[]string{"kube-api-access-abcde"}, []string{"kube-api-access-abcde"}, "service account quiet with its token"},
		{"the pod does not want it", corev1.PodSpec{Containers: plain(1), AutomountServiceAccountToken: no}, nil, []string{""}, "service account default"},
		{"something else is mounted there", corev1.PodSpec{
			Containers: []corev1.Container{{VolumeMounts: []corev1.VolumeMount{elsewhere}}}, Volumes: []corev1.Volume{{Name: "mine"}},
		}, []string{"mine"}, []string{"mine"}, "service account default"},
		{"a pod that was read and is sent again", corev1.PodSpec{Containers: plain(1), Volumes: []corev1.Volume{{Name: "kube-api-access-xyz"}}},
			[]string{"kube-api-access-xyz"}, []string{"kube-api-access-xyz"}, "service account default with its token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p"}, Spec: c.spec}
			told, err := serviceAccount(create(pod), around)
			if err != nil || told != c.told {
				t.Errorf("told %q, %v", told, err)
			}
			if pod.Spec.ServiceAccountName != "default" && len(pod.Spec.ImagePullSecrets) != 1 {
				t.Error("the account's secrets for images are missing")
			}
			for i := range max(len(pod.Spec.Volumes), len(c.volumes)) {
				if len(pod.Spec.Volumes) != len(c.volumes) || pod.Spec.Volumes[i].Name != c.volumes[i] {
					t.Fatalf("volumes %v, want %v", pod.Spec.Volumes, c.volumes)
				}
			}
			for i, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
				mounted := ""
				for _, m := range container.VolumeMounts {
					mounted = m.Name
				}
				if mounted != c.mounts[i] {
					t.Errorf("container %d mounts %q, want %q", i, mounted, c.mounts[i])
				}
			}
		})
	}
}

func plain(n int) []corev1.Container { return make([]corev1.Container, n) }
