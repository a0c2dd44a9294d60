// Package quota knows what objects use of what a ResourceQuota limits. The API
// server charges requests by it and the quota controller counts by it. What lives
// here: pure functions over objects; who may use how much is decided elsewhere.
package quota

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"

	"minisim/sim/api"
)

// aliases are the names under which the numbers of some objects can be limited
// besides "count/…".
var aliases = map[*api.Resource]corev1.ResourceName{
	api.ConfigMaps: corev1.ResourceConfigMaps, api.ResourceQuotas: corev1.ResourceQuotas, api.Secrets: corev1.ResourceSecrets,
	api.Services: corev1.ResourceServices, api.PersistentVolumeClaims: corev1.ResourcePersistentVolumeClaims,
}

// countName is the name for the number of all objects of a resource: "count/deployments.apps".
func countName(r *api.Resource) corev1.ResourceName {
	return corev1.ResourceName("count/" + r.String())
}

// Usage is what an object of a resource uses, by the names that quotas limit. now is the virtual time.
func Usage(r *api.Resource, o api.Object, now time.Time) corev1.ResourceList {
	out := corev1.ResourceList{countName(r): one()}
	if alias, ok := aliases[r]; ok {
		out[alias] = one()
	}
	switch o := o.(type) {
	case *corev1.Pod:
		podUsage(out, o, now)
	case *corev1.Service:
		serviceUsage(out, o)
	case *corev1.PersistentVolumeClaim:
		claimUsage(out, o)
	}
	return out
}

func one() resource.Quantity { return *resource.NewQuantity(1, resource.DecimalSI) }

// Alive says whether a pod counts: it has not ended, and the time that it has
// for its end is not over.
func Alive(pod *corev1.Pod, now time.Time) bool {
	if pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return false
	}
	if pod.DeletionTimestamp != nil && pod.DeletionGracePeriodSeconds != nil {
		grace := time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
		return !now.After(pod.DeletionTimestamp.Add(grace))
	}
	return true
}

func podUsage(out corev1.ResourceList, pod *corev1.Pod, now time.Time) {
	if !Alive(pod, now) {
		return
	}
	options := resourcehelper.PodResourcesOptions{UseStatusResources: true}
	compute(out, resourcehelper.PodRequests(pod, options), resourcehelper.PodLimits(pod, options))
}

// compute adds what requests and limits use.
func compute(out, requests, limits corev1.ResourceList) {
	out[corev1.ResourcePods] = one()
	for name, q := range requests {
		switch {
		case name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage, hugePages(name):
			out[name], out["requests."+name] = q, q
		case !native(name):
			out["requests."+name] = q
		}
	}
	for name, q := range limits {
		if name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage {
			out["limits."+name] = q
		}
	}
}

func hugePages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// native says whether Kubernetes itself defines a resource.
func native(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

func serviceUsage(out corev1.ResourceList, s *corev1.Service) {
	ports, balancers := 0, int64(0)
	switch s.Spec.Type {
	case corev1.ServiceTypeNodePort:
		ports = len(s.Spec.Ports)
	case corev1.ServiceTypeLoadBalancer:
		balancers = 1
		ports = len(s.Spec.Ports)
		if a := s.Spec.AllocateLoadBalancerNodePorts; a != nil && !*a {
			ports = 0
			for _, p := range s.Spec.Ports {
				if p.NodePort != 0 {
					ports++
				}
			}
		}
	}
	out[corev1.ResourceServicesNodePorts] = *resource.NewQuantity(int64(ports), resource.DecimalSI)
	out[corev1.ResourceServicesLoadBalancers] = *resource.NewQuantity(balancers, resource.DecimalSI)
}

// byClass comes between the name of a storage class and what is limited of it.
const byClass = ".storageclass.storage.k8s.io/"

func claimUsage(out corev1.ResourceList, c *corev1.PersistentVolumeClaim) {
	class := c.Annotations[corev1.BetaStorageClassAnnotation]
	if class == "" && c.Spec.StorageClassName != nil {
		class = *c.Spec.StorageClassName
	}
	if class != "" {
		out[corev1.ResourceName(class+byClass)+corev1.ResourcePersistentVolumeClaims] = one()
	}
	size, ok := c.Spec.Resources.Requests[corev1.ResourceStorage]
	if !ok {
		return
	}
	if allocated, ok := c.Status.AllocatedResources[corev1.ResourceStorage]; ok && allocated.Cmp(size) > 0 {
		size = allocated
	}
	size = size.DeepCopy()
	size.RoundUp(0)
	out[corev1.ResourceRequestsStorage] = size
	if class != "" {
		out[corev1.ResourceName(class+byClass)+corev1.ResourceRequestsStorage] = size
	}
}

// Concerns says whether objects of a resource use something by that name.
func Concerns(r *api.Resource, name corev1.ResourceName) bool {
	if name == countName(r) || aliases[r] == name && name != "" {
		return true
	}
	switch r {
	case api.Pods:
		return podResource(name)
	case api.Services:
		return name == corev1.ResourceServicesNodePorts || name == corev1.ResourceServicesLoadBalancers
	case api.PersistentVolumeClaims:
		_, what, ok := strings.Cut(string(name), byClass)
		return name == corev1.ResourceRequestsStorage ||
			ok && (what == string(corev1.ResourceRequestsStorage) || what == string(corev1.ResourcePersistentVolumeClaims))
	}
	return false
}

func podResource(name corev1.ResourceName) bool {
	bare := corev1.ResourceName(strings.TrimPrefix(strings.TrimPrefix(string(name), "requests."), "limits."))
	switch bare {
	case corev1.ResourcePods:
		return name == bare
	case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return true
	}
	request := strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix)
	return hugePages(bare) && !strings.HasPrefix(string(name), "limits.") || request && !native(name)
}

// Limits says whether a quota's status limits something that objects of the
// resource use, and its scopes let o in.
func Limits(q *corev1.ResourceQuota, r *api.Resource, o api.Object) bool {
	concerned := false
	for name := range q.Status.Hard {
		concerned = concerned || Concerns(r, name)
	}
	return concerned && InScope(q, o)
}

// Needed are the resources that each container of a pod must state for a quota
// to be able to count it: those that the quota's status limits of cpu and memory, sorted.
func Needed(q *corev1.ResourceQuota) (names []corev1.ResourceName) {
	for name := range q.Status.Hard {
		switch bare := strings.TrimPrefix(strings.TrimPrefix(string(name), "requests."), "limits."); corev1.ResourceName(bare) {
		case corev1.ResourceCPU, corev1.ResourceMemory:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// States says whether a container states what it uses of a resource.
func States(c *corev1.Container, name corev1.ResourceName) bool {
	out := corev1.ResourceList{}
	compute(out, c.Resources.Requests, c.Resources.Limits)
	_, ok := out[name]
	return ok
}
