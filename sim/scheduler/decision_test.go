package scheduler_test

import (
	"encoding/json"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// Above 100 nodes a decision is recorded in short; what it holds must be what
// the whole table, computed again, says.
func TestShortDecisionAgreesWithTheWholeTable(t *testing.T) {
	view := framework.NewSnapshot()
	for i := range 150 {
		node := benchNode(i)
		node.Spec.Unschedulable = i%5 == 0
		view.SetNode(node)
	}
	for i := range 300 {
		view.AddPod(benchPod(i, func(*v1.Pod) {}), benchNode(i*7%150).Name)
	}
	pod := benchPod(1000, func(*v1.Pod) {})
	kept := framework.NewEvaluator(plugins.DefaultProfile(), view)
	draw := func(string, int) int { return 3 }
	decide := func(e *framework.Evaluation) framework.Verdict {
		e.Draw = draw
		return framework.Decide(e)
	}
	short := decide(kept.Evaluate(pod)).Record()
	whole := decide(plugins.DefaultProfile().Evaluate(view, pod)).Table()
	if !short.Shortened || len(short.Nodes) != 6 || len(whole.Nodes) != 150 || short.Nodes[0].Name != short.Winner {
		t.Fatalf("%d and %d nodes", len(short.Nodes), len(whole.Nodes))
	}
	byName := make(map[string]framework.NodeRecord)
	for _, n := range whole.Nodes {
		byName[n.Name] = n
	}
	for _, n := range short.Nodes {
		same(t, n.Name, n, byName[n.Name])
	}
	for _, n := range whole.Nodes {
		if n.Feasible && n.Total > short.Nodes[5].Total && !strings.Contains(mustJSON(t, short.Nodes), `"`+n.Name+`"`) {
			t.Errorf("%s with %d is not among the leaders", n.Name, n.Total)
		}
	}
	same(t, "rejections", short.Rejections, whole.Rejections)
	same(t, "winner", short.Winner, whole.Winner)
	if short.BestCount != whole.BestCount || short.Rejections[0].Nodes != 30 {
		t.Errorf("best %d and %d, rejections %v", short.BestCount, whole.BestCount, short.Rejections)
	}
}

func mustJSON(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTableShowsEveryFailingPlugin(t *testing.T) {
	view := framework.NewSnapshot()
	bad := liveNode("bad", "1")
	bad.Spec.Unschedulable = true
	bad.Spec.Taints = []v1.Taint{{Key: "k", Effect: v1.TaintEffectNoSchedule}}
	view.SetNode(bad)
	view.SetNode(liveNode("good", "4"))
	d := framework.Decide(plugins.DefaultProfile().Evaluate(view, framework.NewPodInfo(livePod("web", "2")))).Table()
	var failing []string
	for _, f := range d.Nodes[0].Failures {
		failing = append(failing, f.Plugin)
	}
	if got := strings.Join(failing, " "); got != "NodeUnschedulable TaintToleration NodeResourcesFit" {
		t.Errorf("failing %s", got)
	}
	table := strings.Join(d.TableLines(), "\n")
	for _, want := range []string{"good*", "needs 2 cpu, 1 of 1 free", "taint k:NoSchedule is not tolerated"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in the table:\n%s", want, table)
		}
	}
}
