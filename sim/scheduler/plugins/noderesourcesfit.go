package plugins

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// NodeResourcesFit rejects nodes that have too little of some resource left,
// and prefers nodes by how full they would be; by default emptier ones
// (LeastAllocated).
type NodeResourcesFit struct {
	nodeOnly
	// Strategy scores a node's filling.
	Strategy Strategy
	// IgnoredResources are extended resources that the filter overlooks.
	IgnoredResources []string
	// IgnoredGroups are prefixes (before the slash) of such resources.
	IgnoredGroups []string
}

var (
	_ framework.PreFilterPlugin = (*NodeResourcesFit)(nil)
	_ framework.FilterPlugin    = (*NodeResourcesFit)(nil)
	_ framework.PreScorePlugin  = (*NodeResourcesFit)(nil)
	_ framework.ScorePlugin     = (*NodeResourcesFit)(nil)
)

const (
	fitFilter framework.StateKey = "NodeResourcesFit/filter"
	fitScore  framework.StateKey = "NodeResourcesFit/score"
)

// fitVerdicts holds the rejections made so far, by their reasons, so that the
// many nodes that lack the same share one.
type fitVerdicts map[string]*framework.Status

// Clone implements framework.StateData; sharing is what it is for.
func (s fitVerdicts) Clone() framework.StateData { return s }

// scoreRequest is the incoming pod's request as the score counts it.
type scoreRequest struct{ nonZero, real framework.Resource }

// Clone implements framework.StateData; the data depends on the pod alone.
func (s *scoreRequest) Clone() framework.StateData { return s }

// Name implements framework.Plugin.
func (*NodeResourcesFit) Name() string { return "NodeResourcesFit" }

// PreFilter implements framework.PreFilterPlugin; the request was worked out
// when the pod came.
func (*NodeResourcesFit) PreFilter(c *framework.CycleState, _ *framework.PodInfo) (map[string]bool, *framework.Status) {
	if c.Read(fitFilter) == nil {
		c.Write(fitFilter, make(fitVerdicts))
	}
	return nil, nil
}

// shortage is one resource that a node has too little of.
type shortage struct {
	name                 v1.ResourceName
	want, used, capacity int64
}

// unresolvable says that even an empty node of this size would not do.
func (s shortage) unresolvable() bool { return s.name != v1.ResourcePods && s.want > s.capacity }

// Filter implements framework.FilterPlugin. A request that exceeds the node's
// allocatable cannot be helped by removing pods.
func (p *NodeResourcesFit) Filter(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if p.fits(pod, node) {
		return nil
	}
	short := p.shortages(pod, node)
	key := make([]byte, 0, 64)
	for _, s := range short {
		key = append(key, s.name...)
		if s.unresolvable() {
			key = append(key, '!')
		}
		key = append(key, ' ')
	}
	made := framework.State[fitVerdicts](c, fitFilter)
	if status := made[string(key)]; status != nil {
		return status
	}
	status := p.rejection(short)
	made[string(key)] = status
	return status
}

func (p *NodeResourcesFit) rejection(short []shortage) *framework.Status {
	status := &framework.Status{Code: framework.Unschedulable, Plugin: p.Name()}
	for _, s := range short {
		if s.name == v1.ResourcePods {
			status.Reasons = append(status.Reasons, "Too many pods")
		} else {
			status.Reasons = append(status.Reasons, "Insufficient "+string(s.name))
		}
		if s.unresolvable() {
			status.Code = framework.UnschedulableAndUnresolvable
		}
	}
	return status
}

// fits is the quick answer for the common case.
func (p *NodeResourcesFit) fits(pod *framework.PodInfo, node *framework.NodeInfo) bool {
	r, used, has := &pod.Request, &node.Requested, &node.Allocatable
	if int64(len(node.Pods))+1 > has.Pods || len(r.Scalar) > 0 {
		return int64(len(node.Pods))+1 <= has.Pods && len(p.shortages(pod, node)) == 0
	}
	return (r.MilliCPU == 0 || r.MilliCPU <= has.MilliCPU-used.MilliCPU) &&
		(r.Memory == 0 || r.Memory <= has.Memory-used.Memory) &&
		(r.EphemeralStorage == 0 || r.EphemeralStorage <= has.EphemeralStorage-used.EphemeralStorage)
}

// shortages lists what the node has too little of: pods, cpu, memory,
// ephemeral storage, then the rest by name.
func (p *NodeResourcesFit) shortages(pod *framework.PodInfo, node *framework.NodeInfo) []shortage {
	var out []shortage
	if n := int64(len(node.Pods)); n+1 > node.Allocatable.Pods {
		out = append(out, shortage{v1.ResourcePods, 1, n, node.Allocatable.Pods})
	}
	names := []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage}
	scalar := len(names)
	for name := range pod.Request.Scalar {
		if !p.ignores(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names[scalar:])
	for _, name := range names {
		s := shortage{name, pod.Request.Get(name), node.Requested.Get(name), node.Allocatable.Get(name)}
		if s.want > 0 && s.want > s.capacity-s.used {
			out = append(out, s)
		}
	}
	return out
}

func (p *NodeResourcesFit) ignores(name v1.ResourceName) bool {
	group, _, _ := strings.Cut(string(name), "/")
	return slices.Contains(p.IgnoredResources, string(name)) || slices.Contains(p.IgnoredGroups, group)
}

// Explain implements framework.Explainer.
func (p *NodeResourcesFit) Explain(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	var cause framework.Cause
	var parts []string
	for _, s := range p.shortages(pod, node) {
		if s.name == v1.ResourcePods {
			parts = append(parts, fmt.Sprintf("holds %d of %d pods", s.used, s.capacity))
			cause.Trait = "has no room for another pod"
			continue
		}
		free := max(s.capacity-s.used, 0)
		parts = append(parts, fmt.Sprintf("needs %s %s, %s of %s free",
			framework.Amount(s.name, s.want), s.name, framework.Amount(s.name, free), framework.Amount(s.name, s.capacity)))
		cause.Short = append(cause.Short, framework.Shortage{Resource: s.name, Need: s.want, Free: free, Capacity: s.capacity})
	}
	cause.Detail = strings.Join(parts, "; ")
	return cause
}

// PreScore implements framework.PreScorePlugin.
func (*NodeResourcesFit) PreScore(c *framework.CycleState, pod *framework.PodInfo, _ []*framework.NodeInfo) *framework.Status {
	c.Write(fitScore, &scoreRequest{nonZero: framework.ScoreRequest(pod.Pod), real: pod.Request})
	return nil
}

// Score rates the node with the pod on it. Containers that name no cpu or
// memory count as 100m and 200Mi.
func (p *NodeResourcesFit) Score(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) int64 {
	req := framework.State[*scoreRequest](c, fitScore)
	return p.Strategy.score(func(name v1.ResourceName) (requested, capacity int64) {
		capacity = node.Allocatable.Get(name)
		if name == v1.ResourceCPU || name == v1.ResourceMemory {
			return node.NonZeroRequested.Get(name) + req.nonZero.Get(name), capacity
		}
		if req.real.Get(name) == 0 {
			return 0, 0 // a resource that the pod does not ask for is left out
		}
		return node.Requested.Get(name) + req.real.Get(name), capacity
	})
}

// Events implements framework.Requeuer.
func (*NodeResourcesFit) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeAllocatable, framework.PodRemoved,
		framework.PodScaledDown, framework.PodUpdated)
}

// Helps implements framework.Requeuer: room has been made, or a node has come
// or grown on which the pod would fit if it were empty.
func (p *NodeResourcesFit) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	if e.Node == nil {
		return true
	}
	if !p.fits(pod, framework.NewNodeInfo(e.Node)) {
		return false
	}
	return e.OldNode == nil || p.grew(pod, e.OldNode, e.Node)
}

// grew reports whether a node offers more of something that the pod requests.
func (p *NodeResourcesFit) grew(pod *framework.PodInfo, old, now *v1.Node) bool {
	before, after := framework.NewResource(old.Status.Allocatable), framework.NewResource(now.Status.Allocatable)
	if after.Pods > before.Pods {
		return true
	}
	names := []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage}
	for name := range pod.Request.Scalar {
		names = append(names, name)
	}
	return slices.ContainsFunc(names, func(name v1.ResourceName) bool {
		return pod.Request.Get(name) > 0 && after.Get(name) > before.Get(name)
	})
}
