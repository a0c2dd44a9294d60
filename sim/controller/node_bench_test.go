package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

// machines are kubelets that do nothing but renew their leases every ten seconds.
type machines struct {
	*bench
	dead map[string]bool
}

func newMachines(t *testing.T) *machines {
	t.Helper()
	m := &machines{bench: newBench(t), dead: map[string]bool{}}
	m.ready, m.gone = -1, 1000*time.Hour
	m.engine.Register("machines", engine.ActorFunc(m.heartbeat))
	return m
}

// node adds a machine whose first heartbeat comes after first.
func (m *machines) node(name string, first time.Duration, adjust func(*corev1.Node)) *corev1.Node {
	m.t.Helper()
	now := metav1.NewTime(m.engine.Clock())
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, t := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeReady} {
		status := corev1.ConditionFalse
		if t == corev1.NodeReady {
			status = corev1.ConditionTrue
		}
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: t, Status: status, LastHeartbeatTime: now, LastTransitionTime: now})
	}
	if adjust != nil {
		adjust(n)
	}
	stored := add(m.bench, n)
	add(m.bench, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: name}})
	m.engine.After(first, engine.Work{Actor: "machines", Kind: "beat", Key: name})
	return stored
}

// beat is the record of a heartbeat.
type beat struct{ Node string }

func (beat) Kind() string { return "heartbeat" }

func (m *machines) heartbeat(w engine.Work) {
	if m.dead[w.Key] {
		return
	}
	m.trace.Then(beat{w.Key})
	_, err := api.Patch(m.bench, api.Leases, api.Key{Namespace: corev1.NamespaceNodeLease, Name: w.Key}, func(l *coordinationv1.Lease) error {
		now := metav1.NewMicroTime(m.engine.Clock())
		l.Spec.RenewTime = &now
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.engine.After(10*time.Second, w)
}

// revive has a machine's kubelet come back: it posts Ready and renews its lease again.
func (m *machines) revive(name string) {
	delete(m.dead, name)
	_, err := api.PatchStatus(m.bench, api.Nodes, api.Key{Name: name}, func(n *corev1.Node) error {
		for i := range n.Status.Conditions {
			c := &n.Status.Conditions[i]
			c.Status, c.LastHeartbeatTime = corev1.ConditionFalse, metav1.NewTime(m.engine.Clock())
			if c.Type == corev1.NodeReady {
				c.Status = corev1.ConditionTrue
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.engine.After(0, engine.Work{Actor: "machines", Kind: "beat", Key: name})
}

// startNodes runs a manager with the node controllers only.
func (m *machines) startNodes() *component.Process {
	p := m.process()
	addNodeControllers(p, newCaches(p), DefaultOptions())
	p.Start()
	return p
}

// pod adds a running pod on a node that tolerates losing it for 300 s, as admission has it.
func (m *machines) pod(name, node string, adjust func(*corev1.Pod)) *corev1.Pod {
	m.t.Helper()
	seconds := int64(300)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{NodeName: node, Tolerations: []corev1.Toleration{
			{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds},
			{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds},
		}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
	if adjust != nil {
		adjust(pod)
	}
	return add(m.bench, pod)
}

func (m *machines) taint(node string, taints ...corev1.Taint) {
	change(m.bench, get[*corev1.Node](m.bench, api.Nodes, node), func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, taints...) })
}

// timeline is what has been told by some controllers, as "seconds sentence".
func (b *bench) timeline(controllers ...string) []string {
	var out []string
	for _, r := range b.records {
		var said string
		switch body := r.Body.(type) {
		case component.Reconciled:
			if len(controllers) > 0 && !slices.Contains(controllers, body.Controller) {
				continue
			}
			said = body.Tell()
		case ZoneState:
			said = body.Tell()
		case component.Failure:
			if len(controllers) > 0 && !slices.Contains(controllers, body.Controller) {
				continue
			}
			said = body.Tell()
		default:
			continue
		}
		if said != "" {
			out = append(out, trace.Seconds(r.Time)+" "+said)
		}
	}
	return out
}

// wantLines compares two lists and shows where they part.
func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// taints are the taints of a node, as kubectl writes them.
func (b *bench) taints(node string) string {
	return tellTaints(get[*corev1.Node](b, api.Nodes, node).Spec.Taints)
}

// readiness is status, reason and message of a node's Ready condition.
func (b *bench) readiness(node string) string {
	c := nodeCondition(get[*corev1.Node](b, api.Nodes, node), corev1.NodeReady)
	return fmt.Sprintf("%s %s %s", c.Status, c.Reason, c.Message)
}

// virtual is the virtual time of a date.
func (b *bench) virtual(t metav1.Time) time.Duration { return b.engine.Now() - b.engine.Since(t.Time) }
