package plugins

import (
	"minisim/sim/scheduler/framework"
)

// Custom is a rule that somebody has written for a lesson or an experiment: a
// filter, a score or both. It may look at anything of the pod and the node, and
// is asked anew about every node in each cycle.
type Custom struct {
	// PluginName is what it is called in tables; it must differ from the others.
	PluginName string
	// Reject returns why a node does not do, "" if it does; nil passes all.
	Reject func(pod *framework.PodInfo, node *framework.NodeInfo) string
	// Rate returns a score, kept within 0 to 100; nil leaves the score out.
	Rate func(pod *framework.PodInfo, node *framework.NodeInfo) int64
}

var (
	_ framework.FilterPlugin   = (*Custom)(nil)
	_ framework.PreScorePlugin = (*Custom)(nil)
	_ framework.ScorePlugin    = (*Custom)(nil)
)

// Name implements framework.Plugin.
func (c *Custom) Name() string { return c.PluginName }

// Filter implements framework.FilterPlugin. Removing pods is taken to be able
// to help.
func (c *Custom) Filter(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if c.Reject == nil {
		return nil
	}
	if reason := c.Reject(pod, node); reason != "" {
		return reject(c.PluginName, framework.Unschedulable, reason)
	}
	return nil
}

// PreScore implements framework.PreScorePlugin.
func (c *Custom) PreScore(*framework.CycleState, *framework.PodInfo, []*framework.NodeInfo) *framework.Status {
	if c.Rate == nil {
		return framework.NewStatus(framework.Skip)
	}
	return nil
}

// Score implements framework.ScorePlugin.
func (c *Custom) Score(_ *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) int64 {
	return min(max(c.Rate(pod, node), 0), framework.MaxNodeScore)
}
