package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/component-helpers/auth/rbac/validation"

	"minisim/sim/api"
)

// Grants refuses a role or binding by which somebody would give more than they
// have: who writes a role needs every right in it or the verb "escalate", who
// binds one every right in that or the verb "bind". old is nil for a new object.
// Other objects, and members of Masters, pass.
func (p *Policy) Grants(a Attributes, new, old api.Object) error {
	var grants func() error
	switch o := new.(type) {
	case *rbacv1.Role, *rbacv1.ClusterRole:
		grants = func() error { return p.grantsRole(a, new, old) }
	case *rbacv1.RoleBinding:
		grants = func() error { return p.grantsBinding(a, o.RoleRef, new, old) }
	case *rbacv1.ClusterRoleBinding:
		grants = func() error { return p.grantsBinding(a, o.RoleRef, new, old) }
	}
	if grants == nil || slices.Contains(a.Groups, Masters) || old != nil && onlyOwners(new, old) {
		return nil
	}
	return grants()
}

// onlyOwners says whether a change is what the garbage collector does to let an object go.
func onlyOwners(new, old api.Object) bool {
	x, y := new.DeepCopyObject().(api.Object), old.DeepCopyObject().(api.Object)
	for _, o := range []api.Object{x, y} {
		o.SetOwnerReferences(nil)
		o.SetFinalizers(nil)
		o.SetManagedFields(nil)
		o.SetResourceVersion("")
	}
	changed := !apiequality.Semantic.DeepEqual(new.GetOwnerReferences(), old.GetOwnerReferences()) ||
		!apiequality.Semantic.DeepEqual(new.GetFinalizers(), old.GetFinalizers())
	return changed && apiequality.Semantic.DeepEqual(x, y)
}

func (p *Policy) grantsRole(a Attributes, new, old api.Object) error {
	key := a.Key
	if a.Verb == api.VerbCreate {
		key.Name = "" // the request's path names none
	}
	if p.allows(&Attributes{User: a.User, Groups: a.Groups, Verb: "escalate", Resource: a.Resource, Key: key}) != nil {
		return nil
	}
	refuse := func(err error) error { return apierrors.NewForbidden(a.Resource.GroupResource(), new.GetName(), err) }
	if err := p.covers(a, new.GetNamespace(), rulesOf(new)); err != nil {
		return refuse(err)
	}
	if aggregates(new) || aggregates(old) {
		all := []rbacv1.PolicyRule{
			{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}},
			{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}},
		}
		if p.covers(a, "", all) != nil {
			return refuse(errors.New("must have cluster-admin privileges to use the aggregationRule"))
		}
	}
	return nil
}

func aggregates(o api.Object) bool {
	r, ok := o.(*rbacv1.ClusterRole)
	return ok && r.AggregationRule != nil && len(r.AggregationRule.ClusterRoleSelectors) > 0
}

func (p *Policy) grantsBinding(a Attributes, ref rbacv1.RoleRef, new, old api.Object) error {
	role, key := api.ClusterRoles, roleKey{name: ref.Name}
	if ref.Kind == "Role" {
		role, key.namespace = api.Roles, new.GetNamespace()
	}
	bind := Attributes{User: a.User, Groups: a.Groups, Verb: "bind", Resource: role, Key: api.Key{Namespace: new.GetNamespace(), Name: ref.Name}}
	if p.allows(&bind) != nil {
		return nil
	}
	rules, ok := p.roles[key]
	if !ok {
		if old != nil { // the store takes it for its own not being there
			role = a.Resource
		}
		return apierrors.NewNotFound(role.GroupResource(), ref.Name)
	}
	if err := p.covers(a, new.GetNamespace(), rules); err != nil {
		return apierrors.NewForbidden(a.Resource.GroupResource(), new.GetName(), err)
	}
	return nil
}

// covers says which of the rules somebody does not have in a namespace, nil if they have all.
func (p *Policy) covers(a Attributes, namespace string, rules []rbacv1.PolicyRule) error {
	ok, missing := validation.Covers(p.RulesFor(a.User, a.Groups, namespace), rules)
	if ok {
		return nil
	}
	var lines []string
	for _, r := range compact(missing) {
		lines = append(lines, describe(r))
	}
	slices.Sort(lines)
	return fmt.Errorf("user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%s",
		a.User, a.Groups, strings.Join(slices.Compact(lines), "\n"))
}

// compact puts rules that differ in their verbs only together.
func compact(rules []rbacv1.PolicyRule) (out []rbacv1.PolicyRule) {
	for _, r := range rules {
		same := func(o rbacv1.PolicyRule) bool {
			return len(r.NonResourceURLs) == 0 && slices.Equal(o.APIGroups, r.APIGroups) &&
				slices.Equal(o.Resources, r.Resources) && slices.Equal(o.ResourceNames, r.ResourceNames)
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Verbs = append(out[i].Verbs, r.Verbs...)
		} else {
			out = append(out, *r.DeepCopy())
		}
	}
	return out
}

func describe(r rbacv1.PolicyRule) string {
	var parts []string
	for _, f := range []struct {
		name   string
		values []string
	}{
		{"APIGroups", r.APIGroups}, {"Resources", r.Resources}, {"NonResourceURLs", r.NonResourceURLs},
		{"ResourceNames", r.ResourceNames}, {"Verbs", r.Verbs},
	} {
		if len(f.values) > 0 {
			parts = append(parts, fmt.Sprintf("%s:%q", f.name, f.values))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
