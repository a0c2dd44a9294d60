package controller

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/trace"
)

func toleration(key string, seconds int64) corev1.Toleration {
	t := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}
	if seconds >= 0 {
		t.TolerationSeconds = &seconds
	}
	return t
}

func noExecute(keys ...string) []corev1.Taint {
	var out []corev1.Taint
	for _, k := range keys {
		out = append(out, corev1.Taint{Key: k, Effect: corev1.TaintEffectNoExecute})
	}
	return out
}

const forEver = -1

func TestHowLongAPodStaysUnderTaints(t *testing.T) {
	for _, c := range []struct {
		name        string
		tolerations []corev1.Toleration
		taints      []corev1.Taint
		want        string // when it is deleted, "" never
	}{
		{"not tolerated", nil, noExecute("a"), "10"},
		{"tolerated for a time", []corev1.Toleration{toleration("a", 30)}, noExecute("a"), "40"},
		{"tolerated for ever", []corev1.Toleration{toleration("a", forEver)}, noExecute("a"), ""},
		{"tolerated for no time", []corev1.Toleration{toleration("a", 0)}, noExecute("a"), "10"},
		{"tolerated for less than no time", []corev1.Toleration{toleration("a", -5), toleration("a", forEver)}, noExecute("a"), ""},
		{"the shortest counts", []corev1.Toleration{toleration("a", 30), toleration("b", 20)}, noExecute("a", "b"), "30"},
		{"for ever and for a time", []corev1.Toleration{toleration("a", forEver), toleration("b", 20)}, noExecute("a", "b"), "30"},
		{"one of two is not tolerated", []corev1.Toleration{toleration("a", forEver)}, noExecute("a", "b"), "10"},
		{"the first that matches counts", []corev1.Toleration{toleration("a", 50), toleration("a", 20)}, noExecute("a"), "60"},
		{"another effect", nil, []corev1.Taint{{Key: "a", Effect: corev1.TaintEffectNoSchedule}}, ""},
		{"everything is tolerated", []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, noExecute("a", "b"), ""},
		{"another value", []corev1.Toleration{{Key: "a", Value: "x"}}, []corev1.Taint{{Key: "a", Value: "y", Effect: corev1.TaintEffectNoExecute}}, "10"},
	} {
		m := newMachines(t)
		m.startNodes()
		m.node("n", 0, nil)
		m.pod("web", "n", func(pod *corev1.Pod) { pod.Spec.Tolerations = c.tolerations })
		m.run(10 * time.Second)
		m.taint("n", c.taints...)
		m.run(100 * time.Second)
		got := ""
		if d := get[*corev1.Pod](m.bench, api.Pods, "web").DeletionTimestamp; d != nil {
			got = trace.Seconds(m.virtual(*d))
		}
		if got != c.want {
			t.Errorf("%s: deleted at %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEvictionIsCancelled(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*machines)
		want   string
	}{
		{"the taint is gone", func(m *machines) {
			change(m.bench, get[*corev1.Node](m.bench, api.Nodes, "n"), func(n *corev1.Node) { n.Spec.Taints = nil })
		}, "TaintManagerEviction: Cancelling deletion of Pod default/web"},
		{"the pod tolerates it for ever now", func(m *machines) {
			change(m.bench, get[*corev1.Pod](m.bench, api.Pods, "web"), func(p *corev1.Pod) { p.Spec.Tolerations = []corev1.Toleration{toleration("a", forEver)} })
		}, "TaintManagerEviction: Cancelling deletion of Pod default/web"},
		{"the pod is gone", func(m *machines) { m.remove(api.Pods, api.Key{Namespace: "default", Name: "web"}) },
			"TaintManagerEviction: Cancelling deletion of Pod default/web"},
	} {
		m := newMachines(t)
		m.startNodes()
		m.node("n", 0, nil)
		m.pod("web", "n", func(pod *corev1.Pod) { pod.Spec.Tolerations = []corev1.Toleration{toleration("a", 30)} })
		m.taint("n", noExecute("a")...)
		m.run(20 * time.Second)
		c.change(m)
		m.run(100 * time.Second)
		if pod, ok := m.objects[api.Pods][api.Key{Namespace: "default", Name: "web"}]; ok && pod.GetDeletionTimestamp() != nil {
			t.Errorf("%s: it was deleted all the same", c.name)
		}
		wantLines(t, m.events("web"), c.want)
	}
}

func TestATaintThatIsNotToleratedEndsTheWait(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("n", 0, nil)
	m.pod("web", "n", func(pod *corev1.Pod) { pod.Spec.Tolerations = []corev1.Toleration{toleration("a", 300)} })
	m.taint("n", noExecute("a")...)
	m.run(20 * time.Second)
	m.taint("n", noExecute("b")...)
	m.run(time.Second)
	if d := get[*corev1.Pod](m.bench, api.Pods, "web").DeletionTimestamp; d == nil || m.virtual(*d) != 20*time.Second {
		t.Errorf("deleted at %v", d)
	}
	wantLines(t, m.events("web"), "TaintManagerEviction: Cancelling deletion of Pod default/web", "TaintManagerEviction: Marking for deletion Pod default/web")
}

func TestPodThatIsBoundToATaintedNode(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("n", 0, func(n *corev1.Node) { n.Spec.Taints = noExecute("a") })
	m.run(10 * time.Second)
	pod := m.pod("web", "", func(pod *corev1.Pod) { pod.Spec.Tolerations = []corev1.Toleration{toleration("a", 30)} })
	m.run(10 * time.Second)
	change(m.bench, pod, func(pod *corev1.Pod) { pod.Spec.NodeName = "n" })
	m.run(100 * time.Second)
	if d := get[*corev1.Pod](m.bench, api.Pods, "web").DeletionTimestamp; d == nil || m.virtual(*d) != 50*time.Second {
		t.Errorf("deleted at %v", d)
	}
}

func TestEvictionSurvivesFailuresAndRestarts(t *testing.T) {
	conflict := apierrors.NewConflict(api.Pods.GroupResource(), "web", errors.New("changed"))
	for _, c := range []struct {
		name    string
		err     error
		restart bool
	}{{"conflict", conflict, false}, {"unreachable", api.ErrUnreachable, false}, {"stopped after the first write", api.ErrStopped, true}} {
		m := newMachines(t)
		p := m.startNodes()
		m.node("n", 0, nil)
		m.pod("web", "n", func(pod *corev1.Pod) { pod.Spec.Tolerations = []corev1.Toleration{toleration("a", 30)} })
		m.taint("n", noExecute("a")...)
		failed := 0
		m.refuse = func(r api.Request) error {
			if r.Resource == api.Pods && r.Verb == api.VerbDelete && failed < 7 {
				failed++
				return c.err
			}
			return nil
		}
		m.run(30 * time.Second)
		if c.restart {
			p.Stop()
			m.run(5 * time.Second)
			failed = 100
			m.startNodes()
		}
		m.run(40 * time.Second)
		pod := get[*corev1.Pod](m.bench, api.Pods, "web")
		if pod.DeletionTimestamp == nil || failed < 7 {
			t.Errorf("%s: after %d failures the pod is still there", c.name, failed)
		}
		if c.restart && m.virtual(*pod.DeletionTimestamp) != 65*time.Second {
			t.Errorf("%s: deleted at %s; a restart begins the time anew", c.name, m.virtual(*pod.DeletionTimestamp))
		}
		if len(pod.Status.Conditions) != 2 {
			t.Errorf("%s: conditions %+v", c.name, pod.Status.Conditions)
		}
	}
}
