package plugins

import (
	"slices"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/scheduler/framework"
)

type nodeOption func(*v1.Node)
type podOption func(*v1.Pod)

// aNode has 4 CPUs, 8Gi and room for 10 pods.
func aNode(name string, options ...nodeOption) *v1.Node {
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1.LabelHostname: name}}}
	n.Status.Allocatable = list("cpu", "4", "memory", "8Gi", "pods", "10")
	for _, o := range options {
		o(n)
	}
	return n
}

// aPod has one container without requests.
func aPod(name string, options ...podOption) *v1.Pod {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}}
	p.Spec.Containers = []v1.Container{{Name: "main", Image: "app"}}
	for _, o := range options {
		o(p)
	}
	return p
}

// list makes a resource list from names and quantities in turn.
func list(pairs ...string) v1.ResourceList {
	l := make(v1.ResourceList)
	for i := 0; i < len(pairs); i += 2 {
		l[v1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return l
}

func offers(pairs ...string) nodeOption {
	return func(n *v1.Node) { n.Status.Allocatable = list(pairs...) }
}
func requests(pairs ...string) podOption {
	return func(p *v1.Pod) { p.Spec.Containers[0].Resources.Requests = list(pairs...) }
}
func nodeLabels(pairs ...string) nodeOption {
	return func(n *v1.Node) {
		for i := 0; i < len(pairs); i += 2 {
			n.Labels[pairs[i]] = pairs[i+1]
		}
	}
}
func podLabels(pairs ...string) podOption {
	return func(p *v1.Pod) {
		p.Labels = make(map[string]string)
		for i := 0; i < len(pairs); i += 2 {
			p.Labels[pairs[i]] = pairs[i+1]
		}
	}
}
func tainted(key, value string, effect v1.TaintEffect) nodeOption {
	return func(n *v1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: key, Value: value, Effect: effect})
	}
}
func tolerates(t ...v1.Toleration) podOption { return func(p *v1.Pod) { p.Spec.Tolerations = t } }
func priority(value int32) podOption         { return func(p *v1.Pod) { p.Spec.Priority = &value } }

// world is a cluster for one table case: nodes, what else there is, and bound
// pods by node.
type world struct {
	nodes   []*v1.Node
	objects []runtime.Object
	bound   map[string][]*v1.Pod
}

func (w world) view() *framework.Snapshot {
	view := framework.NewSnapshot()
	for _, o := range w.objects {
		view.SetObject(o)
	}
	for _, n := range w.nodes {
		view.SetNode(n)
		for _, p := range w.bound[n.Name] {
			view.AddPod(framework.NewPodInfo(p), n.Name)
		}
	}
	return view
}

// verdict is what a case expects of a node: a code and reasons, or nothing.
type verdict struct {
	code    framework.Code
	reasons []string
}

var fits = verdict{}

// unresolvable and unschedulable are rejections.
func unresolvable(reasons ...string) verdict {
	return verdict{framework.UnschedulableAndUnresolvable, reasons}
}
func unschedulable(reasons ...string) verdict { return verdict{framework.Unschedulable, reasons} }

// only is a profile with nothing but one plugin and what a profile needs.
func only(t *testing.T, plugin framework.Plugin) *framework.Profile {
	t.Helper()
	profile, err := framework.NewProfile("test", framework.Weighted{Plugin: plugin, Weight: 1},
		framework.Weighted{Plugin: PrioritySort{}}, framework.Weighted{Plugin: DefaultBinder{}})
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// checkFilter asks one plugin about a pod on every node of a world, in the
// order of their names.
func checkFilter(t *testing.T, plugin framework.Plugin, w world, pod *v1.Pod, want ...verdict) {
	t.Helper()
	e := only(t, plugin).Evaluate(w.view(), framework.NewPodInfo(pod))
	for i, v := range e.Verdicts {
		var got verdict
		if v != nil {
			got = verdict{v.Code, v.Reasons}
			if v.Plugin != plugin.Name() {
				t.Errorf("rejected by %q", v.Plugin)
			}
		}
		if got.code != want[i].code || !slices.Equal(got.reasons, want[i].reasons) {
			t.Errorf("%s: got %v, want %v", w.nodes[i].Name, got, want[i])
		}
	}
}

// checkScores compares the raw and the normalised scores of every node, in the
// order of their names; nil means that the plugin has nothing to say.
func checkScores(t *testing.T, plugin framework.Plugin, w world, pod *v1.Pod, raw, normalized []int64) {
	t.Helper()
	e := only(t, plugin).Evaluate(w.view(), framework.NewPodInfo(pod))
	if len(e.Columns) == 0 {
		if raw != nil {
			t.Errorf("skipped")
		}
		return
	}
	if !slices.Equal(e.Columns[0].Raw, raw) || !slices.Equal(e.Columns[0].Normalized, normalized) {
		t.Errorf("raw %v, normalised %v, want %v and %v", e.Columns[0].Raw, e.Columns[0].Normalized, raw, normalized)
	}
}
