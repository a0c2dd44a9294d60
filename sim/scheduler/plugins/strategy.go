package plugins

import (
	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Strategy turns a node's filling into a score: the weighted mean, over some
// resources, of what Shape says of each.
type Strategy struct {
	// Resources are those that count, each with its weight.
	Resources []WeightedResource
	// Shape rates one resource's filling, 0–100. capacity is above 0.
	Shape func(requested, capacity int64) int64
	// Rounds says that the mean is rounded rather than truncated, and that
	// resources that score 0 do not count; RequestedToCapacityRatio does so.
	Rounds bool
}

// WeightedResource is a resource with its weight in a Strategy.
type WeightedResource struct {
	Name   v1.ResourceName
	Weight int64
}

// cpuAndMemory are the resources that count by default.
func cpuAndMemory() []WeightedResource {
	return []WeightedResource{{v1.ResourceCPU, 1}, {v1.ResourceMemory, 1}}
}

// LeastAllocated prefers emptier nodes: the free share of each resource.
func LeastAllocated(resources ...WeightedResource) Strategy {
	return Strategy{Resources: resources, Shape: func(requested, capacity int64) int64 {
		if requested > capacity {
			return 0
		}
		return (capacity - requested) * framework.MaxNodeScore / capacity
	}}
}

// MostAllocated prefers fuller nodes: the used share of each resource.
func MostAllocated(resources ...WeightedResource) Strategy {
	return Strategy{Resources: resources, Shape: func(requested, capacity int64) int64 {
		return min(requested, capacity) * framework.MaxNodeScore / capacity
	}}
}

// Point is a corner of a RequestedToCapacityRatio function.
type Point struct {
	// Utilization is in percent, 0–100; Score is 0–100.
	Utilization, Score int64
}

// RequestedToCapacityRatio rates filling by straight lines between points,
// which are sorted by utilization.
func RequestedToCapacityRatio(shape []Point, resources ...WeightedResource) Strategy {
	return Strategy{Resources: resources, Rounds: true, Shape: func(requested, capacity int64) int64 {
		utilization := framework.MaxNodeScore
		if requested <= capacity {
			utilization = requested * framework.MaxNodeScore / capacity
		}
		return interpolate(shape, utilization)
	}}
}

func interpolate(shape []Point, utilization int64) int64 {
	for i, p := range shape {
		if utilization > p.Utilization {
			continue
		}
		if i == 0 {
			return p.Score
		}
		q := shape[i-1]
		return q.Score + (p.Score-q.Score)*(utilization-q.Utilization)/(p.Utilization-q.Utilization)
	}
	return shape[len(shape)-1].Score
}

// score weighs what usage tells of each resource. Resources that the node does
// not have are left out.
func (s Strategy) score(usage func(v1.ResourceName) (requested, capacity int64)) int64 {
	var sum, weights int64
	for _, r := range s.Resources {
		requested, capacity := usage(r.Name)
		if capacity == 0 {
			continue
		}
		score := s.Shape(requested, capacity)
		if s.Rounds && score == 0 {
			continue
		}
		sum += score * r.Weight
		weights += r.Weight
	}
	switch {
	case weights == 0:
		return 0
	case s.Rounds:
		return (2*sum + weights) / (2 * weights)
	}
	return sum / weights
}
