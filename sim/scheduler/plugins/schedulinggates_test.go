package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

func TestSchedulingGates(t *testing.T) {
	if s := (SchedulingGates{}).PreEnqueue(framework.NewPodInfo(aPod("p"))); !s.OK() {
		t.Errorf("without gates: %v", s)
	}
	gated := aPod("p", func(p *v1.Pod) { p.Spec.SchedulingGates = []v1.PodSchedulingGate{{Name: "a"}, {Name: "b"}} })
	s := (SchedulingGates{}).PreEnqueue(framework.NewPodInfo(gated))
	if s.Code != framework.UnschedulableAndUnresolvable || s.Message() != "waiting for scheduling gates: [a b]" {
		t.Errorf("gated: %v", s)
	}
}
