package scenario

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/internal/source"
	"minisim/sim/cluster"
	"minisim/sim/scheduler/framework"
)

const ruleHead = "services: {web: {image: nginx}}\nx-minisim:\n  scheduler:\n    rules:\n"

func loadRules(t *testing.T, rules string) (*Scenario, error) {
	t.Helper()
	f, err := source.Parse("rules.yaml", []byte(ruleHead+rules))
	if err != nil {
		t.Fatal(err)
	}
	return Load("rules", f, Options{})
}

func TestRuleFaultsTellWhere(t *testing.T) {
	for rules, want := range map[string]string{
		"    - {name: A, filter: node.size > }":                        "rules.yaml:5:",
		"    - name: A\n      filter: pod.x == nod.y\n":                `rules.yaml:6:24: "pod.x == nod.y": nothing is called nod; did you mean node?`,
		"    - name: A\n      filter: \"size(node) + 1\"\n":            `rules.yaml:6:15: filter: "size(node) + 1" must give bool, but gives int`,
		"    - name: A\n      score: node.metadata.name == \"a\"\n":    `rules.yaml:6:14: score: "node.metadata.name == \"a\"" must give int or double, but gives bool`,
		"    - name: TaintToleration\n      filter: \"true\"\n":        "rules.yaml:5:13: TaintToleration is the name of one of kube-scheduler's plugins",
		"    - name: two words\n      filter: \"true\"\n":              `rules.yaml:5:13: the rule's name "two words":`,
		"    - filter: \"true\"\n":                                     "rules.yaml:5:7: a rule has no name",
		"    - name: A\n":                                              "rules.yaml:5:7: a rule needs a filter or a score",
		"    - {name: A, score: \"1\"}\n    - {name: A, score: \"2\"}": "rules.yaml:6:14: two rules are called A",
		"    - {name: A, score: \"1\", weight: 0}\n":                   "weight must be at least 1",
		"    - {name: A, score: \"1\", wieght: 2}\n":                   "did you mean",
	} {
		_, err := loadRules(t, rules)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", rules, err, want)
		}
	}
}

// onNode asks a scenario's only rule about a pod of the app web and a node with
// 2 CPUs of which one pod takes 500m.
func onNode(t *testing.T, rule string) (reason string, score int64, plugin *cluster.CustomPlugin) {
	t.Helper()
	s, err := loadRules(t, rule)
	if err != nil {
		t.Fatal(err)
	}
	plugin = s.Cluster.Rules[0].New()
	half := corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: cluster.DefaultCPU}}
	bound := framework.NewPodInfo(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "db", Labels: map[string]string{"app": "db"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Resources: half}}}})
	node := framework.NewNodeInfo(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"price": "30"}},
		Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{corev1.ResourceCPU: cluster.DefaultCPU, corev1.ResourcePods: cluster.DefaultCPU}}}, bound)
	pod := framework.NewPodInfo(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: map[string]string{"app": "web"}}})
	if plugin.Reject != nil {
		reason = plugin.Reject(pod, node)
	}
	if plugin.Rate != nil {
		score = plugin.Rate(pod, node)
	}
	return reason, score, plugin
}

func TestRuleFilters(t *testing.T) {
	for filter, want := range map[string]string{
		`node.metadata.labels.price == "30"`:                      "",
		`node.metadata.labels.price == "31"`:                      "node(s) didn't satisfy rule A",
		`node.metadata.name != pod.metadata.labels.app`:           "",
		`nodeInfo.requested.cpu < nodeInfo.allocatable.cpu`:       "node(s) didn't satisfy rule A",
		`nodeInfo.free.pods == 3 && nodeInfo.free.cpu == 0`:       "",
		`!nodeInfo.pods.exists(p, p.metadata.labels.app == "db")`: "node(s) didn't satisfy rule A",
		`node.metadata.labels.noise == "low"`:                     "rule A cannot be answered: no such key: noise",
		`node.metadata.labels.price`:                              "rule A cannot be answered: it gives neither true nor false",
		`[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, a + b + c > 0)))`: "",
	} {
		reason, _, _ := onNode(t, "    - name: A\n      filter: '"+filter+"'\n")
		if reason != want {
			t.Errorf("%s: %q, want %q", filter, reason, want)
		}
	}
	long := "[1,2,3,4,5,6,7,8,9,10]"
	endless := "true"
	for _, v := range []string{"a", "b", "c", "d", "e", "f"} {
		endless = long + ".all(" + v + ", " + endless + ")"
	}
	if reason, _, _ := onNode(t, "    - name: A\n      filter: '"+endless+"'\n"); !strings.Contains(reason, "cost limit exceeded") {
		t.Errorf("a million steps: %q", reason)
	}
}

func TestRuleScores(t *testing.T) {
	for score, want := range map[string]int64{
		`100 - int(node.metadata.labels.price)`:                   70,
		`100 * nodeInfo.requested.cpu / nodeInfo.allocatable.cpu`: 100,
		`math.least(nodeInfo.free.pods, 2)`:                       2,
		`12.9`:                                                    12,
		`-0.0 / 0.0`:                                              0,
		`1e300`:                                                   100,
		`node.metadata.labels.noise`:                              0,
		`node.metadata.name`:                                      0,
	} {
		if _, got, _ := onNode(t, "    - name: A\n      score: '"+score+"'\n"); got != want {
			t.Errorf("%s: %d, want %d", score, got, want)
		}
	}
}

func TestWhatRulesLookAt(t *testing.T) {
	for filter, want := range map[string][2]bool{ // node only, final
		`node.metadata.name == "a"`:                                  {true, true},
		`nodeInfo.free.cpu > 0`:                                      {true, false},
		`pod.metadata.name == "web"`:                                 {false, true},
		`nodeInfo.pods.all(p, p.metadata.name != pod.metadata.name)`: {false, false},
	} {
		if _, _, p := onNode(t, "    - name: A\n      filter: '"+filter+"'\n"); p.NodeOnly != want[0] || p.Final != want[1] {
			t.Errorf("%s: node only %t, final %t", filter, p.NodeOnly, p.Final)
		}
	}
}

func TestRulesAreInput(t *testing.T) {
	a, err := loadRules(t, "    - {name: A, score: \"1\"}\n")
	if err != nil {
		t.Fatal(err)
	}
	b, err := loadRules(t, "    - {name: A, score: \"2\"}\n")
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Input()) == string(b.Input()) {
		t.Error("two rules have one input, and so one hash")
	}
}
