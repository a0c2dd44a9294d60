package scheduler_test

import (
	"fmt"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// BenchmarkDecide places one pod after the other on a growing cluster, all
// nodes looked at, as scheduler_perf does; one operation is one decision.
func BenchmarkDecide(b *testing.B) {
	workloads := []struct {
		name  string
		shape func(*v1.Pod)
	}{
		{"basic", func(*v1.Pod) {}},
		{"node-affinity", func(p *v1.Pod) { p.Spec.NodeSelector = map[string]string{v1.LabelTopologyZone: "zone-1"} }},
		{"anti-affinity", func(p *v1.Pod) {
			p.Spec.Affinity = &v1.Affinity{PodAntiAffinity: &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []v1.PodAffinityTerm{
				{TopologyKey: v1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels}}}}}
		}},
		{"preferred-affinity", func(p *v1.Pod) {
			p.Spec.Affinity = &v1.Affinity{PodAffinity: &v1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{
				{Weight: 1, PodAffinityTerm: v1.PodAffinityTerm{TopologyKey: v1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels}}}}}}
		}},
		{"spread", func(p *v1.Pod) {
			p.Spec.TopologySpreadConstraints = []v1.TopologySpreadConstraint{{MaxSkew: 5, TopologyKey: v1.LabelTopologyZone,
				WhenUnsatisfiable: v1.DoNotSchedule, LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels}}}
		}},
		{"preferred-spread", func(p *v1.Pod) {
			p.Spec.TopologySpreadConstraints = []v1.TopologySpreadConstraint{{MaxSkew: 5, TopologyKey: v1.LabelTopologyZone,
				WhenUnsatisfiable: v1.ScheduleAnyway, LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels}}}
		}},
	}
	for _, w := range workloads {
		for _, nodes := range []int{500, 1000, 5000} {
			b.Run(fmt.Sprintf("%s/%d", w.name, nodes), func(b *testing.B) { placeMany(b, nodes, w.shape) })
		}
	}
}

func placeMany(b *testing.B, nodes int, shape func(*v1.Pod)) {
	view := framework.NewSnapshot()
	profile := plugins.DefaultProfile()
	evaluator := framework.NewEvaluator(profile, view)
	reset := func() {
		view = framework.NewSnapshot()
		evaluator = framework.NewEvaluator(profile, view)
		for i := range nodes {
			view.SetNode(benchNode(i))
		}
	}
	reset()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i > 0 && i%nodes == 0 {
			b.StopTimer()
			reset()
			b.StartTimer()
		}
		pod := benchPod(i, shape)
		verdict := framework.Decide(evaluator.Evaluate(pod))
		if verdict.Node() == nil {
			b.Fatalf("pod %d fits nowhere: %s", i, verdict.FilterMessage())
		}
		verdict.Record()
		view.AddPod(pod, verdict.Node().Name)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

func benchNode(i int) *v1.Node {
	name := fmt.Sprintf("node-%05d", i)
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		v1.LabelHostname: name, v1.LabelTopologyZone: fmt.Sprintf("zone-%d", i%3)}}}
	node.Status.Allocatable = v1.ResourceList{v1.ResourceCPU: resource.MustParse("4"), v1.ResourceMemory: resource.MustParse("32Gi"),
		v1.ResourcePods: resource.MustParse("110")}
	return node
}

func benchPod(i int, shape func(*v1.Pod)) *framework.PodInfo {
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pod-%d", i), Namespace: "default", Labels: map[string]string{"app": "bench"}}}
	pod.Spec.Containers = []v1.Container{{Name: "c", Image: "registry.k8s.io/pause:3.10", Resources: v1.ResourceRequirements{
		Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse("100m"), v1.ResourceMemory: resource.MustParse("500Mi")}}}}
	shape(pod)
	return framework.NewPodInfo(pod)
}

// BenchmarkLive runs the whole program on an API in memory: watch events,
// queue, cycle, binding, Event and record. One operation is one pod bound.
func BenchmarkLive(b *testing.B) {
	for _, nodes := range []int{100, 1000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			c := newBench(b, 1)
			for i := range nodes {
				node := benchNode(i)
				node.Status.Allocatable[v1.ResourcePods] = resource.MustParse("1000000")
				node.Status.Allocatable[v1.ResourceCPU] = resource.MustParse("1000000")
				node.Status.Allocatable[v1.ResourceMemory] = resource.MustParse("1000000Gi")
				c.create(node)
			}
			c.run(time.Second)
			b.ResetTimer()
			for i := range b.N {
				pod := benchPod(i, func(*v1.Pod) {}).Pod
				pod.Spec.SchedulerName = framework.DefaultSchedulerName
				c.create(pod)
			}
			c.run(time.Second)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pods/s")
			if c.binds != b.N {
				b.Fatalf("%d of %d bound", c.binds, b.N)
			}
		})
	}
}

// fill gives every node four pods of low priority, so that it is full.
func fill(nodes int) *framework.Snapshot {
	view := framework.NewSnapshot()
	for i := range nodes {
		view.SetNode(benchNode(i))
		for k := range 4 {
			view.AddPod(benchPod(4*i+k, asking("1", 0)), benchNode(i).Name)
		}
	}
	return view
}

func asking(cpu string, priority int32) func(*v1.Pod) {
	return func(p *v1.Pod) {
		p.Spec.Priority = &priority
		p.Spec.Containers[0].Resources.Requests[v1.ResourceCPU] = resource.MustParse(cpu)
	}
}

// BenchmarkPreempt makes room for one urgent pod after the other in a full
// cluster; one operation is one preemption and the binding after it.
func BenchmarkPreempt(b *testing.B) {
	for _, nodes := range []int{500, 5000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			view := fill(nodes)
			evaluator := framework.NewEvaluator(plugins.DefaultProfile(), view)
			for i := 0; b.Loop(); i++ {
				pod := benchPod(1_000_000+i, asking("3", 10))
				p := framework.Decide(evaluator.Evaluate(pod)).Preemption
				if p == nil || p.Nominated == "" {
					b.StopTimer()
					view = fill(nodes)
					evaluator = framework.NewEvaluator(plugins.DefaultProfile(), view)
					b.StartTimer()
					continue
				}
				for _, v := range p.Victims {
					view.RemovePod(v.Key)
				}
				view.AddPod(pod, p.Nominated)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "preemptions/s")
		})
	}
}

// BenchmarkUnschedulable decides on pods that fit nowhere and may not preempt.
func BenchmarkUnschedulable(b *testing.B) {
	for _, nodes := range []int{500, 5000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			evaluator := framework.NewEvaluator(plugins.DefaultProfile(), fill(nodes))
			for i := 0; b.Loop(); i++ {
				framework.Decide(evaluator.Evaluate(benchPod(1_000_000+i, asking("3", 0)))).Record()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}
