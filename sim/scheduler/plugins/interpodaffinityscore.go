package plugins

import (
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/scheduler/framework"
)

const interPodScoreKey framework.StateKey = "InterPodAffinity/score"

// interPodScore sums weights by topology domain.
type interPodScore struct {
	affinity, anti []framework.AffinityTerm
	namespace      labels.Set
	weights        tally
}

// Clone implements framework.StateData.
func (s *interPodScore) Clone() framework.StateData {
	c := *s
	c.weights = s.weights.clone()
	return &c
}

// PreScore sums the weights of all terms that tie the incoming pod to bound
// ones, unless c already has the sums.
func (p InterPodAffinity) PreScore(c *framework.CycleState, pod *framework.PodInfo, _ []*framework.NodeInfo) *framework.Status {
	own := len(pod.PreferredAffinity)+len(pod.PreferredAntiAffinity) > 0
	if !own && p.IgnorePreferredTermsOfExistingPods {
		return framework.NewStatus(framework.Skip)
	}
	s := framework.State[*interPodScore](c, interPodScoreKey)
	if s == nil {
		s = &interPodScore{
			affinity:  framework.ResolveAll(pod.PreferredAffinity, c.View),
			anti:      framework.ResolveAll(pod.PreferredAntiAffinity, c.View),
			namespace: c.View.NamespaceLabels(pod.Pod.Namespace),
		}
		p.weighAll(s, c.View, pod, own)
		s.weights.settle()
		c.Write(interPodScoreKey, s)
	}
	if s.weights.entries == 0 {
		return framework.NewStatus(framework.Skip)
	}
	return nil
}

func (p InterPodAffinity) weighAll(s *interPodScore, view *framework.Snapshot, pod *framework.PodInfo, own bool) {
	if own {
		for _, n := range view.Nodes() {
			for _, other := range n.Pods {
				p.weigh(s, view, pod, other, n, 1)
			}
		}
		return
	}
	for _, n := range view.NodesWithAffinity() {
		for _, other := range n.PodsWithAffinity {
			p.weigh(s, view, pod, other, n, 1)
		}
	}
}

// weigh adds (delta 1) or takes away (−1) what one bound pod contributes.
func (p InterPodAffinity) weigh(s *interPodScore, view *framework.Snapshot, pod, other *framework.PodInfo, node *framework.NodeInfo, delta int64) {
	add := func(terms []framework.AffinityTerm, sign int64, hit func(*framework.AffinityTerm) bool) {
		for i := range terms {
			if hit(&terms[i]) {
				s.weights.add(view, terms[i].TopologyKey, node, sign*delta*terms[i].Weight, delta)
			}
		}
	}
	otherMatches := func(t *framework.AffinityTerm) bool { return t.Matches(other.Pod, nil) }
	podMatches := func(t *framework.AffinityTerm) bool { return t.Matches(pod.Pod, s.namespace) }
	add(s.affinity, 1, otherMatches)
	add(s.anti, -1, otherMatches)
	if p.HardPodAffinityWeight > 0 {
		for i := range other.RequiredAffinity {
			if t := &other.RequiredAffinity[i]; podMatches(t) {
				s.weights.add(view, t.TopologyKey, node, delta*p.HardPodAffinityWeight, delta)
			}
		}
	}
	add(other.PreferredAffinity, 1, podMatches)
	add(other.PreferredAntiAffinity, -1, podMatches)
}

// Score sums the weights of the node's domains.
func (InterPodAffinity) Score(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) int64 {
	if s := framework.State[*interPodScore](c, interPodScoreKey); s != nil {
		return s.weights.total(node)
	}
	return 0
}

// Normalize spreads the scores from 0 for the lowest to 100 for the highest;
// all get 0 when they are equal.
func (InterPodAffinity) Normalize(_ *framework.CycleState, _ *framework.PodInfo, _ []*framework.NodeInfo, scores []int64) {
	low, high := scores[0], scores[0]
	for _, s := range scores {
		low, high = min(low, s), max(high, s)
	}
	for i, s := range scores {
		scores[i] = 0
		if high > low {
			scores[i] = int64(float64(framework.MaxNodeScore) * (float64(s-low) / float64(high-low)))
		}
	}
}
