package plugins

import (
	"math"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"minisim/sim/scheduler/framework"
)

const spreadScoreKey framework.StateKey = "PodTopologySpread/score"

// spreadScore counts matching pods per soft constraint.
type spreadScore struct {
	constraints []spreadConstraint
	topologies  []*framework.Topology
	// counts holds pods by domain, for each constraint; by node for hostname.
	counts    [][]int64
	inclusion inclusion
	// needAll says that nodes without all keys are left out.
	needAll bool
	// ignored marks, by node index, the nodes that are left out; nil for none.
	ignored []bool
	// weights grow with the number of domains among the feasible nodes.
	weights []float64
}

// Clone implements framework.StateData.
func (s *spreadScore) Clone() framework.StateData {
	c := *s
	c.counts = slices.Clone(s.counts)
	for i := range c.counts {
		c.counts[i] = slices.Clone(c.counts[i])
	}
	return &c
}

// PreScore counts pods by domain, unless c already has the counts, and weighs
// each constraint by its number of domains among the feasible nodes.
func (p PodTopologySpread) PreScore(c *framework.CycleState, pod *framework.PodInfo, feasible []*framework.NodeInfo) *framework.Status {
	s := framework.State[*spreadScore](c, spreadScoreKey)
	if s == nil {
		s = p.newScoreState(c.View, pod)
		c.Write(spreadScoreKey, s)
	}
	if len(s.constraints) == 0 {
		return framework.NewStatus(framework.Skip)
	}
	s.weigh(feasible)
	return nil
}

func (p PodTopologySpread) newScoreState(view *framework.Snapshot, pod *framework.PodInfo) *spreadScore {
	s := &spreadScore{
		constraints: p.constraints(view, pod.Pod, v1.ScheduleAnyway),
		inclusion:   inclusion{pod: pod.Pod, required: nodeaffinity.GetRequiredNodeAffinity(pod.Pod)},
		needAll:     len(pod.Pod.Spec.TopologySpreadConstraints) > 0 || !p.SystemDefaulted,
	}
	for i := range s.constraints {
		constraint := &s.constraints[i]
		topology := view.Topology(constraint.key)
		s.topologies = append(s.topologies, topology)
		if constraint.key == v1.LabelHostname {
			counts := make([]int64, len(view.Nodes()))
			for j, n := range view.Nodes() {
				counts[j] = constraint.countOn(n, pod.Pod.Namespace)
			}
			s.counts = append(s.counts, counts)
			continue
		}
		counts := make([]int64, topology.Domains)
		for _, n := range view.Nodes() {
			if domain := topology.Of(n); domain >= 0 && s.included(i, n) {
				counts[domain] += constraint.countOn(n, pod.Pod.Namespace)
			}
		}
		s.counts = append(s.counts, counts)
	}
	if s.needAll {
		s.ignore(view.Nodes())
	}
	return s
}

// ignore finds the nodes that lack a key.
func (s *spreadScore) ignore(nodes []*framework.NodeInfo) {
	for i, n := range nodes {
		if !s.lacksKey(n) {
			continue
		}
		if s.ignored == nil {
			s.ignored = make([]bool, len(nodes))
		}
		s.ignored[i] = true
	}
}

func (s *spreadScore) ignores(n *framework.NodeInfo) bool {
	return s.ignored != nil && s.ignored[n.Index()]
}

// included reports whether a node's pods count for a constraint.
func (s *spreadScore) included(i int, n *framework.NodeInfo) bool {
	return (!s.needAll || hasAllKeys(n.Node, s.constraints)) && s.inclusion.counts(&s.constraints[i], n.Node)
}

func (s *spreadScore) track(other *framework.PodInfo, node *framework.NodeInfo, delta int64) {
	for i := range s.constraints {
		if !s.constraints[i].matches(other) {
			continue
		}
		if s.constraints[i].key == v1.LabelHostname {
			s.counts[i][node.Index()] += delta
		} else if domain := s.topologies[i].Of(node); domain >= 0 && s.included(i, node) {
			s.counts[i][domain] += delta
		}
	}
}

// weigh finds each constraint's weight, ln of the number of its domains + 2. A
// node without the key counts as a domain of its own kind unless it is ignored.
func (s *spreadScore) weigh(feasible []*framework.NodeInfo) {
	s.weights = make([]float64, len(s.constraints))
	for i := range s.constraints {
		size := 0
		if s.constraints[i].key != v1.LabelHostname {
			size = s.domainsAmong(i, feasible)
		} else {
			for _, n := range feasible {
				if !s.ignores(n) {
					size++
				}
			}
		}
		s.weights[i] = math.Log(float64(size + 2))
	}
}

func (s *spreadScore) lacksKey(n *framework.NodeInfo) bool {
	for _, t := range s.topologies {
		if t.Of(n) < 0 {
			return true
		}
	}
	return false
}

func (s *spreadScore) domainsAmong(i int, feasible []*framework.NodeInfo) int {
	seen := make([]bool, s.topologies[i].Domains+1) // the last one is "no key"
	size := 0
	for _, n := range feasible {
		if size == len(seen) || size == s.topologies[i].Domains && s.needAll {
			break // there are no more
		}
		if s.ignores(n) {
			continue
		}
		domain := s.topologies[i].Of(n)
		if domain < 0 {
			domain = s.topologies[i].Domains
		}
		if !seen[domain] {
			seen[domain] = true
			size++
		}
	}
	return size
}

// Score is the weighted sum of the counts in the node's domains: less is better.
func (PodTopologySpread) Score(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) int64 {
	s := framework.State[*spreadScore](c, spreadScoreKey)
	if s == nil || s.ignores(node) {
		return 0
	}
	var score float64
	for i := range s.constraints {
		domain := s.topologies[i].Of(node)
		if domain < 0 {
			continue
		}
		if s.constraints[i].key == v1.LabelHostname {
			domain = node.Index()
		}
		score += s.part(i, domain)
	}
	return int64(math.Round(score))
}

// part is what a constraint adds to the score of the nodes in one of its domains.
func (s *spreadScore) part(i, domain int) float64 {
	return float64(float64(s.counts[i][domain])*s.weights[i]) + float64(s.constraints[i].maxSkew-1)
}

// ScoreAll implements framework.BatchScorer: where domains are all that counts,
// each is worked out once for all of its nodes.
func (p PodTopologySpread) ScoreAll(c *framework.CycleState, pod *framework.PodInfo, nodes []*framework.NodeInfo, scores []int64) {
	s := framework.State[*spreadScore](c, spreadScoreKey)
	if len(s.constraints) != 1 || s.constraints[0].key == v1.LabelHostname {
		for i, n := range nodes {
			scores[i] = p.Score(c, pod, n)
		}
		return
	}
	byDomain := make([]int64, len(s.counts[0]))
	for domain := range byDomain {
		byDomain[domain] = int64(math.Round(s.part(0, domain)))
	}
	for i, n := range nodes {
		scores[i] = 0
		if domain := s.topologies[0].Of(n); domain >= 0 {
			scores[i] = byDomain[domain]
		}
	}
}

// Normalize turns the lowest score into the highest; ignored nodes get 0.
func (PodTopologySpread) Normalize(c *framework.CycleState, _ *framework.PodInfo, feasible []*framework.NodeInfo, scores []int64) {
	s := framework.State[*spreadScore](c, spreadScoreKey)
	low, high := int64(math.MaxInt64), int64(0)
	for i, n := range feasible {
		if !s.ignores(n) {
			low, high = min(low, scores[i]), max(high, scores[i])
		}
	}
	for i, n := range feasible {
		switch {
		case s.ignores(n):
			scores[i] = 0
		case high == 0:
			scores[i] = framework.MaxNodeScore
		default:
			scores[i] = framework.MaxNodeScore * (high + low - scores[i]) / high
		}
	}
}
