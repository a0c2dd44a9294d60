package plugins

import (
	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Custom is a rule that somebody has written for a lesson or an experiment: a
// filter, a score or both. It may look at anything of the pod and the node.
type Custom struct {
	// PluginName is what it is called in tables; it must differ from the others.
	PluginName string
	// Reject returns why a node does not do, "" if it does; nil passes all.
	Reject func(pod *framework.PodInfo, node *framework.NodeInfo) string
	// Rate returns a score, kept within 0 to 100; nil leaves the score out.
	Rate func(pod *framework.PodInfo, node *framework.NodeInfo) int64
	// NodeOnly says that Reject and Rate do not look at the pod, so that their
	// answers are kept until the node or its pods change. Without it they are
	// asked anew about every node in each cycle.
	NodeOnly bool
	// Final says that Reject does not look at the node's pods, so that removing
	// some of these could not help.
	Final bool
}

var (
	_ framework.PreFilterPlugin = (*Custom)(nil)
	_ framework.FilterPlugin    = (*Custom)(nil)
	_ framework.PreScorePlugin  = (*Custom)(nil)
	_ framework.ScorePlugin     = (*Custom)(nil)
)

// customAnswers are what a NodeOnly rule has said of nodes, by node index.
type customAnswers struct {
	rejections []kept[string]
	scores     []kept[int64]
}

// kept is an answer with what it was given about.
type kept[T any] struct {
	node       *v1.Node
	generation uint64
	answer     T
}

// Clone implements framework.StateData; trials do not look at the answers.
func (a *customAnswers) Clone() framework.StateData { return a }

// Name implements framework.Plugin.
func (c *Custom) Name() string { return c.PluginName }

func (c *Custom) key() framework.StateKey { return framework.StateKey("Custom/" + c.PluginName) }

// prepare makes room for the answers.
func (c *Custom) prepare(s *framework.CycleState) {
	if n := len(s.View.Nodes()); c.NodeOnly && s.Read(c.key()) == nil {
		s.Write(c.key(), &customAnswers{make([]kept[string], n), make([]kept[int64], n)})
	}
}

// PreFilter implements framework.PreFilterPlugin.
func (c *Custom) PreFilter(s *framework.CycleState, _ *framework.PodInfo) (map[string]bool, *framework.Status) {
	if c.Reject == nil {
		return nil, framework.NewStatus(framework.Skip)
	}
	c.prepare(s)
	return nil, nil
}

// Filter implements framework.FilterPlugin.
func (c *Custom) Filter(s *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	reason := ""
	if a := framework.State[*customAnswers](s, c.key()); a != nil && !s.Trial {
		reason = remember(a.rejections, node, func() string { return c.Reject(pod, node) })
	} else {
		reason = c.Reject(pod, node)
	}
	switch {
	case reason == "":
		return nil
	case c.Final:
		return reject(c.PluginName, framework.UnschedulableAndUnresolvable, reason)
	}
	return reject(c.PluginName, framework.Unschedulable, reason)
}

// PreScore implements framework.PreScorePlugin.
func (c *Custom) PreScore(s *framework.CycleState, _ *framework.PodInfo, _ []*framework.NodeInfo) *framework.Status {
	if c.Rate == nil {
		return framework.NewStatus(framework.Skip)
	}
	c.prepare(s)
	return nil
}

// Score implements framework.ScorePlugin.
func (c *Custom) Score(s *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) int64 {
	rate := func() int64 { return min(max(c.Rate(pod, node), 0), framework.MaxNodeScore) }
	if a := framework.State[*customAnswers](s, c.key()); a != nil && !s.Trial {
		return remember(a.scores, node, rate)
	}
	return rate()
}

// remember gives the answer about a node as it is now, asking only if there is
// none yet.
func remember[T any](answers []kept[T], node *framework.NodeInfo, ask func() T) T {
	k := &answers[node.Index()]
	if k.node != node.Node || k.generation != node.Generation {
		*k = kept[T]{node.Node, node.Generation, ask()}
	}
	return k.answer
}
