package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
)

func TestNodeResourcesBalancedAllocation(t *testing.T) {
	plugin := &NodeResourcesBalancedAllocation{Resources: []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory}}
	nodes := []*v1.Node{aNode("a", offers("cpu", "4", "memory", "8Gi", "pods", "10"))}
	for name, c := range map[string]struct {
		bound, pod *v1.Pod
		want       []int64
	}{
		// Even before and after: S = 100 both times, 50 + 50/2.
		"nothing changes": {aPod("q", requests("cpu", "1", "memory", "2Gi")), aPod("p", requests("cpu", "1", "memory", "2Gi")), []int64{75}},
		// Before |.5−0|/2 = .25 → 75; after even → 100: 50 + 75/2.
		"evens out": {aPod("q", requests("cpu", "2")), aPod("p", requests("memory", "4Gi")), []int64{87}},
		// Before 100; after |1−0|/2 = .5 → 50: 50 + 0.
		"unevens": {aPod("q"), aPod("p", requests("cpu", "4")), []int64{50}},
		// Fractions stop at 1: with 5 of 4 CPUs it is as with 4.
		"capped":        {aPod("q", requests("cpu", "3")), aPod("p", requests("cpu", "2")), []int64{69}},
		"best effort":   {aPod("q"), aPod("p"), nil},
		"explicit zero": {aPod("q"), aPod("p", requests("cpu", "0")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			checkScores(t, plugin, world{nodes: nodes, bound: map[string][]*v1.Pod{"a": {c.bound}}}, c.pod, c.want, c.want)
		})
	}
}
