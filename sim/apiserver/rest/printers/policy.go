package printers

import (
	"reflect"
	"strings"
	"time"

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
	reflect.TypeFor[*rbacv1.Role](): of(columns("Name|Created At", map[string]string{"Created At": metaDoc["creationTimestamp"]}),
		func(r *rbacv1.Role, _ time.Time) []any {
			return []any{r.Name, r.CreationTimestamp.UTC().Format(time.RFC3339)}
		}),
	reflect.TypeFor[*rbacv1.ClusterRole](): of(columns("Name|Created At", map[string]string{"Created At": metaDoc["creationTimestamp"]}),
		func(r *rbacv1.ClusterRole, _ time.Time) []any {
			return []any{r.Name, r.CreationTimestamp.UTC().Format(time.RFC3339)}
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
