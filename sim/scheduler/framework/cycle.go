package framework

import (
	"fmt"
	"slices"
	"strings"
)

// Evaluation is what one pod's cycle found out about all nodes.
type Evaluation struct {
	// Profile is the set of plugins that was asked.
	Profile *Profile
	// State is the cycle's memory; State.View is the cluster.
	State *CycleState
	// Pod is the pod in question.
	Pod *PodInfo
	// PreFilter is the rejection that ended the cycle before any node was
	// looked at; nil normally.
	PreFilter *Status
	// SkippedFilters and SkippedScores name the plugins that had nothing to say.
	SkippedFilters map[string]bool
	SkippedScores  map[string]bool
	// Verdicts holds, for each of Nodes, nil if the pod fits, else the first
	// rejection.
	Verdicts []*Status
	// Feasible lists the nodes on which the pod fits.
	Feasible []*NodeInfo
	// Columns holds the scores of the feasible nodes, a column per plugin.
	Columns []ScoreColumn
	// Totals holds the weighted sums, in Feasible's order.
	Totals []int64
	// highest caches top's answer.
	highest struct {
		known bool
		total int64
		nodes int
	}
	// tally caches Tally's answer.
	tally map[*Status]int
	// filters and trackers are the profile's that were not skipped.
	filters  []FilterPlugin
	trackers []PodTracker
	// trials are what is kept of Try; nil for nothing.
	trials []trial
	// Draw picks a number from 0 to n−1 for a purpose; nil always picks 0.
	Draw func(purpose string, n int) int
}

// ScoreColumn is one plugin's scores of the feasible nodes.
type ScoreColumn struct {
	Plugin string
	Weight int64
	// Raw is as the plugin gave it; Normalized is 0 to MaxNodeScore.
	Raw, Normalized []int64
}

// Evaluate runs the pod through PreFilter, Filter, PreScore and Score on every
// node of the view, without any sampling and without any cache. Scores are
// computed even when only one node is feasible; kube-scheduler skips them then.
func (p *Profile) Evaluate(view *Snapshot, pod *PodInfo) *Evaluation {
	e := &Evaluation{
		Profile: p, State: NewCycleState(view), Pod: pod,
		SkippedFilters: make(map[string]bool), SkippedScores: make(map[string]bool),
	}
	only := e.preFilter()
	e.filter(only)
	if len(e.Feasible) > 0 {
		e.score()
	}
	return e
}

// NodeLimit is the outcome of PreFilter: which nodes are worth looking at.
type NodeLimit struct {
	// Names are the nodes' names; nil means all.
	Names map[string]bool
	// Verdict is what every other node gets.
	Verdict *Status
}

// RunPreFilters runs the PreFilter plugins on c. It returns the nodes worth
// looking at, the plugins that asked to be skipped, and a rejection if the pod
// cannot be scheduled at all.
func (p *Profile) RunPreFilters(c *CycleState, pod *PodInfo) (NodeLimit, map[string]bool, *Status) {
	var limit NodeLimit
	var limiting []string
	var rejected *Status
	skipped := make(map[string]bool)
	for _, plugin := range p.PreFilters {
		names, status := plugin.PreFilter(c, pod)
		if status.Skipped() {
			skipped[plugin.Name()] = true
			continue
		}
		if !status.OK() {
			status = status.by(plugin.Name())
			if status.Code != Unschedulable {
				return limit, skipped, status
			}
			rejected = status // another plugin may still say that it is unresolvable
			continue
		}
		if names == nil {
			continue
		}
		limiting = append(limiting, plugin.Name())
		limit.Names = intersect(limit.Names, names)
		if len(limit.Names) == 0 {
			return limit, skipped, noNodeLeft(limiting)
		}
	}
	if limit.Names != nil {
		slices.Sort(limiting)
		limit.Verdict = NewStatus(UnschedulableAndUnresolvable,
			fmt.Sprintf("node(s) didn't satisfy plugin(s) [%s]", strings.Join(limiting, " "))).by(limiting[0])
	}
	return limit, skipped, rejected
}

func noNodeLeft(limiting []string) *Status {
	text := fmt.Sprintf("node(s) didn't satisfy plugin %s", limiting[0])
	if len(limiting) > 1 {
		slices.Sort(limiting)
		text = fmt.Sprintf("node(s) didn't satisfy plugin(s) [%s] simultaneously", strings.Join(limiting, " "))
	}
	return NewStatus(UnschedulableAndUnresolvable, text).by(limiting[0])
}

func intersect(a, b map[string]bool) map[string]bool {
	if a == nil {
		return b
	}
	both := make(map[string]bool)
	for name := range a {
		if b[name] {
			both[name] = true
		}
	}
	return both
}

func (e *Evaluation) preFilter() NodeLimit {
	limit, skipped, rejected := e.Profile.RunPreFilters(e.State, e.Pod)
	e.SkippedFilters, e.PreFilter = skipped, rejected
	e.filters = make([]FilterPlugin, 0, len(e.Profile.Filters))
	for _, plugin := range e.Profile.Filters {
		if !skipped[plugin.Name()] {
			e.filters = append(e.filters, plugin)
		}
	}
	for _, plugin := range e.Profile.PreFilters {
		if t, ok := plugin.(PodTracker); ok && !skipped[plugin.Name()] {
			e.trackers = append(e.trackers, t)
		}
	}
	return limit
}

func (e *Evaluation) filter(limit NodeLimit) {
	nodes := e.State.View.Nodes()
	e.Verdicts = make([]*Status, len(nodes))
	for i, n := range nodes {
		switch {
		case e.PreFilter != nil:
			e.Verdicts[i] = e.PreFilter
		case limit.Names != nil && !limit.Names[n.Name]:
			e.Verdicts[i] = limit.Verdict
		default:
			e.Verdicts[i] = e.RunFiltersWithNominated(e.State, n)
		}
		if e.Verdicts[i] == nil {
			e.Feasible = append(e.Feasible, n)
		}
	}
}

// RunFilters returns the first rejection of the pod on a node, or nil.
func (e *Evaluation) RunFilters(c *CycleState, n *NodeInfo) *Status {
	return e.run(e.filters, c, n)
}

func (e *Evaluation) run(filters []FilterPlugin, c *CycleState, n *NodeInfo) *Status {
	for _, plugin := range filters {
		if status := plugin.Filter(c, e.Pod, n); !status.OK() {
			return status.by(plugin.Name())
		}
	}
	return nil
}

// RunFiltersWithNominated is RunFilters, with the pods of equal or higher
// priority that are nominated to the node counted as if they were there. The
// pod must then fit without them too, since they may never come and it may
// depend on them.
func (e *Evaluation) RunFiltersWithNominated(c *CycleState, n *NodeInfo) *Status {
	with, state := e.addNominated(c, n)
	if with != nil {
		if status := e.RunFilters(state, with); status != nil {
			return status
		}
	}
	return e.RunFilters(c, n)
}

func (e *Evaluation) addNominated(c *CycleState, n *NodeInfo) (*NodeInfo, *CycleState) {
	var with *NodeInfo
	var state *CycleState
	for _, p := range c.View.Nominated(n.Name) {
		if p.Priority < e.Pod.Priority || p.Key == e.Pod.Key {
			continue
		}
		if with == nil {
			with, state = n.Clone(), c.Clone()
		}
		with.AddPod(p)
		e.track(state, p, with, 1)
	}
	return with, state
}

// track tells every plugin that follows pods of one that came or went.
func (e *Evaluation) track(c *CycleState, other *PodInfo, n *NodeInfo, delta int64) {
	for _, t := range e.trackers {
		t.TrackPod(c, e.Pod, other, n, delta)
	}
}

// Add puts a pod on a trial node and lets the plugins' state follow.
func (e *Evaluation) Add(c *CycleState, n *NodeInfo, p *PodInfo) {
	n.AddPod(p)
	e.track(c, p, n, 1)
}

// Remove takes a pod off a trial node and lets the plugins' state follow.
func (e *Evaluation) Remove(c *CycleState, n *NodeInfo, p *PodInfo) {
	n.RemovePod(p)
	e.track(c, p, n, -1)
}
