package plugins

import (
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/scheduler/framework"
)

func startedAt(minute int) podOption {
	return func(p *v1.Pod) {
		p.Status.StartTime = &metav1.Time{Time: time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)}
	}
}

func TestDefaultPreemption(t *testing.T) {
	never := v1.PreemptNever
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
		Spec: policyv1.PodDisruptionBudgetSpec{Selector: app("web")}}
	small := offers("cpu", "2", "memory", "8Gi", "pods", "10")
	two := []*v1.Node{aNode("a", small), aNode("b", small)}
	urgent := func(options ...podOption) *v1.Pod {
		return aPod("urgent", append([]podOption{priority(100), requests("cpu", "1")}, options...)...)
	}
	low := func(name string, p int32, cpu string, minute int, options ...podOption) *v1.Pod {
		return aPod(name, append([]podOption{priority(p), requests("cpu", cpu), startedAt(minute)}, options...)...)
	}
	for name, c := range map[string]struct {
		world   world
		pod     *v1.Pod
		node    string
		victims []string
		message string
	}{
		"the lowest top priority": {
			world{nodes: two, bound: map[string][]*v1.Pod{"a": {low("x", 5, "2", 0)}, "b": {low("y", 3, "2", 0)}}},
			urgent(), "b", []string{"default/y"}, ""},
		"only as many as needed, the important stay": {
			world{nodes: two[:1], bound: map[string][]*v1.Pod{"a": {low("x", 5, "1", 0), low("y", 3, "1", 0)}}},
			urgent(), "a", []string{"default/y"}, ""},
		"among equals the older stay": {
			world{nodes: two[:1], bound: map[string][]*v1.Pod{"a": {low("young", 3, "1", 9), low("old", 3, "1", 1)}}},
			urgent(), "a", []string{"default/young"}, ""},
		"fewer broken budgets first": {
			world{nodes: two, objects: []runtime.Object{budget}, bound: map[string][]*v1.Pod{
				"a": {low("x", 1, "2", 0, podLabels("app", "web"))}, "b": {low("y", 9, "2", 0)}}},
			urgent(), "b", []string{"default/y"}, ""},
		"fewer victims": {
			world{nodes: two, bound: map[string][]*v1.Pod{"a": {low("x", 1, "1", 0), low("x2", 1, "1", 0)}, "b": {low("y", 1, "2", 0)}}},
			urgent(requests("cpu", "2")), "b", []string{"default/y"}, ""},
		"the youngest": {
			world{nodes: two, bound: map[string][]*v1.Pod{"a": {low("x", 1, "2", 1)}, "b": {low("y", 1, "2", 5)}}},
			urgent(), "b", []string{"default/y"}, ""},
		"equal priority does not go": {
			world{nodes: two[:1], bound: map[string][]*v1.Pod{"a": {low("x", 100, "2", 0)}}},
			urgent(), "", nil, "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."},
		"of no use": {
			world{nodes: two[:1], bound: map[string][]*v1.Pod{"a": {low("x", 1, "2", 0)}}},
			urgent(requests("cpu", "3")), "", nil, "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."},
		"not allowed": {
			world{nodes: two[:1], bound: map[string][]*v1.Pod{"a": {low("x", 1, "2", 0)}}},
			urgent(func(p *v1.Pod) { p.Spec.PreemptionPolicy = &never }), "", nil, "preemption: not eligible due to preemptionPolicy=Never."},
	} {
		t.Run(name, func(t *testing.T) {
			e := DefaultProfile().Evaluate(c.world.view(), framework.NewPodInfo(c.pod))
			got := framework.Decide(e).Preemption
			var victims []string
			for _, v := range got.Victims {
				victims = append(victims, v.Key)
			}
			if got.Nominated != c.node || !slices.Equal(victims, c.victims) {
				t.Errorf("%q, victims %v", got.Nominated, victims)
			}
			want := c.message
			if want != "" {
				want = "no new claims to deallocate, " + want
			}
			if got.Message != want {
				t.Errorf("message %q", got.Message)
			}
		})
	}
}

// A pod that has made room already waits for its victims to end.
func TestPreemptionWaitsForEarlierVictims(t *testing.T) {
	victim := aPod("x", priority(1), requests("cpu", "4"), func(p *v1.Pod) {
		p.DeletionTimestamp = &metav1.Time{}
		p.Status.Conditions = []v1.PodCondition{{Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: v1.PodReasonPreemptionByScheduler}}
	})
	w := world{nodes: []*v1.Node{aNode("a"), aNode("b")}, bound: map[string][]*v1.Pod{"a": {victim}, "b": {aPod("y", priority(1), requests("cpu", "4"))}}}
	pod := aPod("urgent", priority(100), requests("cpu", "1"), func(p *v1.Pod) { p.Status.NominatedNodeName = "a" })
	got := framework.Decide(DefaultProfile().Evaluate(w.view(), framework.NewPodInfo(pod))).Preemption
	if want := "no new claims to deallocate, preemption: not eligible due to a terminating pod on the nominated node."; got.Nominated != "" || got.Message != want {
		t.Errorf("%+v", got)
	}
}

// A node promised to a pod of higher priority is full for others.
func TestNominatedPodsCount(t *testing.T) {
	view := world{nodes: []*v1.Node{aNode("a")}}.view()
	view.Nominate(framework.NewPodInfo(aPod("promised", priority(10), requests("cpu", "4"))), "a")
	for p, want := range map[int32]bool{5: false, 10: false, 20: true} {
		e := DefaultProfile().Evaluate(view, framework.NewPodInfo(aPod("p", priority(p), requests("cpu", "1"))))
		if fits := len(e.Feasible) == 1; fits != want {
			t.Errorf("priority %d: fits %v", p, fits)
		}
	}
}
