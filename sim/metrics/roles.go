package metrics

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// Account is the metrics server's service account in kube-system.
const Account = "metrics-server"

// Roles are what comes with a metrics server: what it may do, and that whoever may
// view things may ask it.
func Roles() []api.Object {
	app := map[string]string{"k8s-app": Account}
	reader := map[string]string{"k8s-app": Account}
	for _, role := range []string{"admin", "edit", "view"} {
		reader[rbacv1.GroupName+"/aggregate-to-"+role] = "true"
	}
	return []api.Object{
		&rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: "system:aggregated-metrics-reader", Labels: reader},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{api.PodMetrics.Group}, Resources: []string{"pods", "nodes"}, Verbs: []string{"get", "list", "watch"}}},
		},
		&rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: "system:metrics-server", Labels: app},
			Rules: []rbacv1.PolicyRule{
				{APIGroups: []string{""}, Resources: []string{"nodes/metrics"}, Verbs: []string{"get"}},
				{APIGroups: []string{""}, Resources: []string{"pods", "nodes"}, Verbs: []string{"get", "list", "watch"}},
			},
		},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "system:metrics-server", Labels: app},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:metrics-server"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: Account, Namespace: metav1.NamespaceSystem}},
		},
	}
}
