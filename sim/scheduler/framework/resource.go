package framework

import (
	"strings"

	v1 "k8s.io/api/core/v1"
	resourcehelper "k8s.io/component-helpers/resource"
)

// What a container that names no request counts as in NodeResourcesFit's
// score, so that many such pods do not pile up on one node.
const (
	// DefaultMilliCPURequest is in thousandths of a CPU.
	DefaultMilliCPURequest int64 = 100
	// DefaultMemoryRequest is in bytes (200 MiB).
	DefaultMemoryRequest int64 = 200 * 1024 * 1024
)

// Resource is an amount of each resource, as integers.
type Resource struct {
	// MilliCPU is in thousandths of a CPU.
	MilliCPU int64
	// Memory is in bytes.
	Memory int64
	// EphemeralStorage is in bytes.
	EphemeralStorage int64
	// Pods is the number of pods; only a node's allocatable has it.
	Pods int64
	// Scalar holds extended resources, huge pages and the like, by name.
	Scalar map[v1.ResourceName]int64
}

// NewResource converts a Kubernetes resource list.
func NewResource(list v1.ResourceList) Resource {
	var r Resource
	for name, quantity := range list {
		switch name {
		case v1.ResourceCPU:
			r.MilliCPU = quantity.MilliValue()
		case v1.ResourceMemory:
			r.Memory = quantity.Value()
		case v1.ResourceEphemeralStorage:
			r.EphemeralStorage = quantity.Value()
		case v1.ResourcePods:
			r.Pods = quantity.Value()
		default:
			if isScalar(name) {
				if r.Scalar == nil {
					r.Scalar = make(map[v1.ResourceName]int64)
				}
				r.Scalar[name] = quantity.Value()
			}
		}
	}
	return r
}

// isScalar reports whether kube-scheduler accounts for a resource other than
// the four it knows by name.
func isScalar(name v1.ResourceName) bool {
	s := string(name)
	return strings.Contains(s, "/") || strings.HasPrefix(s, v1.ResourceHugePagesPrefix) ||
		strings.HasPrefix(s, v1.ResourceAttachableVolumesPrefix)
}

// Get returns the amount of one resource: milli-CPUs for cpu, else units.
func (r *Resource) Get(name v1.ResourceName) int64 {
	switch name {
	case v1.ResourceCPU:
		return r.MilliCPU
	case v1.ResourceMemory:
		return r.Memory
	case v1.ResourceEphemeralStorage:
		return r.EphemeralStorage
	case v1.ResourcePods:
		return r.Pods
	}
	return r.Scalar[name]
}

// add adds sign times o.
func (r *Resource) add(o *Resource, sign int64) {
	r.MilliCPU += sign * o.MilliCPU
	r.Memory += sign * o.Memory
	r.EphemeralStorage += sign * o.EphemeralStorage
	for name, amount := range o.Scalar {
		if r.Scalar == nil {
			r.Scalar = make(map[v1.ResourceName]int64)
		}
		r.Scalar[name] += sign * amount
	}
}

func (r *Resource) clone() Resource {
	c := *r
	if r.Scalar != nil {
		c.Scalar = make(map[v1.ResourceName]int64, len(r.Scalar))
		for name, amount := range r.Scalar {
			c.Scalar[name] = amount
		}
	}
	return c
}

// PodRequest is what a pod asks of a node: containers and sidecars together,
// or the largest init container if that is more; pod-level resources, where
// given, replace cpu and memory; overhead is added. A bound pod whose
// containers were resized counts the larger of spec and status.
func PodRequest(pod *v1.Pod) Resource {
	return NewResource(resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{UseStatusResources: true}))
}

// nonMissing gives containers without a cpu or memory request the default.
func nonMissing() v1.ResourceList {
	return v1.ResourceList{
		v1.ResourceCPU:    *newMilli(DefaultMilliCPURequest),
		v1.ResourceMemory: *newBytes(DefaultMemoryRequest),
	}
}

// NonZeroRequest is PodRequest with a default for containers that name no cpu
// or memory; an explicit 0 stays 0. It is what bound pods count as in
// NodeResourcesFit's score.
func NonZeroRequest(pod *v1.Pod) Resource {
	return NewResource(resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{
		UseStatusResources: true, NonMissingContainerRequests: nonMissing(),
	}))
}

// ScoreRequest is NonZeroRequest as NodeResourcesFit's score sees the
// incoming pod: kube-scheduler v1.36 leaves pod-level resources out there.
func ScoreRequest(pod *v1.Pod) Resource {
	return NewResource(resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{
		UseStatusResources: true, NonMissingContainerRequests: nonMissing(), SkipPodLevelResources: true,
	}))
}
