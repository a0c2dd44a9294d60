package scheduler_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
	"minisim/sim/scheduler/snapshot"
)

// verdict is what the real kube-scheduler said of one pod; it shares the JSON
// form of a Decision.
type verdict struct {
	framework.Decision
	Pod string `json:"pod"`
}

// leftOut are the real scheduler's plugins that minisim does without.
var leftOut = []string{"DynamicResources", "NodeDeclaredFeatures"}

// TestOracle holds minisim's decisions against those of the real
// kube-scheduler, case by case; see testdata/oracle/README.md.
func TestOracle(t *testing.T) {
	files, err := filepath.Glob("testdata/oracle/case-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) { compareCase(t, file) })
	}
}

func compareCase(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := snapshot.Load(snapshot.File{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range cluster.Notes {
		t.Errorf("note: %s", note)
	}
	want := readVerdicts(t, strings.TrimSuffix(file, ".yaml")+".json")
	if len(cluster.Pending) != len(want) {
		t.Fatalf("%d pending pods, want %d", len(cluster.Pending), len(want))
	}
	profile := plugins.DefaultProfile()
	for _, pod := range cluster.Pending {
		w, ok := want[pod.Key]
		if !ok {
			t.Errorf("%s: the real scheduler was not asked", pod.Key)
			continue
		}
		got := framework.Decide(profile.Evaluate(cluster.View, pod)).Record()
		t.Run(pod.Key, func(t *testing.T) { compareDecision(t, got, w) })
	}
}

func readVerdicts(t *testing.T, file string) map[string]*verdict {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct{ Pods []*verdict }
	if err := json.Unmarshal(text, &oracle); err != nil {
		t.Fatal(err)
	}
	byPod := make(map[string]*verdict)
	for _, v := range oracle.Pods {
		v.ScoreSkipped = without(v.ScoreSkipped)
		v.Prefilter.Skipped = without(v.Prefilter.Skipped)
		for i := range v.Nodes {
			v.Nodes[i].Scores = v.Nodes[i].Scores.Without(leftOut...)
		}
		byPod[v.Pod] = v
	}
	return byPod
}

func without(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(leftOut, n) })
}

func compareDecision(t *testing.T, got *framework.Decision, want *verdict) {
	same(t, "prefilter", got.Prefilter, want.Prefilter)
	same(t, "scoreSkipped", got.ScoreSkipped, want.ScoreSkipped)
	same(t, "best", got.Best, want.Best)
	same(t, "filterMessage", got.FilterMessage, want.FilterMessage)
	same(t, "message", got.Message, want.Message)
	if got.Preemption != nil {
		got.Preemption.Because = ""
	}
	same(t, "preemption", got.Preemption, want.Preemption)
	if len(got.Nodes) != len(want.Nodes) {
		t.Fatalf("%d nodes, want %d", len(got.Nodes), len(want.Nodes))
	}
	for i := range got.Nodes {
		got.Nodes[i].Cause = framework.Cause{}
		same(t, "node "+want.Nodes[i].Name, got.Nodes[i], want.Nodes[i])
	}
}

// same compares two values by their JSON form.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) && !(string(g) == "[]" && string(w) == "null" || string(g) == "null" && string(w) == "[]") {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
