package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestQuotaIsCounted(t *testing.T) {
	b := newBench(t)
	b.start()
	add(b, deployment("web", 2))
	add(b, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}})
	b.run(5 * time.Second)
	hard := corev1.ResourceList{"pods": resource.MustParse("9"), "configmaps": resource.MustParse("3"), "count/deployments.apps": resource.MustParse("1"), "services": resource.MustParse("5")}
	q := add(b, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: hard}})
	scoped := add(b, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: corev1.ResourceQuotaSpec{
		Hard: corev1.ResourceList{"pods": resource.MustParse("1")}, Scopes: []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeTerminating},
	}})
	check := func(when string, q *corev1.ResourceQuota, want map[corev1.ResourceName]int64) {
		t.Helper()
		s := get[*corev1.ResourceQuota](b, api.ResourceQuotas, q.Name).Status
		if !sameAmounts(s.Hard, q.Spec.Hard) || len(s.Used) != len(want) {
			t.Errorf("%s: %+v", when, s)
		}
		for name, n := range want {
			if have := s.Used[name]; have.Value() != n {
				t.Errorf("%s: %s of %s instead of %d", when, have.String(), name, n)
			}
		}
	}
	b.run(time.Second)
	check("at first", q, map[corev1.ResourceName]int64{"pods": 2, "configmaps": 1, "count/deployments.apps": 1, "services": 0})
	check("within its scope", scoped, map[corev1.ResourceName]int64{"pods": 0})
	b.delete(get[*corev1.ConfigMap](b, api.ConfigMaps, "a"), metav1.DeletePropagationBackground)
	change(b, all[*corev1.Pod](b, api.Pods)[0], func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })
	b.run(500 * time.Millisecond)
	if s := get[*corev1.ResourceQuota](b, api.ResourceQuotas, "q").Status; s.Used.Name("configmaps", "").Value() != 0 {
		t.Errorf("a config map that is gone is still counted: %+v", s.Used)
	}
	q = change(b, get[*corev1.ResourceQuota](b, api.ResourceQuotas, "q"), func(q *corev1.ResourceQuota) {
		q.Spec.Hard = corev1.ResourceList{"secrets": resource.MustParse("1")}
	})
	b.run(time.Second)
	check("with another spec", q, map[corev1.ResourceName]int64{"secrets": 0})
}

func TestClusterRolesAreAggregated(t *testing.T) {
	b := newBench(t)
	b.start()
	rule := func(resource string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{resource}}}
	}
	part := func(name, resource string) *rbacv1.ClusterRole {
		return &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"part": "yes"}}, Rules: rule(resource)}
	}
	add(b, &rbacv1.ClusterRole{
		ObjectMeta:      metav1.ObjectMeta{Name: "whole", Labels: map[string]string{"part": "yes"}},
		AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{"part": "yes"}}}},
		Rules:           rule("secrets"),
	})
	add(b, part("b", "pods"))
	add(b, part("a", "nodes"))
	add(b, part("c", "pods"))
	b.run(time.Second)
	rules := get[*rbacv1.ClusterRole](b, api.ClusterRoles, "whole").Rules
	if len(rules) != 2 || rules[0].Resources[0] != "nodes" || rules[1].Resources[0] != "pods" {
		t.Errorf("%+v", rules)
	}
	change(b, get[*rbacv1.ClusterRole](b, api.ClusterRoles, "a"), func(r *rbacv1.ClusterRole) { r.Labels = nil })
	b.run(time.Second)
	if rules := get[*rbacv1.ClusterRole](b, api.ClusterRoles, "whole").Rules; len(rules) != 1 {
		t.Errorf("%+v", rules)
	}
}
