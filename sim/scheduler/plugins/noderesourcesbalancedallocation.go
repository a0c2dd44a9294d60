package plugins

import (
	"math"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// NodeResourcesBalancedAllocation prefers nodes whose resources would be used
// more evenly with the pod than without it.
type NodeResourcesBalancedAllocation struct {
	nodeOnly
	// Resources are those to be balanced.
	Resources []v1.ResourceName
}

var (
	_ framework.PreScorePlugin = (*NodeResourcesBalancedAllocation)(nil)
	_ framework.ScorePlugin    = (*NodeResourcesBalancedAllocation)(nil)
)

// Name implements framework.Plugin.
func (*NodeResourcesBalancedAllocation) Name() string { return "NodeResourcesBalancedAllocation" }

// PreScore skips pods that request none of the resources.
func (p *NodeResourcesBalancedAllocation) PreScore(_ *framework.CycleState, pod *framework.PodInfo, _ []*framework.NodeInfo) *framework.Status {
	for _, name := range p.Resources {
		if pod.Request.Get(name) != 0 {
			return nil
		}
	}
	return framework.NewStatus(framework.Skip)
}

// Score compares the evenness with the pod to that without: 75 when the pod
// changes nothing, more when it evens the node out. Real requests count.
func (p *NodeResourcesBalancedAllocation) Score(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) int64 {
	const half = framework.MaxNodeScore / 2
	return half + (half+p.evenness(&pod.Request, node)-p.evenness(nil, node))/2
}

// evenness is 100 when all resources are used to the same share, less the more
// they differ. extra is added to what the node's pods request.
func (p *NodeResourcesBalancedAllocation) evenness(extra *framework.Resource, node *framework.NodeInfo) int64 {
	fractions := make([]float64, 0, 4)
	for _, name := range p.Resources {
		capacity, requested := node.Allocatable.Get(name), node.Requested.Get(name)
		if capacity == 0 {
			continue
		}
		if extra != nil {
			requested += extra.Get(name)
		}
		fractions = append(fractions, min(float64(requested)/float64(capacity), 1))
	}
	return int64((1 - deviation(fractions)) * float64(framework.MaxNodeScore))
}

// deviation is the standard deviation of the fractions.
func deviation(fractions []float64) float64 {
	switch len(fractions) {
	case 0, 1:
		return 0
	case 2:
		return math.Abs((fractions[0] - fractions[1]) / 2)
	}
	var sum, squares float64
	for _, f := range fractions {
		sum += f
	}
	mean := sum / float64(len(fractions))
	for _, f := range fractions {
		squares += float64((f - mean) * (f - mean))
	}
	return math.Sqrt(squares / float64(len(fractions)))
}
