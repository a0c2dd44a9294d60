package controller

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// removals notes when pods disappear.
func (m *machines) removals() map[string]time.Duration {
	at := map[string]time.Duration{}
	m.observe = append(m.observe, func(old, new api.Object) {
		if pod, ok := old.(*corev1.Pod); ok && new == nil {
			at[pod.Name] = m.engine.Now()
		}
	})
	return at
}

func deleting(pod *corev1.Pod) { now := metav1.Now(); pod.DeletionTimestamp = &now }

func TestPodGCOfMachinesThatAreOff(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", time.Second, nil)
	m.node("b", time.Second, nil)
	m.pod("forced", "b", nil)
	m.pod("tolerant", "b", func(pod *corev1.Pod) {
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	})
	m.pod("elsewhere", "a", deleting)
	at := m.removals()
	m.run(60 * time.Second)
	m.dead["b"] = true
	m.run(450 * time.Second) // "forced" is terminating since 415 s
	if len(at) != 0 {
		t.Errorf("removed before anybody had vouched for anything: %v", at)
	}
	var last corev1.PodStatus
	m.observe = append(m.observe, func(_, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && pod.Name == "forced" {
			last = pod.Status
		}
	})
	m.taint("b", corev1.Taint{Key: corev1.TaintNodeOutOfService, Value: "nodeshutdown", Effect: corev1.TaintEffectNoExecute})
	m.run(60 * time.Second)
	if len(at) != 1 || at["forced"] != 520*time.Second {
		t.Errorf("removed %v, want forced at 520 s, the next round", at)
	}
	if last.Phase != corev1.PodFailed {
		t.Errorf("it went in phase %s", last.Phase)
	}
}

func TestPodGCOfOrphans(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", 0, nil)
	m.node("gone", 0, nil)
	m.node("back", 0, nil)
	m.pod("web", "gone", nil)
	m.pod("lucky", "back", nil)
	at := m.removals()
	m.run(30 * time.Second)
	m.dead["gone"], m.dead["back"] = true, true
	var last corev1.PodStatus
	m.observe = append(m.observe, func(_, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && pod.Name == "web" {
			last = pod.Status
		}
	})
	m.remove(api.Nodes, api.Key{Name: "gone"})
	m.remove(api.Nodes, api.Key{Name: "back"})
	m.run(40 * time.Second)
	add(m.bench, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "back"}})
	m.run(60 * time.Second)
	if len(at) != 1 || at["web"] != 80*time.Second { // missed at 40, quarantine until 80
		t.Errorf("removed %v, want web at 80 s", at)
	}
	c := slices.IndexFunc(last.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.DisruptionTarget })
	if last.Phase != corev1.PodFailed || c < 0 || last.Conditions[c].Reason != "DeletionByPodGC" || last.Conditions[c].Message != "PodGC: node no longer exists" {
		t.Errorf("it went with the status %+v", last)
	}
}

func TestPodGCKeepsTheYoungestOfThoseThatEnded(t *testing.T) {
	m := newMachines(t)
	p := m.process()
	o := DefaultOptions()
	o.TerminatedPodGCThreshold = 3
	addNodeControllers(p, newCaches(p), o)
	p.Start()
	m.node("a", 0, nil)
	at := m.removals()
	for i := range 6 {
		m.pod(fmt.Sprintf("job-%d", i), "a", func(pod *corev1.Pod) {
			pod.Status.Phase = corev1.PodSucceeded
			if i == 4 {
				pod.Status.Phase, pod.Status.Reason = corev1.PodFailed, "Evicted"
			}
		})
		m.run(time.Second)
	}
	m.run(60 * time.Second)
	if len(at) != 3 || at["job-0"] == 0 || at["job-1"] == 0 || at["job-4"] != 20*time.Second {
		t.Errorf("removed %v, want the evicted one and the two oldest at 20 s", at)
	}
}

func TestPodGCOfPodsThatWereNeverBound(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	at := m.removals()
	m.run(5 * time.Second)
	m.pod("pending", "", deleting)
	m.run(60 * time.Second)
	if at["pending"] != 20*time.Second {
		t.Errorf("removed %v, want pending at 20 s", at)
	}
}

func TestPodGCTriesAgainInTheNextRound(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	at := m.removals()
	m.run(5 * time.Second)
	m.refuse = func(r api.Request) error {
		if r.Verb == api.VerbDelete && m.engine.Now() < 50*time.Second {
			return api.ErrUnreachable
		}
		return nil
	}
	m.pod("pending", "", deleting)
	m.run(100 * time.Second)
	if at["pending"] != 60*time.Second {
		t.Errorf("removed %v, want pending at 60 s", at)
	}
}

func TestPodGCSleepsWhenThereIsNothingToDo(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.run(time.Hour)
	if n := m.engine.Steps(); n > 2 {
		t.Errorf("%d steps in an empty cluster, want the first rounds only", n)
	}
}
