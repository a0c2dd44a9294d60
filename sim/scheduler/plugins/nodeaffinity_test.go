package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/scheduler/framework"
)

func expression(key string, operator v1.NodeSelectorOperator, values ...string) v1.NodeSelectorTerm {
	return v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
}

func field(operator v1.NodeSelectorOperator, values ...string) v1.NodeSelectorTerm {
	return v1.NodeSelectorTerm{MatchFields: []v1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: operator, Values: values}}}
}

func requires(terms ...v1.NodeSelectorTerm) podOption {
	return func(p *v1.Pod) {
		p.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{NodeSelectorTerms: terms}}}
	}
}

func TestNodeAffinityFilter(t *testing.T) {
	// Node a has generation 3 and ssd, b generation 7, c no label of these.
	w := world{nodes: []*v1.Node{aNode("a", nodeLabels("gen", "3", "disk", "ssd")), aNode("b", nodeLabels("gen", "7")), aNode("c")}}
	no := unresolvable("node(s) didn't match Pod's node affinity/selector")
	left := unresolvable("node(s) didn't satisfy plugin(s) [NodeAffinity]")
	conflict := unresolvable("pod affinity terms conflict")
	for name, c := range map[string]struct {
		pod     *v1.Pod
		a, b, c verdict
	}{
		"nodeSelector":     {aPod("p", func(p *v1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }), fits, no, no},
		"In":               {aPod("p", requires(expression("gen", v1.NodeSelectorOpIn, "3", "4"))), fits, no, no},
		"NotIn, missing":   {aPod("p", requires(expression("gen", v1.NodeSelectorOpNotIn, "3"))), no, fits, fits},
		"Exists":           {aPod("p", requires(expression("gen", v1.NodeSelectorOpExists))), fits, fits, no},
		"DoesNotExist":     {aPod("p", requires(expression("gen", v1.NodeSelectorOpDoesNotExist))), no, no, fits},
		"Gt":               {aPod("p", requires(expression("gen", v1.NodeSelectorOpGt, "3"))), no, fits, no},
		"Lt":               {aPod("p", requires(expression("gen", v1.NodeSelectorOpLt, "7"))), fits, no, no},
		"Gt, no number":    {aPod("p", requires(expression("disk", v1.NodeSelectorOpGt, "1"))), no, no, no},
		"either term":      {aPod("p", requires(expression("disk", v1.NodeSelectorOpExists), expression("gen", v1.NodeSelectorOpIn, "7"))), fits, fits, no},
		"empty term":       {aPod("p", requires(v1.NodeSelectorTerm{})), no, no, no},
		"by name":          {aPod("p", requires(field(v1.NodeSelectorOpIn, "b"))), left, fits, left},
		"not by name":      {aPod("p", requires(field(v1.NodeSelectorOpNotIn, "b"))), fits, no, fits},
		"conflict":         {aPod("p", requires(v1.NodeSelectorTerm{MatchFields: append(field(v1.NodeSelectorOpIn, "a").MatchFields, field(v1.NodeSelectorOpIn, "b").MatchFields...)})), conflict, conflict, conflict},
		"by name or label": {aPod("p", requires(field(v1.NodeSelectorOpIn, "c"), expression("disk", v1.NodeSelectorOpExists))), fits, no, fits},
	} {
		t.Run(name, func(t *testing.T) { checkFilter(t, NodeAffinity{}, w, c.pod, c.a, c.b, c.c) })
	}
	added := NodeAffinity{Added: &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{
		NodeSelectorTerms: []v1.NodeSelectorTerm{expression("disk", v1.NodeSelectorOpExists)}}}}
	enforced := unresolvable("node(s) didn't match scheduler-enforced node affinity")
	checkFilter(t, added, w, aPod("p"), fits, enforced, enforced)
}

func TestNodeAffinityScore(t *testing.T) {
	w := world{nodes: []*v1.Node{aNode("a", nodeLabels("disk", "ssd")), aNode("b", nodeLabels("disk", "ssd", "gpu", "yes")), aNode("c")}}
	prefers := func(terms ...v1.PreferredSchedulingTerm) *v1.Pod {
		return aPod("p", func(p *v1.Pod) {
			p.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: terms}}
		})
	}
	disk := v1.PreferredSchedulingTerm{Weight: 20, Preference: expression("disk", v1.NodeSelectorOpIn, "ssd")}
	gpu := v1.PreferredSchedulingTerm{Weight: 30, Preference: expression("gpu", v1.NodeSelectorOpExists)}
	empty := v1.PreferredSchedulingTerm{Weight: 90}
	checkScores(t, NodeAffinity{}, w, prefers(disk, gpu), []int64{20, 50, 0}, []int64{40, 100, 0})
	checkScores(t, NodeAffinity{}, w, prefers(disk, empty), []int64{20, 20, 0}, []int64{100, 100, 0})
	checkScores(t, NodeAffinity{}, w, prefers(v1.PreferredSchedulingTerm{Weight: 5, Preference: expression("none", v1.NodeSelectorOpExists)}),
		[]int64{0, 0, 0}, []int64{0, 0, 0})
	checkScores(t, NodeAffinity{}, w, aPod("p"), nil, nil)
}

func TestNodeAffinityIsHelpedByTheRightLabel(t *testing.T) {
	pod := framework.NewPodInfo(aPod("p", func(p *v1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }))
	for _, c := range []struct {
		old, now *v1.Node
		want     bool
	}{
		{nil, aNode("a", nodeLabels("disk", "ssd")), true},
		{nil, aNode("a"), false},
		{aNode("a"), aNode("a", nodeLabels("disk", "ssd")), true},
		{aNode("a"), aNode("a", nodeLabels("disk", "hdd")), false},
		{aNode("a", nodeLabels("disk", "ssd")), aNode("a", nodeLabels("disk", "ssd", "x", "y")), false},
	} {
		if got := (NodeAffinity{}).Helps(nil, pod, framework.ClusterEvent{Kind: framework.NodeLabels, Node: c.now, OldNode: c.old}); got != c.want {
			t.Errorf("%v → %v: %v", c.old, c.now.Labels, got)
		}
	}
}
