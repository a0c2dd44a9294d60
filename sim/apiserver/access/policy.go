package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"minisim/sim/api"
)

// Policy is what the roles and bindings in the cluster grant, with an index from
// users and groups to their bindings. It follows these objects as they change,
// and remembers whom it has granted what. The zero value is not usable: see NewPolicy.
type Policy struct {
	roles    map[roleKey][]rbacv1.PolicyRule
	bindings map[subject][]*binding // in the order of compareBindings
	nodes    []rbacv1.PolicyRule    // what each kubelet may besides what the node authorizer looks at closely
	node     map[question]bool      // granted by nodes so far
	known    map[string]*known      // by user
}

// roleKey names a Role, or with namespace "" a ClusterRole.
type roleKey struct{ namespace, name string }

// subject is a user or a group; a service account is a user.
type subject struct {
	group bool
	name  string
}

// binding gives one subject a role.
type binding struct {
	namespace, name string // of the binding; namespace "": everywhere
	role            roleKey
	subject         rbacv1.Subject
	decision        Decision
}

// known is what a user has been granted so far, until roles or bindings change.
type known struct {
	groups  []string
	granted map[question]*Decision
}

// question is what a grant may be remembered for. namespace is "" for a grant that holds everywhere.
type question struct {
	verb        api.Verb
	resource    *api.Resource
	subresource string
	namespace   string
}

// maxKnown is how many users are remembered; beyond, all are forgotten.
const maxKnown = 4096

// NewPolicy grants nothing yet but what kubelets may.
func NewPolicy() *Policy {
	p := &Policy{roles: map[roleKey][]rbacv1.PolicyRule{}, bindings: map[subject][]*binding{}, known: map[string]*known{}, node: map[question]bool{}}
	for _, o := range Defaults() {
		if r, ok := o.(*rbacv1.ClusterRole); ok && r.Name == "system:node" {
			p.nodes = r.Rules
		}
	}
	return p
}

// Follow takes note of a role or binding that has changed; old is nil for a new
// one, new for one that is gone. Other objects do not concern it.
func (p *Policy) Follow(old, new api.Object) {
	o := new
	if o == nil {
		o = old
	}
	switch o.(type) {
	case *rbacv1.Role, *rbacv1.ClusterRole:
		key := roleKey{o.GetNamespace(), o.GetName()}
		if new == nil {
			delete(p.roles, key)
		} else {
			p.roles[key] = rulesOf(new)
		}
	case *rbacv1.RoleBinding, *rbacv1.ClusterRoleBinding:
		p.unbind(old)
		p.bind(new)
	default:
		return
	}
	clear(p.known)
}

func rulesOf(o api.Object) []rbacv1.PolicyRule {
	switch r := o.(type) {
	case *rbacv1.Role:
		return r.Rules
	case *rbacv1.ClusterRole:
		return r.Rules
	}
	return nil
}

// bound is whom a binding gives which role.
func bound(o api.Object) (rbacv1.RoleRef, []rbacv1.Subject) {
	switch b := o.(type) {
	case *rbacv1.RoleBinding:
		return b.RoleRef, b.Subjects
	case *rbacv1.ClusterRoleBinding:
		return b.RoleRef, b.Subjects
	}
	return rbacv1.RoleRef{}, nil
}

// subjectOf is a binding's subject as requests come from it.
func subjectOf(s rbacv1.Subject, namespace string) subject {
	switch s.Kind {
	case rbacv1.GroupKind:
		return subject{true, s.Name}
	case rbacv1.ServiceAccountKind:
		return subject{false, accountPrefix + cmp.Or(s.Namespace, namespace) + ":" + s.Name}
	}
	return subject{false, s.Name}
}

const accountPrefix = "system:serviceaccount:"

func (p *Policy) bind(o api.Object) {
	role, subjects := bound(o)
	for _, s := range subjects {
		b := &binding{namespace: o.GetNamespace(), name: o.GetName(), role: roleKey{name: role.Name}, subject: s}
		if role.Kind == "Role" {
			b.role.namespace = b.namespace
		}
		b.decision = Decision{Rule: role.Name, Reason: b.reason(role)}
		who := subjectOf(s, b.namespace)
		list := p.bindings[who]
		at, _ := slices.BinarySearchFunc(list, b, compareBindings)
		p.bindings[who] = slices.Insert(list, at, b)
	}
}

func (p *Policy) unbind(o api.Object) {
	_, subjects := bound(o)
	for _, s := range subjects {
		who := subjectOf(s, o.GetNamespace())
		rest := slices.DeleteFunc(p.bindings[who], func(b *binding) bool { return b.namespace == o.GetNamespace() && b.name == o.GetName() })
		if p.bindings[who] = rest; len(rest) == 0 {
			delete(p.bindings, who)
		}
	}
}

// compareBindings has those of the cluster come first.
func compareBindings(a, b *binding) int {
	return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
}

// reason is by what somebody is allowed something, in Kubernetes' words.
func (b *binding) reason(role rbacv1.RoleRef) string {
	kind, name := "ClusterRoleBinding", b.name
	if b.namespace != "" {
		kind, name = "RoleBinding", b.name+"/"+b.namespace
	}
	who := fmt.Sprintf("%s %q", b.subject.Kind, b.subject.Name)
	if b.subject.Kind == rbacv1.ServiceAccountKind {
		who = fmt.Sprintf("ServiceAccount %q", b.subject.Name+"/"+cmp.Or(b.subject.Namespace, b.namespace))
	}
	return fmt.Sprintf("RBAC: allowed by %s %q of %s %q to %s", kind, name, role.Kind, role.Name, who)
}

// bindingsOf are the bindings of a user and its groups that hold in a namespace,
// in the order of compareBindings.
func (p *Policy) bindingsOf(user string, groups []string, namespace string) []*binding {
	var out []*binding
	take := func(s subject) {
		for _, b := range p.bindings[s] {
			if b.namespace == "" || b.namespace == namespace {
				out = append(out, b)
			}
		}
	}
	take(subject{false, user})
	for _, g := range groups {
		take(subject{true, g})
	}
	slices.SortStableFunc(out, compareBindings)
	return out
}

// RulesFor are all rules that hold for a user in a namespace ("": for what has none).
func (p *Policy) RulesFor(user string, groups []string, namespace string) (rules []rbacv1.PolicyRule) {
	for _, b := range p.bindingsOf(user, groups, namespace) {
		rules = append(rules, p.roles[b.role]...)
	}
	return rules
}

// allows finds a rule that grants what is asked, nil if there is none.
func (p *Policy) allows(a *Attributes) *Decision {
	k := p.known[a.User]
	q := question{a.Verb, a.Resource, a.Subresource, ""}
	if k != nil && slices.Equal(k.groups, a.Groups) {
		if d := k.granted[q]; d != nil {
			return d
		}
		q.namespace = a.Key.Namespace
		if d := k.granted[q]; d != nil {
			return d
		}
	} else {
		k = nil
	}
	for _, b := range p.bindingsOf(a.User, a.Groups, a.Key.Namespace) {
		for i := range p.roles[b.role] {
			if r := &p.roles[b.role][i]; matches(r, a) {
				if len(r.ResourceNames) == 0 && a.served() {
					q.namespace = b.namespace
					p.remember(a, k, q, &b.decision)
				}
				return &b.decision
			}
		}
	}
	return nil
}

// remember keeps a grant that does not depend on the object's name.
func (p *Policy) remember(a *Attributes, k *known, q question, d *Decision) {
	if k == nil {
		if len(p.known) >= maxKnown {
			clear(p.known)
		}
		k = &known{groups: slices.Clone(a.Groups), granted: map[question]*Decision{}}
		p.known[a.User] = k
	}
	k.granted[q] = d
}

// served says whether the request is for a resource of the table, of which
// there is one only.
func (a *Attributes) served() bool { return a.Resource != nil && a.Resource.New != nil }

// matches says whether a rule grants what is asked.
func matches(r *rbacv1.PolicyRule, a *Attributes) bool {
	if !has(r.Verbs, string(a.Verb)) {
		return false
	}
	if a.Resource == nil {
		return matchesPath(r, a.Path)
	}
	return has(r.APIGroups, a.Resource.Group) && matchesResource(r, a) &&
		(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, a.name()))
}

// has says whether a list has a word or the "*" that stands for all.
func has(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return s == word || s == "*" })
}

func matchesResource(r *rbacv1.PolicyRule, a *Attributes) bool {
	for _, s := range r.Resources {
		if s == "*" {
			return true
		}
		resource, sub, _ := strings.Cut(s, "/")
		if sub == a.Subresource && (resource == a.Resource.Name || resource == "*" && sub != "") {
			return true
		}
	}
	return false
}

func matchesPath(r *rbacv1.PolicyRule, path string) bool {
	return slices.ContainsFunc(r.NonResourceURLs, func(s string) bool {
		prefix, open := strings.CutSuffix(s, "*")
		return s == path || open && strings.HasPrefix(path, prefix)
	})
}
