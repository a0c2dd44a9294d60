package plugins

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/scheduler/framework"
)

// InterPodAffinity keeps the required affinity and anti-affinity between pods,
// the incoming pod's as well as the bound pods' anti-affinity, and prefers
// nodes by the weighted terms on both sides.
type InterPodAffinity struct {
	// HardPodAffinityWeight is what a bound pod's required affinity term that
	// matches the incoming pod adds to the score, 0–100; 1 by default.
	HardPodAffinityWeight int64
	// IgnorePreferredTermsOfExistingPods leaves bound pods' preferred terms out
	// when the incoming pod has none.
	IgnorePreferredTermsOfExistingPods bool
}

var (
	_ framework.PodTracker     = InterPodAffinity{}
	_ framework.FilterPlugin   = InterPodAffinity{}
	_ framework.PreScorePlugin = InterPodAffinity{}
	_ framework.Normalizer     = InterPodAffinity{}
	_ framework.Toucher        = InterPodAffinity{}
)

var (
	affinityUnmet = reject("InterPodAffinity", framework.UnschedulableAndUnresolvable, "node(s) didn't match pod affinity rules")
	antiUnmet     = reject("InterPodAffinity", framework.Unschedulable, "node(s) didn't match pod anti-affinity rules")
	existingUnmet = reject("InterPodAffinity", framework.Unschedulable, "node(s) didn't satisfy existing pods anti-affinity rules")
)

const interPodFilter framework.StateKey = "InterPodAffinity/filter"

// interPodState counts bound pods by topology domain.
type interPodState struct {
	// affinity and anti are the incoming pod's required terms.
	affinity, anti []framework.AffinityTerm
	// namespace holds the labels of the incoming pod's namespace.
	namespace labels.Set
	// matchesAll counts pods that match all affinity terms, matchesAnti those
	// that match an anti-affinity term, and repelling those whose own
	// anti-affinity matches the incoming pod.
	matchesAll, matchesAnti, repelling tally
}

// Clone implements framework.StateData.
func (s *interPodState) Clone() framework.StateData {
	c := *s
	c.matchesAll, c.matchesAnti, c.repelling = s.matchesAll.clone(), s.matchesAnti.clone(), s.repelling.clone()
	return &c
}

// Name implements framework.Plugin.
func (InterPodAffinity) Name() string { return "InterPodAffinity" }

// PreFilter counts the bound pods that matter, unless c already has the counts.
func (p InterPodAffinity) PreFilter(c *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	s := framework.State[*interPodState](c, interPodFilter)
	if s == nil {
		s = newInterPodState(c.View, pod)
		c.Write(interPodFilter, s)
	}
	if len(s.affinity)+len(s.anti) == 0 && s.repelling.entries == 0 {
		return nil, framework.NewStatus(framework.Skip)
	}
	return nil, nil
}

func newInterPodState(view *framework.Snapshot, pod *framework.PodInfo) *interPodState {
	s := &interPodState{
		affinity:  framework.ResolveAll(pod.RequiredAffinity, view),
		anti:      framework.ResolveAll(pod.RequiredAntiAffinity, view),
		namespace: view.NamespaceLabels(pod.Pod.Namespace),
	}
	if len(s.affinity)+len(s.anti) > 0 {
		for _, n := range view.Nodes() {
			for _, other := range n.Pods {
				s.countMatches(view, other, n, 1)
			}
		}
	}
	for _, n := range view.NodesWithAntiAffinity() {
		for _, other := range n.PodsWithAntiAffinity {
			s.countRepelling(view, pod, other, n, 1)
		}
	}
	s.matchesAll.settle()
	s.matchesAnti.settle()
	s.repelling.settle()
	return s
}

// DependsOn implements framework.Dependent. Answers about pods with terms of
// their own are kept; Touched tells which have changed. For other pods it is
// others' terms that count, if there are any.
func (InterPodAffinity) DependsOn(pod *framework.PodInfo) ([]framework.Epoch, bool) {
	if !pod.HasAffinity() {
		return nil, false
	}
	return []framework.Epoch{framework.EpochNodes, framework.EpochWorkloads}, true
}

// Touched implements framework.Toucher.
func (InterPodAffinity) Touched(c *framework.CycleState, mark func(node int)) {
	if s := framework.State[*interPodState](c, interPodFilter); s != nil {
		if s.matchesAll.all { // the first of a series may go anywhere
			for i := range c.View.Nodes() {
				mark(i)
			}
		}
		s.matchesAll.drain(mark)
		s.matchesAnti.drain(mark)
		s.repelling.drain(mark)
	}
	if s := framework.State[*interPodScore](c, interPodScoreKey); s != nil {
		s.weights.drain(mark)
	}
}

func (s *interPodState) countMatches(view *framework.Snapshot, other *framework.PodInfo, node *framework.NodeInfo, delta int64) {
	if matchesAllTerms(s.affinity, other) {
		for i := range s.affinity {
			s.matchesAll.add(view, s.affinity[i].TopologyKey, node, delta, delta)
		}
	}
	for i := range s.anti {
		if s.anti[i].Matches(other.Pod, nil) {
			s.matchesAnti.add(view, s.anti[i].TopologyKey, node, delta, delta)
		}
	}
}

func (s *interPodState) countRepelling(view *framework.Snapshot, pod, other *framework.PodInfo, node *framework.NodeInfo, delta int64) {
	for i := range other.RequiredAntiAffinity {
		if term := &other.RequiredAntiAffinity[i]; term.Matches(pod.Pod, s.namespace) {
			s.repelling.add(view, term.TopologyKey, node, delta, delta)
		}
	}
}

// matchesAllTerms reports whether a pod matches every one of some resolved
// terms; without terms none does.
func matchesAllTerms(terms []framework.AffinityTerm, pod *framework.PodInfo) bool {
	for i := range terms {
		if !terms[i].Matches(pod.Pod, nil) {
			return false
		}
	}
	return len(terms) > 0
}

// TrackPod implements framework.PodTracker.
func (p InterPodAffinity) TrackPod(c *framework.CycleState, pod, other *framework.PodInfo, node *framework.NodeInfo, delta int64) {
	if s := framework.State[*interPodState](c, interPodFilter); s != nil {
		s.countMatches(c.View, other, node, delta)
		s.countRepelling(c.View, pod, other, node, delta)
	}
	if s := framework.State[*interPodScore](c, interPodScoreKey); s != nil {
		p.weigh(s, c.View, pod, other, node, delta)
	}
}

// Filter implements framework.FilterPlugin.
func (InterPodAffinity) Filter(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	s := framework.State[*interPodState](c, interPodFilter)
	if s == nil {
		return nil
	}
	if !s.affinityMet(c.View, pod, node) {
		return affinityUnmet
	}
	for i := range s.anti {
		if count, _ := s.matchesAnti.at(c.View, s.anti[i].TopologyKey, node); count > 0 {
			return antiUnmet
		}
	}
	if _, repelled := s.repelling.positive(node); repelled {
		return existingUnmet
	}
	return nil
}

// affinityMet reports whether each required affinity term finds a pod in the
// node's domain. The first pod of a series that matches its own terms may go to
// any node that has all the keys.
func (s *interPodState) affinityMet(view *framework.Snapshot, pod *framework.PodInfo, node *framework.NodeInfo) bool {
	found := true
	for i := range s.affinity {
		count, ok := s.matchesAll.at(view, s.affinity[i].TopologyKey, node)
		if !ok {
			return false
		}
		found = found && count > 0
	}
	return found || s.matchesAll.entries == 0 && matchesAllTerms(s.affinity, pod)
}

// Explain implements framework.Explainer.
func (InterPodAffinity) Explain(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	s := framework.State[*interPodState](c, interPodFilter)
	if !s.affinityMet(c.View, pod, node) {
		for i := range s.affinity {
			key := s.affinity[i].TopologyKey
			if count, ok := s.matchesAll.at(c.View, key, node); !ok {
				return lacksLabel(key)
			} else if count == 0 {
				return framework.Cause{
					Detail: fmt.Sprintf("no pod that the pod's affinity wants runs where %s", labelText(node.Node, key)),
					Trait:  "lacks a pod that its affinity wants" + within(key),
				}
			}
		}
	}
	for i := range s.anti {
		if count, _ := s.matchesAnti.at(c.View, s.anti[i].TopologyKey, node); count > 0 {
			key := s.anti[i].TopologyKey
			return framework.Cause{
				Detail: fmt.Sprintf("%d pod(s) that the pod keeps away from run where %s", count, labelText(node.Node, key)),
				Trait:  "has pods that it keeps away from" + within(key),
			}
		}
	}
	key, _ := s.repelling.positive(node)
	return framework.Cause{
		Detail: fmt.Sprintf("a pod that runs where %s keeps pods like this one away", labelText(node.Node, key)),
		Trait:  "has pods that keep it away" + within(key),
	}
}
