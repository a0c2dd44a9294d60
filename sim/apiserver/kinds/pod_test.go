package kinds

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func amounts(cpu, memory string) corev1.ResourceList {
	list := corev1.ResourceList{}
	if cpu != "" {
		list[corev1.ResourceCPU] = resource.MustParse(cpu)
	}
	if memory != "" {
		list[corev1.ResourceMemory] = resource.MustParse(memory)
	}
	return list
}

func TestQOSClass(t *testing.T) {
	needs := func(requests, limits corev1.ResourceList) corev1.Container {
		return corev1.Container{Resources: corev1.ResourceRequirements{Requests: requests, Limits: limits}}
	}
	full, none := needs(amounts("1", "1Gi"), amounts("1", "1Gi")), needs(nil, nil)
	for name, c := range map[string]struct {
		containers, init []corev1.Container
		want             corev1.PodQOSClass
	}{
		"nothing":                {[]corev1.Container{none}, nil, corev1.PodQOSBestEffort},
		"all":                    {[]corev1.Container{full, full}, nil, corev1.PodQOSGuaranteed},
		"one of two":             {[]corev1.Container{full, none}, nil, corev1.PodQOSBurstable},
		"init container without": {[]corev1.Container{full}, []corev1.Container{none}, corev1.PodQOSBurstable},
		"no memory":              {[]corev1.Container{needs(amounts("1", ""), amounts("1", ""))}, nil, corev1.PodQOSBurstable},
		"request below limit":    {[]corev1.Container{needs(amounts("1", "1Gi"), amounts("2", "1Gi"))}, nil, corev1.PodQOSBurstable},
		"zero":                   {[]corev1.Container{needs(amounts("0", "0"), nil)}, nil, corev1.PodQOSBestEffort},
		"another resource":       {[]corev1.Container{needs(corev1.ResourceList{"example.com/gpu": resource.MustParse("1")}, nil)}, nil, corev1.PodQOSBestEffort},
	} {
		if got := qosClass(&corev1.PodSpec{Containers: c.containers, InitContainers: c.init}); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestPodStatus reports states of a pod's container after it has ended.
func TestPodStatus(t *testing.T) {
	ended := func(code int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	for name, c := range map[string]struct {
		policy   corev1.RestartPolicy
		was, is  corev1.ContainerState
		accepted bool
	}{
		"runs again":             {corev1.RestartPolicyAlways, ended(0), running, true},
		"runs again after error": {corev1.RestartPolicyOnFailure, ended(1), running, true},
		"had succeeded":          {corev1.RestartPolicyOnFailure, ended(0), running, false},
		"never":                  {corev1.RestartPolicyNever, ended(1), running, false},
		"ends":                   {corev1.RestartPolicyNever, running, ended(0), true},
	} {
		old := ordinaryPod()
		old.Spec.RestartPolicy = c.policy
		k := For(api.Pods)
		k.Default(old)
		k.PrepareForCreate(old)
		old.ResourceVersion = "1"
		old.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: c.was}}
		pod := old.DeepCopy()
		pod.Status.ContainerStatuses[0].State = c.is
		k.PrepareForStatusUpdate(pod, old)
		errs := k.ValidateStatusUpdate(pod, old)
		if c.accepted != (len(errs) == 0) {
			t.Errorf("%s: %v", name, errs)
		}
		if !c.accepted && errs[0].Error() != "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state" {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

// TestSpreadingOverRevisions resolves the keys whose values are the pod's own.
func TestSpreadingOverRevisions(t *testing.T) {
	pod := ordinaryPod()
	pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}, MatchLabelKeys: []string{"pod-template-hash", "absent"},
	}}
	For(api.Pods).PrepareForCreate(pod)
	got := metav1.FormatLabelSelector(pod.Spec.TopologySpreadConstraints[0].LabelSelector)
	if got != "app=web,pod-template-hash in (5c8f7d9b6c)" {
		t.Errorf("the pods are spread with those of %s", got)
	}
}

func TestPodWarnings(t *testing.T) {
	pod := ordinaryPod()
	pod.Spec.NodeSelector = map[string]string{"beta.kubernetes.io/os": "linux"}
	pod.Spec.Containers[0].Env = append(pod.Spec.Containers[0].Env, corev1.EnvVar{Name: "MODE"})
	pod.Spec.TerminationGracePeriodSeconds = new(int64(-1))
	pod.Spec.Volumes = []corev1.Volume{
		{Name: "v", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{Items: []corev1.KeyToPath{{Path: "a"}, {Path: "a/b"}}}}},
		{Name: "p", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{}}}}},
	}
	got := strings.Join(For(api.Pods).Warnings(pod), "\n")
	for _, want := range []string{
		`spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead`,
		`spec.containers[0].env[2]: hides previous definition of "MODE", which may be dropped when using apply`,
		`volume "v" (ConfigMap ""): overlapping paths: "a/b" with "a"`,
		`volume "p" (Projected) has no sources provided`,
		`spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning %s in\n%s", want, got)
		}
	}
	if got := For(api.Pods).Warnings(ordinaryPod()); len(got) > 0 {
		t.Errorf("warnings of an ordinary pod: %q", got)
	}
}
