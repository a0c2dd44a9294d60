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
