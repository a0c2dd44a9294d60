package plugins

import (
	"fmt"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"minisim/sim/scheduler/framework"
)

// PodTopologySpread keeps pods of a kind spread over domains: constraints with
// DoNotSchedule reject nodes, those with ScheduleAnyway rate them.
type PodTopologySpread struct {
	// Defaults apply to pods that have no constraints of their own; their
	// selector is made from the pod's services and owner.
	Defaults []v1.TopologySpreadConstraint
	// SystemDefaulted says that Defaults are Kubernetes' own. Nodes that lack
	// some key then still take part.
	SystemDefaulted bool
}

var (
	_ framework.PodTracker     = PodTopologySpread{}
	_ framework.FilterPlugin   = PodTopologySpread{}
	_ framework.PreScorePlugin = PodTopologySpread{}
	_ framework.Normalizer     = PodTopologySpread{}
)

var (
	spreadUnmet = reject("PodTopologySpread", framework.Unschedulable, "node(s) didn't match pod topology spread constraints")
	spreadNoKey = reject("PodTopologySpread", framework.UnschedulableAndUnresolvable,
		"node(s) didn't match pod topology spread constraints (missing required label)")
)

const spreadFilterKey framework.StateKey = "PodTopologySpread/filter"

// spreadFilter counts matching pods per hard constraint.
type spreadFilter struct {
	constraints []spreadConstraint
	counts      []*domainCounts
	// self is 1 where the incoming pod itself matches the constraint.
	self      []int64
	inclusion inclusion
}

// Clone implements framework.StateData.
func (s *spreadFilter) Clone() framework.StateData {
	c := *s
	c.counts = make([]*domainCounts, len(s.counts))
	for i := range s.counts {
		c.counts[i] = s.counts[i].clone()
	}
	return &c
}

// Name implements framework.Plugin.
func (PodTopologySpread) Name() string { return "PodTopologySpread" }

// PreFilter counts the pods in each domain, unless c already has the counts.
func (p PodTopologySpread) PreFilter(c *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	s := framework.State[*spreadFilter](c, spreadFilterKey)
	if s == nil {
		s = p.newFilterState(c.View, pod)
		c.Write(spreadFilterKey, s)
	}
	if len(s.constraints) == 0 {
		return nil, framework.NewStatus(framework.Skip)
	}
	return nil, nil
}

func (p PodTopologySpread) newFilterState(view *framework.Snapshot, pod *framework.PodInfo) *spreadFilter {
	s := &spreadFilter{
		constraints: p.constraints(view, pod.Pod, v1.DoNotSchedule),
		inclusion:   inclusion{pod: pod.Pod, required: nodeaffinity.GetRequiredNodeAffinity(pod.Pod)},
	}
	if len(s.constraints) == 0 {
		return s
	}
	for i := range s.constraints {
		s.counts = append(s.counts, newDomainCounts(view.Topology(s.constraints[i].key)))
		var self int64
		if s.constraints[i].selector.Matches(labelsOf(pod)) {
			self = 1
		}
		s.self = append(s.self, self)
	}
	for _, n := range view.Nodes() {
		if !hasAllKeys(n.Node, s.constraints) {
			continue
		}
		for i := range s.constraints {
			if !s.inclusion.counts(&s.constraints[i], n.Node) {
				continue
			}
			domain := s.counts[i].topology.Of(n)
			s.counts[i].include(domain)
			s.counts[i].add(domain, s.constraints[i].countOn(n, pod.Pod.Namespace))
		}
	}
	return s
}

// TrackPod implements framework.PodTracker. In a trial, kube-scheduler counts
// pods that are terminating, too, and those that an empty selector matches,
// although its first count leaves both out.
func (p PodTopologySpread) TrackPod(c *framework.CycleState, pod, other *framework.PodInfo, node *framework.NodeInfo, delta int64) {
	if other.Pod.Namespace != pod.Pod.Namespace {
		return
	}
	if c.Trial {
		if s := framework.State[*spreadFilter](c, spreadFilterKey); s != nil {
			s.track(other, node, delta, true)
		}
		return
	}
	if other.Terminating() {
		return
	}
	if s := framework.State[*spreadFilter](c, spreadFilterKey); s != nil {
		s.track(other, node, delta, false)
	}
	if s := framework.State[*spreadScore](c, spreadScoreKey); s != nil {
		s.track(other, node, delta)
	}
}

func (s *spreadFilter) track(other *framework.PodInfo, node *framework.NodeInfo, delta int64, trial bool) {
	if !hasAllKeys(node.Node, s.constraints) {
		return
	}
	for i := range s.constraints {
		constraint := &s.constraints[i]
		matches := constraint.matches(other) || trial && constraint.selector.Empty()
		if matches && s.inclusion.counts(constraint, node.Node) {
			s.counts[i].add(s.counts[i].topology.Of(node), delta)
		}
	}
}

// FilterDependsOn implements framework.FilterDependent: without a hard
// constraint there is nothing to ask.
func (p PodTopologySpread) FilterDependsOn(pod *framework.PodInfo) ([]framework.Epoch, bool) {
	constraints := pod.Pod.Spec.TopologySpreadConstraints
	if len(constraints) == 0 {
		constraints = p.Defaults
	}
	hard := slices.ContainsFunc(constraints, func(c v1.TopologySpreadConstraint) bool { return c.WhenUnsatisfiable == v1.DoNotSchedule })
	return nil, !hard
}

// Filter implements framework.FilterPlugin.
func (PodTopologySpread) Filter(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	s := framework.State[*spreadFilter](c, spreadFilterKey)
	if s == nil {
		return nil
	}
	for i := range s.constraints {
		domain := s.counts[i].topology.Of(node)
		if domain < 0 {
			return spreadNoKey
		}
		if s.skew(i, domain) > s.constraints[i].maxSkew {
			return spreadUnmet
		}
	}
	return nil
}

// skew is how far a domain would be above the lowest one with the pod in it.
func (s *spreadFilter) skew(i, domain int) int64 {
	counts := s.counts[i]
	low := counts.low
	if int64(counts.domains) < s.constraints[i].minDomains {
		low = 0
	}
	return counts.counts[domain] + s.self[i] - low
}

// Explain implements framework.Explainer.
func (PodTopologySpread) Explain(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	s := framework.State[*spreadFilter](c, spreadFilterKey)
	for i := range s.constraints {
		constraint := &s.constraints[i]
		domain := s.counts[i].topology.Of(node)
		if domain < 0 {
			return lacksLabel(constraint.key)
		}
		if skew := s.skew(i, domain); skew > constraint.maxSkew {
			return framework.Cause{
				Detail: fmt.Sprintf("skew %d over %s would exceed maxSkew %d: %d matching pod(s) where %s",
					skew, constraint.key, constraint.maxSkew, s.counts[i].counts[domain], labelText(node.Node, constraint.key)),
				Trait: fmt.Sprintf("has too many of its kind%s already (maxSkew %d)", within(constraint.key), constraint.maxSkew),
			}
		}
	}
	return framework.Cause{}
}
