package quota

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func list(pairs ...string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for _, p := range pairs {
		name, q, _ := strings.Cut(p, "=")
		out[corev1.ResourceName(name)] = resource.MustParse(q)
	}
	return out
}

func show(l corev1.ResourceList) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(l)) {
		q := l[name]
		parts = append(parts, fmt.Sprintf("%s=%s", name, q.String()))
	}
	return strings.Join(parts, " ")
}

func pod(f func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{}
	p.Spec.Containers = []corev1.Container{{Name: "a", Resources: corev1.ResourceRequirements{
		Requests: list("cpu=100m", "example.com/gpu=1", "hugepages-2Mi=4Mi"), Limits: list("cpu=1", "memory=1Gi", "example.com/gpu=1", "hugepages-2Mi=4Mi"),
	}}}
	f(p)
	return p
}

func TestUsage(t *testing.T) {
	service := func(kind corev1.ServiceType, allocate *bool) *corev1.Service {
		return &corev1.Service{Spec: corev1.ServiceSpec{Type: kind, AllocateLoadBalancerNodePorts: allocate, Ports: []corev1.ServicePort{{Port: 1}, {Port: 2, NodePort: 30001}}}}
	}
	claim := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: new("fast"), Resources: corev1.VolumeResourceRequirements{Requests: list("storage=1500m")}}}
	grown := claim.DeepCopy()
	grown.Status.AllocatedResources = list("storage=5")
	for _, c := range []struct {
		o    api.Object
		want string
	}{
		{pod(func(*corev1.Pod) {}), "count/pods=1 cpu=100m hugepages-2Mi=4Mi limits.cpu=1 limits.memory=1Gi pods=1 requests.cpu=100m requests.example.com/gpu=1 requests.hugepages-2Mi=4Mi"},
		{pod(func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }), "count/pods=1"},
		{pod(func(p *corev1.Pod) {
			p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &metav1.Time{Time: now.Add(-time.Minute)}, new(int64(30))
		}), "count/pods=1"},
		{service(corev1.ServiceTypeClusterIP, nil), "count/services=1 services=1 services.loadbalancers=0 services.nodeports=0"},
		{service(corev1.ServiceTypeNodePort, nil), "count/services=1 services=1 services.loadbalancers=0 services.nodeports=2"},
		{service(corev1.ServiceTypeLoadBalancer, new(false)), "count/services=1 services=1 services.loadbalancers=1 services.nodeports=1"},
		{claim, "count/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/requests.storage=2 persistentvolumeclaims=1 requests.storage=2"},
		{grown, "count/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/requests.storage=5 persistentvolumeclaims=1 requests.storage=5"},
		{&appsv1.Deployment{}, "count/deployments.apps=1"},
		{&corev1.Secret{}, "count/secrets=1 secrets=1"},
	} {
		usage := Usage(api.Of(c.o), c.o, now)
		if got := show(usage); got != c.want {
			t.Errorf("%T\n got %s\nwant %s", c.o, got, c.want)
		}
		for name := range usage {
			if !Concerns(api.Of(c.o), name) {
				t.Errorf("%T uses %s, which is said not to concern it", c.o, name)
			}
		}
	}
	if Concerns(api.Pods, "requests.storage") || Concerns(api.Deployments, "pods") || Concerns(api.Pods, "limits.example.com/gpu") || Concerns(api.Nodes, "") {
		t.Error("something concerns what it does not")
	}
}

func TestScopes(t *testing.T) {
	best := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{}}, PriorityClassName: "high"}}
	due := pod(func(p *corev1.Pod) {
		p.Spec.ActiveDeadlineSeconds = new(int64(9))
		p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{Namespaces: []string{"x"}}}}}
	})
	q := func(s corev1.ResourceQuotaSpec) *corev1.ResourceQuota {
		return &corev1.ResourceQuota{Spec: s, Status: corev1.ResourceQuotaStatus{Hard: list("pods=1", "services=1")}}
	}
	scope := func(s ...corev1.ResourceQuotaScope) *corev1.ResourceQuota {
		return q(corev1.ResourceQuotaSpec{Scopes: s})
	}
	class := func(op corev1.ScopeSelectorOperator, values ...string) *corev1.ResourceQuota {
		return q(corev1.ResourceQuotaSpec{ScopeSelector: &corev1.ScopeSelector{MatchExpressions: []corev1.ScopedResourceSelectorRequirement{{ScopeName: corev1.ResourceQuotaScopePriorityClass, Operator: op, Values: values}}}})
	}
	for name, c := range map[string]struct {
		quota     *corev1.ResourceQuota
		best, due bool
	}{
		"none":            {scope(), true, true},
		"Terminating":     {scope(corev1.ResourceQuotaScopeTerminating), false, true},
		"NotTerminating":  {scope(corev1.ResourceQuotaScopeNotTerminating), true, false},
		"BestEffort":      {scope(corev1.ResourceQuotaScopeBestEffort), true, false},
		"NotBestEffort":   {scope(corev1.ResourceQuotaScopeNotBestEffort), false, true},
		"both":            {scope(corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeTerminating), false, false},
		"CrossNamespace":  {scope(corev1.ResourceQuotaScopeCrossNamespacePodAffinity), false, true},
		"a class":         {scope(corev1.ResourceQuotaScopePriorityClass), true, false},
		"the class":       {class(corev1.ScopeSelectorOpIn, "high"), true, false},
		"another class":   {class(corev1.ScopeSelectorOpIn, "low"), false, false},
		"not that class":  {class(corev1.ScopeSelectorOpNotIn, "high"), false, true},
		"no class at all": {class(corev1.ScopeSelectorOpDoesNotExist), false, true},
	} {
		if got := Limits(c.quota, api.Pods, best); got != c.best {
			t.Errorf("%s: best %v", name, got)
		}
		if got := Limits(c.quota, api.Pods, due); got != c.due {
			t.Errorf("%s: due %v", name, got)
		}
		if got := Limits(c.quota, api.Services, &corev1.Service{}); got != (name == "none") {
			t.Errorf("%s: service %v", name, got)
		}
	}
}
