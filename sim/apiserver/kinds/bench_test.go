package kinds

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
)

// ordinaryPod is a pod as a ReplicaSet makes it from a usual template.
func ordinaryPod() *corev1.Pod {
	health := func(path string) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")}}}
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "web-5c8f7d9b6c-x7k2p", Namespace: "default",
			Labels: map[string]string{"app": "web", "pod-template-hash": "5c8f7d9b6c"},
			OwnerReferences: []metav1.OwnerReference{
				{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-5c8f7d9b6c", UID: "0c9c", Controller: new(true), BlockOwnerDeletion: new(true)},
			},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "web", Image: "registry.example.com/team/web:1.27.3",
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				Env:   []corev1.EnvVar{{Name: "MODE", Value: "production"}, {Name: "LEVEL", Value: "info"}},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
					Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
				},
				ReadinessProbe: health("/ready"), LivenessProbe: health("/alive"),
				VolumeMounts: []corev1.VolumeMount{{Name: "settings", MountPath: "/etc/web"}},
			}},
			Volumes: []corev1.Volume{{Name: "settings", VolumeSource: corev1.VolumeSource{
				ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "web"}},
			}}},
			Tolerations: []corev1.Toleration{
				{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))},
				{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))},
			},
			ServiceAccountName: "default",
		},
	}
	return pod
}

func BenchmarkCreatePod(b *testing.B) {
	k, pod := For(api.Pods), ordinaryPod()
	b.ReportAllocs()
	for b.Loop() {
		pod.Generation = 0
		k.Default(pod)
		k.PrepareForCreate(pod)
		if errs := k.Validate(pod); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
}

func BenchmarkValidatePodStatus(b *testing.B) {
	k, old := For(api.Pods), ordinaryPod()
	k.Default(old)
	k.PrepareForCreate(old)
	old.ResourceVersion = "1"
	changed := old.DeepCopy()
	changed.Status.Phase = corev1.PodRunning
	b.ReportAllocs()
	for b.Loop() {
		k.PrepareForStatusUpdate(changed, old)
		if errs := k.ValidateStatusUpdate(changed, old); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
}
