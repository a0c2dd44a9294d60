package plugins

import (
	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Defaults lists the plugins of kube-scheduler's default profile in its order,
// with the weights of their scores. DynamicResources and NodeDeclaredFeatures
// are left out: without claims and features they pass every node.
func Defaults() []framework.Weighted {
	return []framework.Weighted{
		{Plugin: SchedulingGates{}},
		{Plugin: PrioritySort{}},
		{Plugin: NodeUnschedulable{}},
		{Plugin: NodeName{}},
		{Plugin: TaintToleration{}, Weight: 3},
		{Plugin: NodeAffinity{}, Weight: 2},
		{Plugin: NodePorts{}},
		{Plugin: &NodeResourcesFit{Strategy: LeastAllocated(cpuAndMemory()...)}, Weight: 1},
		{Plugin: VolumeRestrictions{}},
		{Plugin: NodeVolumeLimits{}},
		{Plugin: VolumeBinding{}, Weight: 1},
		{Plugin: VolumeZone{}},
		{Plugin: PodTopologySpread{Defaults: SystemDefaultConstraints(), SystemDefaulted: true}, Weight: 2},
		{Plugin: InterPodAffinity{HardPodAffinityWeight: 1}, Weight: 2},
		{Plugin: DefaultPreemption{MinCandidatesPercent: 10, MinCandidates: 100}},
		{Plugin: &NodeResourcesBalancedAllocation{Resources: []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory}}, Weight: 1},
		{Plugin: ImageLocality{}, Weight: 1},
		{Plugin: DefaultBinder{}},
	}
}

// DefaultProfile is kube-scheduler's default profile.
func DefaultProfile() *framework.Profile {
	profile, err := framework.NewProfile(framework.DefaultSchedulerName, Defaults()...)
	if err != nil {
		panic(err) // Defaults is wrong
	}
	return profile
}
