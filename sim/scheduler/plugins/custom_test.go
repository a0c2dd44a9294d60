package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

func TestCustom(t *testing.T) {
	w := world{nodes: []*v1.Node{aNode("a"), aNode("b", nodeLabels("year", "2020"))}}
	old := &Custom{PluginName: "NotOld", Reject: func(_ *framework.PodInfo, n *framework.NodeInfo) string {
		if n.Node.Labels["year"] == "2020" {
			return "node(s) were too old"
		}
		return ""
	}}
	checkFilter(t, old, w, aPod("p"), fits, unschedulable("node(s) were too old"))
	checkScores(t, old, w, aPod("p"), nil, nil)
	longNames := &Custom{PluginName: "LongNames", Rate: func(p *framework.PodInfo, n *framework.NodeInfo) int64 {
		return int64(len(p.Pod.Name))*50 - int64(len(n.Node.Labels))*50
	}}
	checkScores(t, longNames, w, aPod("xyz"), []int64{100, 50}, []int64{100, 50})
	checkScores(t, longNames, w, aPod("p"), []int64{0, 0}, []int64{0, 0})
}

func TestCustomKeepsAnswersAboutNodes(t *testing.T) {
	view := world{nodes: []*v1.Node{aNode("a"), aNode("b")}}.view()
	asked := 0
	rule := &Custom{PluginName: "Counts", NodeOnly: true,
		Reject: func(_ *framework.PodInfo, n *framework.NodeInfo) string { asked++; return "" },
		Rate:   func(_ *framework.PodInfo, n *framework.NodeInfo) int64 { asked++; return int64(len(n.Pods)) }}
	profile, err := DefaultProfile().With(framework.Weighted{Plugin: rule, Weight: 1})
	if err != nil {
		t.Fatal(err)
	}
	kept := framework.NewEvaluator(profile, view)
	for _, step := range []struct{ does, asks int }{{0, 4}, {0, 0}, {1, 2}, {2, 2}} {
		switch step.does {
		case 1:
			view.AddPod(framework.NewPodInfo(aPod("p")), "a")
		case 2:
			view.SetNode(aNode("b", func(n *v1.Node) { n.Annotations = map[string]string{"price": "3"} }))
		}
		asked = 0
		kept.Evaluate(framework.NewPodInfo(aPod("next")))
		if asked != step.asks {
			t.Errorf("after change %d: asked %d times, want %d", step.does, asked, step.asks)
		}
	}
	if _, err := profile.With(framework.Weighted{Plugin: rule, Weight: 1}); err == nil {
		t.Error("one rule twice")
	}
	if len(DefaultProfile().Plugins) != len(Defaults()) {
		t.Error("the profile that was added to has changed")
	}
}
