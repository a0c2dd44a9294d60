package snapshot

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	resourcehelper "k8s.io/component-helpers/resource"

	"minisim/sim/scheduler/framework"
)

// defaultNode fills in what the API server would: allocatable is capacity.
func defaultNode(n *v1.Node) {
	if n.Status.Allocatable == nil {
		n.Status.Allocatable = n.Status.Capacity
	}
}

// defaultPod fills in those of the API server's defaults that the scheduler
// looks at. Real dumps have them already.
func defaultPod(pod *v1.Pod) {
	if pod.Namespace == "" {
		pod.Namespace = metav1.NamespaceDefault
	}
	if pod.Spec.SchedulerName == "" {
		pod.Spec.SchedulerName = framework.DefaultSchedulerName
	}
	for _, list := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			requestLimits(&list[i].Resources)
			if pod.Spec.HostNetwork {
				hostPorts(list[i].Ports)
			}
		}
	}
	defaultPodLevel(pod)
	mergeLabelKeys(pod)
}

// requestLimits lets a limit stand for a request that is not given.
func requestLimits(r *v1.ResourceRequirements) {
	for name, limit := range r.Limits {
		if _, given := r.Requests[name]; given {
			continue
		}
		if r.Requests == nil {
			r.Requests = make(v1.ResourceList)
		}
		r.Requests[name] = limit.DeepCopy()
	}
}

// hostPorts gives pods in the host's network the ports that they listen on.
func hostPorts(ports []v1.ContainerPort) {
	for i := range ports {
		if ports[i].HostPort == 0 {
			ports[i].HostPort = ports[i].ContainerPort
		}
	}
}

// defaultPodLevel fills in pod-level requests where pod-level resources are
// given in part: from the containers, else from the pod-level limits.
func defaultPodLevel(pod *v1.Pod) {
	r := pod.Spec.Resources
	if r == nil || len(r.Requests)+len(r.Limits) == 0 {
		return
	}
	if r.Requests == nil {
		r.Requests = make(v1.ResourceList)
	}
	fill := func(from v1.ResourceList) {
		for name, quantity := range from {
			if _, given := r.Requests[name]; !given && resourcehelper.IsSupportedPodLevelResource(name) {
				r.Requests[name] = quantity.DeepCopy()
			}
		}
	}
	fill(resourcehelper.AggregateContainerRequests(pod, resourcehelper.PodResourcesOptions{}))
	fill(r.Limits)
}

// Kubernetes' own priority classes.
var systemPriorities = map[string]int32{
	"system-cluster-critical": 2000000000,
	"system-node-critical":    2000001000,
}

// DefaultPriority resolves a pod's priority class into spec.priority and
// spec.preemptionPolicy, unless the pod has a priority, as admission does.
func DefaultPriority(pod *v1.Pod, view *framework.Snapshot) {
	if pod.Spec.Priority != nil {
		return
	}
	if value, ok := systemPriorities[pod.Spec.PriorityClassName]; ok {
		pod.Spec.Priority = &value
		return
	}
	for _, class := range view.PriorityClasses.All() {
		named := class.Name == pod.Spec.PriorityClassName
		if !named && !(pod.Spec.PriorityClassName == "" && class.GlobalDefault) {
			continue
		}
		value := class.Value
		pod.Spec.Priority = &value
		if pod.Spec.PreemptionPolicy == nil {
			pod.Spec.PreemptionPolicy = class.PreemptionPolicy
		}
		return
	}
}
