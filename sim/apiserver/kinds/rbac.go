package kinds

import (
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// roleName is the rule for names of roles and bindings: nearly anything, as their
// names are made of those of users and groups.
func roleName(name string, _ bool) []string { return content.IsPathSegmentName(name) }

var roles = kind[*rbacv1.Role]{
	name:     roleName,
	validate: func(f *faults, r *rbacv1.Role) { f.policyRules(r.Rules, true) },
	validateUpdate: func(f *faults, new, old *rbacv1.Role) {
		f.meta(new, true, roleName)
		f.policyRules(new.Rules, true)
		f.metaUpdate(new, old)
	},
	createOnUpdate: true,
}

var clusterRoles = kind[*rbacv1.ClusterRole]{
	name:     roleName,
	validate: func(f *faults, r *rbacv1.ClusterRole) { f.clusterRole(r) },
	validateUpdate: func(f *faults, new, old *rbacv1.ClusterRole) {
		f.meta(new, false, roleName)
		f.clusterRole(new)
		f.metaUpdate(new, old)
	},
	createOnUpdate: true,
}

var roleBindings = kind[*rbacv1.RoleBinding]{
	name:     roleName,
	defaults: func(b *rbacv1.RoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) },
	validate: func(f *faults, b *rbacv1.RoleBinding) {
		f.binding(b.RoleRef, b.Subjects, true, "Role", "ClusterRole")
	},
	validateUpdate: func(f *faults, new, old *rbacv1.RoleBinding) {
		f.meta(new, true, roleName)
		f.binding(new.RoleRef, new.Subjects, true, "Role", "ClusterRole")
		f.metaUpdate(new, old)
		f.sameRole(new.RoleRef, old.RoleRef)
	},
	createOnUpdate: true,
}

var clusterRoleBindings = kind[*rbacv1.ClusterRoleBinding]{
	name:     roleName,
	defaults: func(b *rbacv1.ClusterRoleBinding) { defaultBinding(&b.RoleRef, b.Subjects) },
	validate: func(f *faults, b *rbacv1.ClusterRoleBinding) {
		f.binding(b.RoleRef, b.Subjects, false, "ClusterRole")
	},
	validateUpdate: func(f *faults, new, old *rbacv1.ClusterRoleBinding) {
		f.meta(new, false, roleName)
		f.binding(new.RoleRef, new.Subjects, false, "ClusterRole")
		f.metaUpdate(new, old)
		f.sameRole(new.RoleRef, old.RoleRef)
	},
	createOnUpdate: true,
}

func defaultBinding(role *rbacv1.RoleRef, subjects []rbacv1.Subject) {
	orElse(&role.APIGroup, rbacv1.GroupName)
	for i := range subjects {
		if s := &subjects[i]; s.Kind == rbacv1.UserKind || s.Kind == rbacv1.GroupKind {
			orElse(&s.APIGroup, rbacv1.GroupName)
		}
	}
}

func (f *faults) clusterRole(r *rbacv1.ClusterRole) {
	f.policyRules(r.Rules, false)
	if r.AggregationRule == nil {
		return
	}
	p := field.NewPath("aggregationRule", "clusterRoleSelectors")
	if len(r.AggregationRule.ClusterRoleSelectors) == 0 {
		f.required(p, "", "at least one clusterRoleSelector required if aggregationRule is non-nil")
	}
	for i := range r.AggregationRule.ClusterRoleSelectors {
		s := &r.AggregationRule.ClusterRoleSelectors[i]
		f.selector(p.Index(i), "", s)
		if _, err := metav1.LabelSelectorAsSelector(s); err != nil {
			f.invalid(p.Index(i), "", nil, "invalid label selector.")
		}
	}
}

func (f *faults) policyRules(rules []rbacv1.PolicyRule, namespaced bool) {
	p := field.NewPath("rules")
	for i := range rules {
		f.policyRule(p.Index(i), &rules[i], namespaced)
	}
}

func (f *faults) policyRule(p *field.Path, r *rbacv1.PolicyRule, namespaced bool) {
	if len(r.Verbs) == 0 {
		f.required(p, "verbs", "verbs must contain at least one value")
	}
	if len(r.NonResourceURLs) > 0 {
		if namespaced {
			f.invalid(p, "nonResourceURLs", r.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs")
		}
		if len(r.APIGroups)+len(r.Resources)+len(r.ResourceNames) > 0 {
			f.invalid(p, "nonResourceURLs", r.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs")
		}
		return
	}
	if len(r.APIGroups) == 0 {
		f.required(p, "apiGroups", "resource rules must supply at least one api group")
	}
	if len(r.Resources) == 0 {
		f.required(p, "resources", "resource rules must supply at least one resource")
	}
}

// binding validates whom a binding gives which role. roles are the kinds of roles
// that it may give.
func (f *faults) binding(role rbacv1.RoleRef, subjects []rbacv1.Subject, namespaced bool, roles ...string) {
	p := field.NewPath("roleRef")
	ifSetOneOf(f, p, "apiGroup", &role.APIGroup, rbacv1.GroupName)
	ifSetOneOf(f, p, "kind", &role.Kind, roles...)
	if role.Name == "" {
		f.required(p, "name", "")
	} else {
		f.messages(p, "name", role.Name, roleName(role.Name, false))
	}
	p = field.NewPath("subjects")
	for i, s := range subjects {
		f.subject(p.Index(i), s, namespaced)
	}
}

func (f *faults) subject(p *field.Path, s rbacv1.Subject, namespaced bool) {
	f.notEmpty(p, "name", s.Name)
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		if s.Name != "" {
			f.rule(p, "name", s.Name, dnsSubdomain)
		}
		ifSetOneOf(f, p, "apiGroup", &s.APIGroup, "")
		if !namespaced {
			f.notEmpty(p, "namespace", s.Namespace)
		}
	case rbacv1.UserKind, rbacv1.GroupKind:
		ifSetOneOf(f, p, "apiGroup", &s.APIGroup, rbacv1.GroupName)
	default:
		ifSetOneOf(f, p, "kind", &s.Kind, rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind)
	}
}

func (f *faults) sameRole(new, old rbacv1.RoleRef) {
	if new != old {
		f.invalid(nil, "roleRef", internal{new}, "cannot change roleRef")
	}
}
