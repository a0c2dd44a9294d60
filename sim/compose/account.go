package compose

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// account makes the service account as which the pods of the service wait for
// Jobs: it may look at these, and at nothing else. Its name is "" if there are none.
// kubectl wait gets the Job by its name, lists it and watches it.
func (s *service) account(jobs []*service) string {
	if len(jobs) == 0 {
		return ""
	}
	path := s.dependencyPath(jobs[0].Name)
	var names []string
	for _, j := range jobs {
		names = append(names, j.kube)
	}
	name := s.t.free("ServiceAccount", s.kube, path...)
	role := s.t.free("Role", s.kube+"-waits", path...)
	rule := rbacv1.PolicyRule{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, ResourceNames: names, Verbs: []string{"get", "list", "watch"}}
	for _, o := range []Resource{
		&corev1.ServiceAccount{TypeMeta: typeMeta("v1", "ServiceAccount"), ObjectMeta: s.meta(name)},
		&rbacv1.Role{TypeMeta: typeMeta(rbacv1.SchemeGroupVersion.String(), "Role"), ObjectMeta: s.meta(role), Rules: []rbacv1.PolicyRule{rule}},
		&rbacv1.RoleBinding{
			TypeMeta: typeMeta(rbacv1.SchemeGroupVersion.String(), "RoleBinding"), ObjectMeta: s.meta(role),
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: namespace}},
		},
	} {
		s.t.objects.accounts = append(s.t.objects.accounts, s.object(o, "waits for Jobs, and may look at them", path...))
	}
	return name
}
