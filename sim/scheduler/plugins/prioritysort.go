package plugins

import "minisim/sim/scheduler/framework"

// PrioritySort takes pods of higher priority first, then those that came into
// the queue earlier.
type PrioritySort struct{}

var _ framework.QueueSortPlugin = PrioritySort{}

// Name implements framework.Plugin.
func (PrioritySort) Name() string { return "PrioritySort" }

// Less implements framework.QueueSortPlugin. Pods of the same instant keep the
// order in which they came.
func (PrioritySort) Less(a, b *framework.QueuedPod) bool {
	if a.Priority != b.Priority {
		return a.Priority > b.Priority
	}
	if !a.Since.Equal(b.Since) {
		return a.Since.Before(b.Since)
	}
	return a.Order < b.Order
}
