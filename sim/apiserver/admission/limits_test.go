package admission

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func amounts(pairs ...string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for _, p := range pairs {
		name, q, _ := strings.Cut(p, "=")
		out[corev1.ResourceName(name)] = resource.MustParse(q)
	}
	return out
}

func containers(resources ...corev1.ResourceRequirements) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: named("p")}
	for i, r := range resources {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: string(rune('a' + i)), Resources: r})
	}
	return pod
}

func limits(items ...corev1.LimitRangeItem) world {
	return append(world{&corev1.LimitRange{ObjectMeta: named("l"), Spec: corev1.LimitRangeSpec{Limits: items}}}, around...)
}

func TestLimitsFillIn(t *testing.T) {
	l := limits(corev1.LimitRangeItem{Type: corev1.LimitTypeContainer, Default: amounts("cpu=1", "memory=1Gi"), DefaultRequest: amounts("cpu=100m")})
	pod := containers(corev1.ResourceRequirements{Requests: amounts("cpu=2")}, corev1.ResourceRequirements{})
	pod.Spec.InitContainers = []corev1.Container{{Name: "i", Resources: corev1.ResourceRequirements{Limits: amounts("cpu=3", "memory=1Mi"), Requests: amounts("cpu=3")}}}
	if _, err := Admit(create(pod), l); err != nil {
		t.Fatal(err)
	}
	if got, want := pod.Annotations[limitRangerAnnotation], "LimitRanger plugin set: cpu, memory limit for container a; cpu request for container b; cpu, memory limit for container b"; got != want {
		t.Errorf("%q", got)
	}
	a, b := pod.Spec.Containers[0].Resources, pod.Spec.Containers[1].Resources
	if a.Requests.Cpu().String() != "2" || a.Limits.Cpu().String() != "1" || b.Requests.Cpu().String() != "100m" || b.Limits.Memory().String() != "1Gi" {
		t.Errorf("%+v %+v", a, b)
	}
}

func TestLimitsRefuse(t *testing.T) {
	one := corev1.ResourceRequirements{Requests: amounts("cpu=1"), Limits: amounts("cpu=2")}
	item := func(kind corev1.LimitType, min, max, ratio corev1.ResourceList) corev1.LimitRangeItem {
		return corev1.LimitRangeItem{Type: kind, Min: min, Max: max, MaxLimitRequestRatio: ratio}
	}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: named("c"), Spec: corev1.PersistentVolumeClaimSpec{Resources: corev1.VolumeResourceRequirements{Requests: amounts("storage=5Gi")}}}
	for name, c := range map[string]struct {
		o    api.Object
		item corev1.LimitRangeItem
		want string // "" is allowed
	}{
		"within":           {containers(one), item("Container", amounts("cpu=1"), amounts("cpu=2"), amounts("cpu=2")), ""},
		"too little":       {containers(one), item("Container", amounts("cpu=1100m"), nil, nil), "minimum cpu usage per Container is 1100m, but request is 1"},
		"nothing":          {containers(one), item("Container", amounts("memory=1"), nil, nil), "minimum memory usage per Container is 1.  No request is specified"},
		"too much":         {containers(one), item("Container", nil, amounts("cpu=1900m"), nil), "maximum cpu usage per Container is 1900m, but limit is 2"},
		"no limit":         {containers(one), item("Container", nil, amounts("memory=1"), nil), "maximum memory usage per Container is 1.  No limit is specified"},
		"together":         {containers(one, one), item("Pod", nil, amounts("cpu=3"), nil), "maximum cpu usage per Pod is 3, but limit is 4"},
		"ratio":            {containers(one), item("Container", nil, nil, amounts("cpu=1500m")), "cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000"},
		"ratio of nothing": {containers(one), item("Pod", nil, nil, amounts("memory=2")), "memory max limit to request ratio per Pod is 2, but no request is specified or request is 0"},
		"two faults":       {containers(one), item("Container", amounts("memory=1"), amounts("cpu=1"), nil), "[minimum memory usage per Container is 1.  No request is specified, maximum cpu usage per Container is 1, but limit is 2]"},
		"large claim":      {claim, item("PersistentVolumeClaim", nil, amounts("storage=4Gi"), nil), "maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 5Gi"},
		"small claim":      {claim, item("PersistentVolumeClaim", amounts("storage=6Gi"), nil, nil), "minimum storage usage per PersistentVolumeClaim is 6Gi, but request is 5Gi"},
		"another kind":     {claim, item("Container", nil, amounts("storage=4Gi"), nil), ""},
	} {
		_, err := Validate(create(c.o), limits(c.item))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), " is forbidden: "+c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClasses(t *testing.T) {
	heavy := &nodev1.RuntimeClass{
		ObjectMeta: metav1.ObjectMeta{Name: "heavy"}, Handler: "h",
		Overhead:   &nodev1.Overhead{PodFixed: amounts("cpu=10m")},
		Scheduling: &nodev1.Scheduling{NodeSelector: map[string]string{"heavy": "yes"}, Tolerations: []corev1.Toleration{{Key: "heavy"}}},
	}
	isDefault := map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"}
	w := append(world{heavy, &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "main", Annotations: isDefault}}}, around...)
	pod := &corev1.Pod{ObjectMeta: named("p"), Spec: corev1.PodSpec{RuntimeClassName: new("heavy")}}
	a := create(pod)
	if _, err := Admit(a, w); err != nil {
		t.Fatal(err)
	}
	if _, err := Validate(a, w); err != nil {
		t.Fatal(err)
	}
	if s := pod.Spec; s.Overhead.Cpu().String() != "10m" || s.NodeSelector["heavy"] != "yes" || len(s.Tolerations) != 3 {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		spec corev1.PodSpec
		want string
	}{
		{corev1.PodSpec{RuntimeClassName: new("none")}, `pod rejected: RuntimeClass "none" not found`},
		{corev1.PodSpec{RuntimeClassName: new("heavy"), Overhead: amounts("cpu=1")}, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"},
		{corev1.PodSpec{RuntimeClassName: new("heavy"), NodeSelector: map[string]string{"heavy": "no"}}, "conflict: runtimeClass.scheduling.nodeSelector[heavy] = yes; pod.spec.nodeSelector[heavy] = no"},
		{corev1.PodSpec{Overhead: amounts("cpu=1")}, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"},
	} {
		a := create(&corev1.Pod{ObjectMeta: named("p"), Spec: c.spec})
		_, err := Admit(a, w)
		if err == nil {
			_, err = Validate(a, w)
		}
		if err == nil || !strings.HasSuffix(err.Error(), ": "+c.want) {
			t.Errorf("%+v: %v", c.spec, err)
		}
	}
	ingress := &networkingv1.Ingress{ObjectMeta: named("i")}
	if _, err := Admit(create(ingress), w); err != nil || *ingress.Spec.IngressClassName != "main" {
		t.Errorf("%v %+v", err, ingress.Spec)
	}
}

func TestNamespaceGetsStricter(t *testing.T) {
	privileged := func(name, owner string) *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: named(name), Spec: corev1.PodSpec{HostPID: true, Containers: []corev1.Container{{Name: "a"}}}}
		if owner != "" {
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: owner, UID: "u", Controller: new(true)}}
		}
		return pod
	}
	w := append(world{privileged("b", "rs"), privileged("c", "rs"), privileged("a", "")}, around...)
	ns := func(level string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default", Labels: map[string]string{"pod-security.kubernetes.io/enforce": level}}}
	}
	for _, c := range []struct{ from, to, warnings, refusal string }{
		{"privileged", "baseline", `existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"|a (and 2 other pods): host namespaces`, ""},
		{"restricted", "baseline", "", ""},
		{"privileged", "strict", "", `must be one of privileged, baseline, restricted`},
		{"strict", "strict", "", ""},
	} {
		var warnings []string
		a := &Attributes{Verb: api.VerbUpdate, Resource: api.Namespaces, Key: api.Key{Name: "default"}, Object: ns(c.to), Old: ns(c.from), Warn: func(s string) { warnings = append(warnings, s) }}
		_, err := Validate(a, w)
		if got := strings.Join(warnings, "|"); got != c.warnings || (err != nil) != (c.refusal != "") || err != nil && !strings.HasSuffix(err.Error(), c.refusal) {
			t.Errorf("%s to %s: %q, %v", c.from, c.to, got, err)
		}
	}
}
