package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/scheduler/framework"
)

func fit() *NodeResourcesFit { return &NodeResourcesFit{Strategy: LeastAllocated(cpuAndMemory()...)} }

func TestNodeResourcesFitFilter(t *testing.T) {
	always := v1.ContainerRestartPolicyAlways
	initial := func(policy *v1.ContainerRestartPolicy, pairs ...string) podOption {
		return func(p *v1.Pod) {
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{RestartPolicy: policy, Resources: v1.ResourceRequirements{Requests: list(pairs...)}})
		}
	}
	overhead := func(p *v1.Pod) { p.Spec.Overhead = list("cpu", "1") }
	podLevel := func(p *v1.Pod) { p.Spec.Resources = &v1.ResourceRequirements{Requests: list("cpu", "500m")} }
	cpu := unschedulable("Insufficient cpu")
	for name, c := range map[string]struct {
		pod  *v1.Pod
		want verdict
	}{
		"exactly":                   {aPod("p", requests("cpu", "2")), fits},
		"a little too much":         {aPod("p", requests("cpu", "2001m")), cpu},
		"more than the node has":    {aPod("p", requests("cpu", "4001m")), unresolvable("Insufficient cpu")},
		"one of two unresolvable":   {aPod("p", requests("cpu", "3", "memory", "9Gi")), unresolvable("Insufficient cpu", "Insufficient memory")},
		"ephemeral storage":         {aPod("p", requests("ephemeral-storage", "1Gi")), unresolvable("Insufficient ephemeral-storage")},
		"extended resource":         {aPod("p", requests("example.com/gpu", "2")), unschedulable("Insufficient example.com/gpu")},
		"unknown extended resource": {aPod("p", requests("example.com/fpga", "1")), unresolvable("Insufficient example.com/fpga")},
		"none of it asked":          {aPod("p", requests("example.com/fpga", "0")), fits},
		"init container, larger":    {aPod("p", requests("cpu", "1"), initial(nil, "cpu", "3")), cpu},
		"init container, smaller":   {aPod("p", requests("cpu", "2"), initial(nil, "cpu", "2")), fits},
		"sidecar adds up":           {aPod("p", requests("cpu", "1500m"), initial(&always, "cpu", "600m")), cpu},
		"init after sidecar":        {aPod("p", requests("cpu", "1"), initial(&always, "cpu", "500m"), initial(nil, "cpu", "1600m")), cpu},
		"init before sidecar":       {aPod("p", requests("cpu", "1"), initial(nil, "cpu", "1600m"), initial(&always, "cpu", "500m")), fits},
		"overhead":                  {aPod("p", requests("cpu", "1500m"), overhead), cpu},
		"pod-level replaces":        {aPod("p", requests("cpu", "3"), podLevel), fits},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{nodes: []*v1.Node{aNode("a", offers("cpu", "4", "memory", "8Gi", "pods", "2", "example.com/gpu", "2"))},
				bound: map[string][]*v1.Pod{"a": {aPod("q", requests("cpu", "2", "example.com/gpu", "1"))}}}
			checkFilter(t, fit(), w, c.pod, c.want)
		})
	}
	full := world{nodes: []*v1.Node{aNode("a", offers("cpu", "4", "memory", "8Gi", "pods", "1"))}, bound: map[string][]*v1.Pod{"a": {aPod("q")}}}
	checkFilter(t, fit(), full, aPod("p"), unschedulable("Too many pods"))
	ignoring := fit()
	ignoring.IgnoredGroups = []string{"example.com"}
	checkFilter(t, ignoring, full, aPod("p", requests("example.com/fpga", "1")), unschedulable("Too many pods"))
}

func TestNodeResourcesFitScore(t *testing.T) {
	nodes := []*v1.Node{aNode("a", offers("cpu", "4", "memory", "8Gi", "pods", "10")), aNode("b", offers("cpu", "8", "memory", "8Gi", "pods", "10"))}
	busy := map[string][]*v1.Pod{"a": {aPod("q", requests("cpu", "1", "memory", "2Gi"))}}
	for name, c := range map[string]struct {
		plugin *NodeResourcesFit
		pod    *v1.Pod
		want   []int64
	}{
		// a: cpu (4−2)/4 = 50, memory (8−4)/8 = 50; b: cpu 7/8 = 87, memory 6/8 = 75.
		"least allocated": {fit(), aPod("p", requests("cpu", "1", "memory", "2Gi")), []int64{50, 81}},
		"most allocated":  {&NodeResourcesFit{Strategy: MostAllocated(cpuAndMemory()...)}, aPod("p", requests("cpu", "1", "memory", "2Gi")), []int64{50, 18}},
		// 100m and 200Mi stand for what is not named: a: cpu 2900/4000 = 72, memory 5944/8192 = 72; b: 98, 97.
		"no requests": {fit(), aPod("p"), []int64{72, 97}},
		// An explicit 0 stays 0: b's cpu is 100, memory 97.
		"explicit zero": {fit(), aPod("p", requests("cpu", "0")), []int64{73, 98}},
		"ratio": {&NodeResourcesFit{Strategy: RequestedToCapacityRatio([]Point{{0, 0}, {50, 100}, {100, 0}}, cpuAndMemory()...)},
			aPod("p", requests("cpu", "1", "memory", "2Gi")), []int64{100, 37}},
	} {
		t.Run(name, func(t *testing.T) {
			checkScores(t, c.plugin, world{nodes: nodes, bound: busy}, c.pod, c.want, c.want)
		})
	}
}

// The score leaves the incoming pod's own pod-level resources out, as
// kube-scheduler v1.36 does, but counts those of bound pods.
func TestFitScoreIgnoresPodLevelResourcesOfTheIncomingPod(t *testing.T) {
	podLevel := func(p *v1.Pod) {
		p.Spec.Resources = &v1.ResourceRequirements{Requests: list("cpu", "2", "memory", "4Gi")}
	}
	nodes := []*v1.Node{aNode("a")}
	checkScores(t, fit(), world{nodes: nodes}, aPod("p", requests("cpu", "1", "memory", "2Gi"), podLevel), []int64{75}, []int64{75})
	bound := map[string][]*v1.Pod{"a": {aPod("q", requests("cpu", "1", "memory", "2Gi"), podLevel)}}
	checkScores(t, fit(), world{nodes: nodes, bound: bound}, aPod("p", requests("cpu", "1", "memory", "2Gi")), []int64{25}, []int64{25})
}

func TestNodeResourcesFitIsHelpedByRoom(t *testing.T) {
	pod := framework.NewPodInfo(aPod("p", requests("cpu", "6")))
	big := aNode("a", offers("cpu", "8", "memory", "1Gi", "pods", "10"))
	more := aNode("a", offers("cpu", "8", "memory", "2Gi", "pods", "10"))
	for _, c := range []struct {
		event framework.ClusterEvent
		want  bool
	}{
		{framework.ClusterEvent{Kind: framework.NodeAdded, Node: aNode("b")}, false},
		{framework.ClusterEvent{Kind: framework.NodeAdded, Node: big}, true},
		{framework.ClusterEvent{Kind: framework.NodeAllocatable, OldNode: aNode("a"), Node: big}, true},
		{framework.ClusterEvent{Kind: framework.NodeAllocatable, OldNode: big, Node: more}, false},
		{framework.ClusterEvent{Kind: framework.PodRemoved, Pod: pod}, true},
	} {
		if got := fit().Helps(nil, pod, c.event); got != c.want {
			t.Errorf("%+v: %v", c.event, got)
		}
	}
}

func TestExplainTellsNumbers(t *testing.T) {
	node := framework.NewNodeInfo(aNode("a"), framework.NewPodInfo(aPod("q", requests("cpu", "3500m"))))
	got := fit().Explain(nil, framework.NewPodInfo(aPod("p", requests("cpu", "700m", "memory", "9Gi"))), node).Detail
	if want := "needs 700m cpu, 500m of 4 free; needs 9Gi memory, 8Gi of 8Gi free"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if q := resource.MustParse("700m"); framework.Amount(v1.ResourceCPU, q.MilliValue()) != "700m" {
		t.Error("amount does not write what was read")
	}
}
