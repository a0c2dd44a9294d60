package plugins

import (
	"fmt"
	"math"
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
	_ framework.Toucher        = PodTopologySpread{}
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
	// answers are what was last told of each constraint's domains.
	answers []domainAnswers
}

// domainAnswers are one constraint's verdicts by domain, and what they rest on.
type domainAnswers struct {
	unmet   []bool
	low     int64 // the count that skew is measured from
	touched []int // domains whose count has changed since
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
	s.answers = make([]domainAnswers, len(s.constraints))
	for i := range s.answers {
		s.answers[i] = domainAnswers{unmet: make([]bool, s.counts[i].topology.Domains), low: math.MinInt64}
		s.answer(i, func(int) {})
	}
	return s
}

// answer brings a constraint's verdicts up to date and calls changed for each
// domain that has another one now. A new lowest count can change all of them,
// another count only its own.
func (s *spreadFilter) answer(i int, changed func(domain int)) {
	a := &s.answers[i]
	check := func(domain int) {
		if unmet := s.skew(i, domain) > s.constraints[i].maxSkew; unmet != a.unmet[domain] {
			a.unmet[domain] = unmet
			changed(domain)
		}
	}
	if low := s.low(i); low != a.low {
		a.low = low
		for domain := range a.unmet {
			check(domain)
		}
	} else {
		for _, domain := range a.touched {
			check(domain)
		}
	}
	a.touched = a.touched[:0]
}

// Touched implements framework.Toucher.
func (PodTopologySpread) Touched(c *framework.CycleState, mark func(node int)) {
	s := framework.State[*spreadFilter](c, spreadFilterKey)
	if s == nil {
		return
	}
	for i := range s.answers {
		s.answer(i, func(domain int) {
			for _, node := range s.counts[i].topology.Members(domain) {
				mark(node)
			}
		})
	}
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
			domain := s.counts[i].topology.Of(node)
			s.counts[i].add(domain, delta)
			if !trial {
				s.answers[i].touched = append(s.answers[i].touched, domain)
			}
		}
	}
}

// FilterDependsOn implements framework.FilterDependent: without a hard
// constraint there is nothing to ask, and else Touched tells what has changed.
func (p PodTopologySpread) FilterDependsOn(pod *framework.PodInfo) ([]framework.Epoch, bool) {
	constraints := pod.Pod.Spec.TopologySpreadConstraints
	if len(constraints) == 0 {
		constraints = p.Defaults
	}
	if !slices.ContainsFunc(constraints, func(c v1.TopologySpreadConstraint) bool { return c.WhenUnsatisfiable == v1.DoNotSchedule }) {
		return nil, true
	}
	return []framework.Epoch{framework.EpochNodes, framework.EpochWorkloads}, true
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
	return s.counts[i].counts[domain] + s.self[i] - s.low(i)
}

// low is the lowest count of a domain; 0 where there are fewer domains than wanted.
func (s *spreadFilter) low(i int) int64 {
	if int64(s.counts[i].domains) < s.constraints[i].minDomains {
		return 0
	}
	return s.counts[i].low
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
