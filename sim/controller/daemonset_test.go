package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func daemonSet(name string) *appsv1.DaemonSet {
	l := map[string]string{"app": name}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: l}, UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: l}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}},
		},
	}
}

// onNodes are the nodes that have a daemon's pod, each as often as it has one.
func onNodes(b *bench) string {
	var out []string
	for _, pod := range all[*corev1.Pod](b, api.Pods) {
		if pod.DeletionTimestamp == nil {
			out = append(out, nodeOf(pod))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestDaemonSetFollowsNodes(t *testing.T) {
	b := newBench(t)
	b.latency[api.Pods] = 3 * time.Millisecond
	b.start()
	for _, name := range []string{"n1", "n2", "n3"} {
		addNode(b, name)
	}
	set := daemonSet("agent")
	set.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
	add(b, set)
	b.run(10 * time.Second)
	if got := onNodes(b); got != "n1 n2 n3" {
		t.Fatalf("pods on %s", got)
	}
	s := get[*appsv1.DaemonSet](b, api.DaemonSets, "agent").Status
	if s.DesiredNumberScheduled != 3 || s.CurrentNumberScheduled != 3 || s.NumberReady != 3 || s.NumberAvailable != 3 || s.UpdatedNumberScheduled != 3 || s.NumberMisscheduled != 0 || s.NumberUnavailable != 0 {
		t.Errorf("status %+v", s)
	}
	taint := func(name, key string, effect corev1.TaintEffect) {
		change(b, get[*corev1.Node](b, api.Nodes, name), func(n *corev1.Node) {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Effect: effect})
		})
		b.run(10 * time.Second)
	}
	addNode(b, "n4")
	taint("n1", "dedicated", corev1.TaintEffectNoExecute)                 // tolerated
	taint("n2", corev1.TaintNodeUnreachable, corev1.TaintEffectNoExecute) // daemons always tolerate it
	taint("n3", "other", corev1.TaintEffectNoSchedule)                    // the pod that is there stays
	if got := onNodes(b); got != "n1 n2 n3 n4" {
		t.Errorf("after taints: %s", got)
	}
	if s := get[*appsv1.DaemonSet](b, api.DaemonSets, "agent").Status; s.DesiredNumberScheduled != 3 || s.NumberMisscheduled != 1 {
		t.Errorf("status %+v", s)
	}
	taint("n3", "other", corev1.TaintEffectNoExecute)
	if got := onNodes(b); got != "n1 n2 n4" {
		t.Errorf("after NoExecute: %s", got)
	}
}

func TestDaemonSetHonoursNodeSelectors(t *testing.T) {
	b := newBench(t)
	b.start()
	addNode(b, "n1")
	addNode(b, "n2")
	set := daemonSet("agent")
	set.Spec.Template.Spec.NodeSelector = map[string]string{corev1.LabelTopologyZone: "zone-n2"}
	add(b, set)
	b.run(5 * time.Second)
	if got := onNodes(b); got != "n2" {
		t.Errorf("pods on %s", got)
	}
	change(b, get[*corev1.Node](b, api.Nodes, "n1"), func(n *corev1.Node) { n.Labels[corev1.LabelTopologyZone] = "zone-n2" })
	change(b, get[*corev1.Node](b, api.Nodes, "n2"), func(n *corev1.Node) { n.Labels[corev1.LabelTopologyZone] = "elsewhere" })
	b.run(5 * time.Second)
	if got := onNodes(b); got != "n1" {
		t.Errorf("after the labels have changed: %s", got)
	}
}

func TestDaemonSetUpdatesOneNodeAtATime(t *testing.T) {
	for _, latency := range []time.Duration{0, 3 * time.Millisecond} {
		b := newBench(t)
		b.latency[api.Pods] = latency
		b.start()
		for i := range 5 {
			addNode(b, fmt.Sprintf("n%d", i))
		}
		set := add(b, daemonSet("agent"))
		b.run(10 * time.Second)
		watchRollout(b, 5, 4)
		change(b, set, func(s *appsv1.DaemonSet) { s.Spec.Template.Spec.Containers[0].Image = "v2" })
		b.run(time.Minute)
		for _, pod := range all[*corev1.Pod](b, api.Pods) {
			if pod.Spec.Containers[0].Image != "v2" {
				t.Errorf("%s on %s is old", pod.Name, nodeOf(pod))
			}
		}
		if got := onNodes(b); got != "n0 n1 n2 n3 n4" {
			t.Errorf("pods on %s", got)
		}
	}
}

func TestDaemonSetDoesNotHurryWhatAlwaysFails(t *testing.T) {
	b := newBench(t)
	b.ready, b.gone = -1, 0
	made := 0
	b.observe = append(b.observe, func(old, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && old == nil {
			made++
			b.later(b.engine.Now(), "fail "+pod.Name, func() { b.setPod(pod.Name, corev1.PodFailed, false) })
		}
	})
	b.start()
	addNode(b, "n1")
	add(b, daemonSet("agent"))
	b.run(time.Minute)
	if made < 5 || made > 8 { // after 0, 1, 3, 7, 15, 31 s
		t.Errorf("%d pods in a minute", made)
	}
}

// Whoever binds a daemon's pods past their affinity, to whatever node, does not
// have them made and deleted without pause.
func TestDaemonSetDoesNotHurryWhatGoesAstray(t *testing.T) {
	for _, taint := range []corev1.Taint{{}, {Key: "dedicated", Effect: corev1.TaintEffectNoSchedule}} {
		b := newBench(t)
		b.ready, b.gone = -1, 0
		made := map[string]int{}
		b.observe = append(b.observe, func(old, new api.Object) {
			pod, ok := new.(*corev1.Pod)
			if !ok || old != nil {
				return
			}
			made[meantFor(pod)]++
			b.later(b.engine.Now(), "bind "+pod.Name, func() {
				change(b, get[*corev1.Pod](b, api.Pods, pod.Name), func(pod *corev1.Pod) { pod.Spec.NodeName = "n2" })
			})
		})
		b.start()
		addNode(b, "n1")
		addNode(b, "n2")
		if taint.Key != "" { // no pod of the set may be there
			change(b, get[*corev1.Node](b, api.Nodes, "n2"), func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, taint) })
		}
		add(b, daemonSet("agent"))
		b.run(time.Minute)
		if n := made["n1"]; n < 5 || n > 8 { // after 0, 1, 3, 7, 15, 31 s
			t.Errorf("taint %q: %d pods for n1 in a minute", taint.Key, n)
		}
		if n := made["n2"]; taint.Key == "" && n != 1 {
			t.Errorf("%d pods for n2 in a minute", n)
		}
	}
}

func TestDaemonSetReplacesFailedPods(t *testing.T) {
	b := newBench(t)
	b.start()
	addNode(b, "n1")
	add(b, daemonSet("agent"))
	b.run(5 * time.Second)
	old := all[*corev1.Pod](b, api.Pods)[0]
	b.setPod(old.Name, corev1.PodFailed, false)
	b.run(10 * time.Second)
	pods := all[*corev1.Pod](b, api.Pods)
	if len(pods) != 1 || pods[0].UID == old.UID {
		t.Errorf("%d pods", len(pods))
	}
	want := "FailedDaemonPod: Found failed daemon pod default/" + old.Name + " on node n1, will try to kill it"
	if events := b.events("agent"); !slices.Contains(events, want) {
		t.Errorf("events %q", events)
	}
}
