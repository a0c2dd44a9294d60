package controller

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
)

func budget(name, app string, minAvailable, maxUnavailable string) *policyv1.PodDisruptionBudget {
	b := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}},
	}
	if minAvailable != "" {
		v := intstr.Parse(minAvailable)
		b.Spec.MinAvailable = &v
	}
	if maxUnavailable != "" {
		v := intstr.Parse(maxUnavailable)
		b.Spec.MaxUnavailable = &v
	}
	return b
}

// budgetText is "healthy of expected, desired, allowed; reason".
func budgetText(b *bench, name string) string {
	s := get[*policyv1.PodDisruptionBudget](b, api.PodDisruptionBudgets, name).Status
	return fmt.Sprintf("%d of %d healthy, %d desired, %d allowed; %s", s.CurrentHealthy, s.ExpectedPods, s.DesiredHealthy, s.DisruptionsAllowed, s.Conditions[0].Reason)
}

func TestBudgets(t *testing.T) {
	for _, c := range []struct {
		min, max string
		replicas int32
		notReady int
		want     string
	}{
		{"2", "", 3, 0, "3 of 3 healthy, 2 desired, 1 allowed; SufficientPods"},
		{"3", "", 3, 0, "3 of 3 healthy, 3 desired, 0 allowed; InsufficientPods"},
		{"2", "", 3, 2, "1 of 3 healthy, 2 desired, 0 allowed; InsufficientPods"},
		{"50%", "", 3, 0, "3 of 3 healthy, 2 desired, 1 allowed; SufficientPods"},
		{"", "1", 4, 1, "3 of 4 healthy, 3 desired, 0 allowed; InsufficientPods"},
		{"", "50%", 3, 0, "3 of 3 healthy, 1 desired, 2 allowed; SufficientPods"},
		{"", "5", 3, 0, "3 of 3 healthy, 0 desired, 3 allowed; SufficientPods"},
	} {
		t.Run(fmt.Sprintf("min %s max %s of %d, %d not ready", c.min, c.max, c.replicas, c.notReady), func(t *testing.T) {
			b := newBench(t)
			b.start()
			add(b, budget("pdb", "app", c.min, c.max))
			add(b, deployment("app", c.replicas))
			b.run(10 * time.Second)
			for _, pod := range all[*corev1.Pod](b, api.Pods)[:c.notReady] {
				b.setPod(pod.Name, corev1.PodRunning, false)
			}
			b.run(time.Second)
			if got := budgetText(b, "pdb"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBudgetCountsAnEvictionUntilItIsDone(t *testing.T) {
	b := newBench(t)
	b.start()
	pdb := add(b, budget("pdb", "app", "1", ""))
	add(b, deployment("app", 3))
	b.run(10 * time.Second)
	victim := all[*corev1.Pod](b, api.Pods)[0].Name
	allow := func() {
		_, err := api.PatchStatus(b, api.PodDisruptionBudgets, api.KeyOf(pdb), func(p *policyv1.PodDisruptionBudget) error {
			p.Status.DisruptionsAllowed--
			p.Status.DisruptedPods = map[string]metav1.Time{victim: metaTime(b.engine.Clock())}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	allow()
	b.run(time.Minute)
	if got := budgetText(b, "pdb"); got != "2 of 3 healthy, 1 desired, 1 allowed; SufficientPods" {
		t.Errorf("while it is awaited: %s", got)
	}
	b.run(2 * time.Minute)
	if got := budgetText(b, "pdb"); got != "3 of 3 healthy, 1 desired, 2 allowed; SufficientPods" {
		t.Errorf("when it did not come: %s", got)
	}
	if events := b.events(victim); !slices.Contains(events, "NotDeleted: Pod was expected by PDB default/pdb to be deleted but it wasn't") {
		t.Errorf("events %q", events)
	}
}

func TestBudgetIsSafeWhenPodsCannotBeCounted(t *testing.T) {
	b := newBench(t)
	b.start()
	add(b, budget("pdb", "work", "", "1"))
	j := job("work", 2, 2)
	j.Spec.Template.Labels["app"] = "work"
	add(b, j)
	b.run(5 * time.Second)
	if got := budgetText(b, "pdb"); got != "0 of 0 healthy, 0 desired, 0 allowed; SyncFailed" {
		t.Errorf("got %s", got)
	}
}
