package printers

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var policies = map[reflect.Type]printer{
	reflect.TypeFor[*policyv1.PodDisruptionBudget](): of(columns("Name|Min Available|Max Unavailable|Allowed Disruptions#|Age", map[string]string{
		"Min Available": "How many pods must stay available.", "Max Unavailable": "How many pods may be unavailable.",
		"Allowed Disruptions": "How many pods may be disrupted now.",
	}), func(b *policyv1.PodDisruptionBudget, now time.Time) []any {
		return []any{b.Name, number(b.Spec.MinAvailable), number(b.Spec.MaxUnavailable), int64(b.Status.DisruptionsAllowed), age(b, now)}
	}),
	reflect.TypeFor[*schedulingv1.PriorityClass](): of(columns("Name|Value#|Global-Default?|Age|PreemptionPolicy*", map[string]string{
		"Value": schedulingv1.PriorityClass{}.SwaggerDoc()["value"], "Global-Default": schedulingv1.PriorityClass{}.SwaggerDoc()["globalDefault"],
		"PreemptionPolicy": schedulingv1.PriorityClass{}.SwaggerDoc()["preemptionPolicy"],
	}), func(c *schedulingv1.PriorityClass, now time.Time) []any {
		return []any{c.Name, int64(c.Value), c.GlobalDefault, age(c, now), text(c.PreemptionPolicy, "")}
	}),
	reflect.TypeFor[*corev1.ResourceQuota](): of(columns("Name|Request|Limit|Age", map[string]string{
		"Request": "What is used of what may be requested.", "Limit": "What is used of what limits may add up to.",
	}), func(q *corev1.ResourceQuota, now time.Time) []any {
		requests, limits := shares(q)
		return []any{q.Name, requests, limits, age(q, now)}
	}),
	reflect.TypeFor[*rbacv1.RoleBinding](): of(columns("Name|Role|Age|Users*|Groups*|ServiceAccounts*", bindingDoc),
		func(b *rbacv1.RoleBinding, now time.Time) []any {
			users, groups, accounts := subjects(b.Subjects)
			return []any{b.Name, b.RoleRef.Kind + "/" + b.RoleRef.Name, age(b, now), users, groups, accounts}
		}),
	reflect.TypeFor[*rbacv1.ClusterRoleBinding](): of(columns("Name|Role|Age|Users*|Groups*|ServiceAccounts*", bindingDoc),
		func(b *rbacv1.ClusterRoleBinding, now time.Time) []any {
			users, groups, accounts := subjects(b.Subjects)
			return []any{b.Name, b.RoleRef.Kind + "/" + b.RoleRef.Name, age(b, now), users, groups, accounts}
		}),
}

var bindingDoc = map[string]string{
	"Role": rbacv1.RoleBinding{}.SwaggerDoc()["roleRef"], "Users": "The users who have the role.",
	"Groups": "The groups that have the role.", "ServiceAccounts": "The service accounts that have the role.",
}

// shares is what is used of each resource that a quota bounds: first of all but limits, then of limits.
func shares(q *corev1.ResourceQuota) (requests, limits string) {
	var r, l []string
	for _, name := range slices.Sorted(maps.Keys(q.Status.Hard)) {
		used, hard := q.Status.Used[name], q.Status.Hard[name]
		share := fmt.Sprintf("%s: %s/%s", name, used.String(), hard.String())
		if strings.HasPrefix(string(name), "limits.") {
			l = append(l, share)
		} else {
			r = append(r, share)
		}
	}
	return strings.Join(r, ", "), strings.Join(l, ", ")
}

func number(n *intstr.IntOrString) string {
	if n == nil {
		return "N/A"
	}
	return n.String()
}

func subjects(list []rbacv1.Subject) (users, groups, accounts string) {
	var u, g, a []string
	for _, s := range list {
		switch s.Kind {
		case rbacv1.UserKind:
			u = append(u, s.Name)
		case rbacv1.GroupKind:
			g = append(g, s.Name)
		case rbacv1.ServiceAccountKind:
			a = append(a, s.Namespace+"/"+s.Name)
		}
	}
	return strings.Join(u, ", "), strings.Join(g, ", "), strings.Join(a, ", ")
}
