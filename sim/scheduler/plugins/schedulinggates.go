package plugins

import (
	"fmt"
	"strings"

	"minisim/sim/scheduler/framework"
)

// SchedulingGates keeps pods with spec.schedulingGates out of the queue.
type SchedulingGates struct{}

var _ framework.PreEnqueuePlugin = SchedulingGates{}

// Name implements framework.Plugin.
func (SchedulingGates) Name() string { return "SchedulingGates" }

// PreEnqueue implements framework.PreEnqueuePlugin.
func (SchedulingGates) PreEnqueue(pod *framework.PodInfo) *framework.Status {
	gates := pod.Pod.Spec.SchedulingGates
	if len(gates) == 0 {
		return nil
	}
	names := make([]string, len(gates))
	for i, gate := range gates {
		names[i] = gate.Name
	}
	return framework.NewStatus(framework.UnschedulableAndUnresolvable,
		fmt.Sprintf("waiting for scheduling gates: [%s]", strings.Join(names, " ")))
}

// Events implements framework.Requeuer.
func (SchedulingGates) Events() framework.EventKinds { return framework.Kinds(framework.PodUpdated) }

// Helps implements framework.Requeuer: the last gate has been removed.
func (SchedulingGates) Helps(_ *framework.Snapshot, _ *framework.PodInfo, e framework.ClusterEvent) bool {
	return len(e.Pod.Pod.Spec.SchedulingGates) == 0
}
