package apiserver

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestBind(t *testing.T) {
	l := newLab(t, Latency{})
	node := newNode("n1")
	node.Labels = map[string]string{corev1.LabelTopologyZone: "z1"}
	must[*corev1.Node](t)(api.Create(l.admin, node))
	p := must[*corev1.Pod](t)(api.Create(l.admin, newPod("a")))
	if err := api.Bind(l.client("system:kube-scheduler"), podKey("a"), p.UID, "n1"); err != nil {
		t.Fatal(err)
	}
	p = must[*corev1.Pod](t)(api.Get[*corev1.Pod](l.admin, api.Pods, podKey("a")))
	c := p.Status.Conditions
	if p.Spec.NodeName != "n1" || len(c) != 1 || c[0].Type != corev1.PodScheduled || c[0].Status != corev1.ConditionTrue || !c[0].LastTransitionTime.Equal(ptr(l.server.now())) {
		t.Errorf("bound: %q %+v", p.Spec.NodeName, c)
	}
	if p.Generation != 1 || p.Labels[corev1.LabelTopologyZone] != "z1" {
		t.Errorf("generation %d, labels %v", p.Generation, p.Labels)
	}
}

func TestBindRefusals(t *testing.T) {
	l := newLab(t, Latency{})
	bound := must[*corev1.Pod](t)(api.Create(l.admin, newPod("bound")))
	if err := api.Bind(l.admin, podKey("bound"), bound.UID, "n1"); err != nil {
		t.Fatal(err)
	}
	gated := newPod("gated")
	gated.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/hold"}}
	must[*corev1.Pod](t)(api.Create(l.admin, gated))
	dying := newPod("dying")
	dying.Finalizers = []string{"example.com/hold"}
	must[*corev1.Pod](t)(api.Create(l.admin, dying))
	if err := api.Delete(l.admin, api.Pods, podKey("dying"), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	const cannot = `Operation cannot be fulfilled on pods/binding `
	wantStatus(t, api.Bind(l.admin, podKey("bound"), bound.UID, "n1"), 409, metav1.StatusReasonConflict, cannot+`"bound": pod bound is already assigned to node "n1"`)
	wantStatus(t, api.Bind(l.admin, podKey("bound"), "", "n2"), 409, metav1.StatusReasonConflict, cannot+`"bound": pod bound is already assigned to node "n1"`)
	wantStatus(t, api.Bind(l.admin, podKey("gated"), "", "n1"), 409, metav1.StatusReasonConflict, cannot+`"gated": pod gated has non-empty .spec.schedulingGates`)
	wantStatus(t, api.Bind(l.admin, podKey("dying"), "", "n1"), 409, metav1.StatusReasonConflict, cannot+`"dying": pod dying is being deleted, cannot be assigned to a host`)
	wantStatus(t, api.Bind(l.admin, podKey("nothing"), "", "n1"), 404, metav1.StatusReasonNotFound, `pods "nothing" not found`)
	wantStatus(t, api.Bind(l.admin, podKey("gated"), "other", "n1"), 409, metav1.StatusReasonConflict, fmt.Sprintf(
		`Operation cannot be fulfilled on pods "gated": StorageError: invalid object, Code: 4, Key: /registry/pods/default/gated, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: %s`,
		l.server.Get(api.Pods, podKey("gated")).GetUID()))
	_, err := l.admin.Do(api.Request{Verb: api.VerbCreate, Resource: api.Pods, Subresource: "binding", Key: podKey("gated"), Object: &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "gated"}, Target: corev1.ObjectReference{Kind: "Machine", Name: "n1"},
	}})
	wantStatus(t, err, 500, "", `target.kind: Unsupported value: "Machine": supported values: "Node", "<empty>"`)
}

// eviction asks for the pod "a" to be evicted.
func eviction(l *lab) error {
	_, err := l.admin.Do(api.Request{Verb: api.VerbCreate, Resource: api.Pods, Subresource: "eviction", Key: podKey("a"),
		Object: &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a"}}})
	return err
}

func TestEviction(t *testing.T) {
	const refused = "Cannot evict pod as it would violate the pod's disruption budget."
	budget := func(allowed int32, change func(*policyv1.PodDisruptionBudget)) *policyv1.PodDisruptionBudget {
		b := &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "b"},
			Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
			Status:     policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1, DisruptionsAllowed: allowed, DesiredHealthy: 1, CurrentHealthy: 1 + allowed, ExpectedPods: 1 + allowed},
		}
		if change != nil {
			change(b)
		}
		return b
	}
	for _, c := range []struct {
		name    string
		budgets []*policyv1.PodDisruptionBudget
		phase   corev1.PodPhase
		ready   bool
		code    int32 // 0: evicted
		cause   string
		left    int32 // disruptions that the budget still allows
	}{
		{"without a budget", nil, corev1.PodRunning, true, 0, "", 0},
		{"allowed", []*policyv1.PodDisruptionBudget{budget(2, nil)}, corev1.PodRunning, true, 0, "", 1},
		{"the last one allowed", []*policyv1.PodDisruptionBudget{budget(1, nil)}, corev1.PodRunning, true, 0, "", 0},
		{"none allowed", []*policyv1.PodDisruptionBudget{budget(0, nil)}, corev1.PodRunning, true, 429, "The disruption budget b needs 1 healthy pods and has 1 currently", 0},
		{"a pod that is not running needs no budget", []*policyv1.PodDisruptionBudget{budget(0, nil)}, corev1.PodPending, false, 0, "", 0},
		{"a pod that is not ready takes nothing", []*policyv1.PodDisruptionBudget{budget(0, nil)}, corev1.PodRunning, false, 0, "", 0},
		{"a pod that is not ready, too few others", []*policyv1.PodDisruptionBudget{budget(0, func(b *policyv1.PodDisruptionBudget) { b.Status.CurrentHealthy = 0 })},
			corev1.PodRunning, false, 429, "The disruption budget b needs 1 healthy pods and has 0 currently", 0},
		{"a pod that is not ready may always go", []*policyv1.PodDisruptionBudget{budget(0, func(b *policyv1.PodDisruptionBudget) {
			b.Status.CurrentHealthy, b.Spec.UnhealthyPodEvictionPolicy = 0, ptr(policyv1.AlwaysAllow)
		})}, corev1.PodRunning, false, 0, "", 0},
		{"not yet observed", []*policyv1.PodDisruptionBudget{budget(1, func(b *policyv1.PodDisruptionBudget) { b.Status.ObservedGeneration = 0 })},
			corev1.PodRunning, true, 429, "The disruption budget b is still being processed by the server.", 1},
		{"two budgets", []*policyv1.PodDisruptionBudget{budget(1, nil), budget(1, func(b *policyv1.PodDisruptionBudget) { b.Name = "c" })},
			corev1.PodRunning, true, 500, "", 1},
		{"a budget for others", []*policyv1.PodDisruptionBudget{budget(0, func(b *policyv1.PodDisruptionBudget) { b.Spec.Selector.MatchLabels["app"] = "db" })},
			corev1.PodRunning, true, 0, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, Latency{})
			p := newPod("a")
			p.Labels = map[string]string{"app": "web"}
			p = must[*corev1.Pod](t)(api.Create(l.admin, p))
			if err := api.Bind(l.admin, podKey("a"), p.UID, "n1"); err != nil {
				t.Fatal(err)
			}
			must[*corev1.Pod](t)(api.PatchStatus(l.admin, api.Pods, podKey("a"), func(p *corev1.Pod) error {
				p.Status.Phase = c.phase
				if c.ready {
					p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
				}
				return nil
			}))
			for _, b := range c.budgets {
				must[*policyv1.PodDisruptionBudget](t)(api.Create(l.admin, b))
				must[*policyv1.PodDisruptionBudget](t)(api.PatchStatus(l.admin, api.PodDisruptionBudgets, api.KeyOf(b), func(o *policyv1.PodDisruptionBudget) error {
					o.Status = b.Status
					return nil
				}))
			}
			err := eviction(l)
			p = must[*corev1.Pod](t)(api.Get[*corev1.Pod](l.admin, api.Pods, podKey("a")))
			switch c.code {
			case 0:
				if err != nil || p.DeletionTimestamp == nil || p.Status.Conditions[len(p.Status.Conditions)-1].Reason != "EvictionByEvictionAPI" {
					t.Errorf("%v, %+v", err, p)
				}
			case 429:
				wantStatus(t, err, 429, metav1.StatusReasonTooManyRequests, refused)
				if got := causeOf(err); got != c.cause {
					t.Errorf("cause %q", got)
				}
			case 500:
				wantStatus(t, err, 500, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
			}
			if c.code != 0 && p.DeletionTimestamp != nil {
				t.Error("it was evicted nevertheless")
			}
			if len(c.budgets) > 0 {
				b := must[*policyv1.PodDisruptionBudget](t)(api.Get[*policyv1.PodDisruptionBudget](l.admin, api.PodDisruptionBudgets, api.KeyOf(c.budgets[0])))
				_, marked := b.Status.DisruptedPods["a"]
				if b.Status.DisruptionsAllowed != c.left || marked != (c.left < c.budgets[0].Status.DisruptionsAllowed) {
					t.Errorf("%d disruptions left, marked: %v", b.Status.DisruptionsAllowed, marked)
				}
			}
		})
	}
}
