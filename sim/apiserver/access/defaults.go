package access

import (
	_ "embed"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

//go:embed defaults.txt
var defaults string

// AggregateLabel begins the label by which a ClusterRole's rules become part of
// another's: what follows is that one's name.
const AggregateLabel = rbacv1.GroupName + "/aggregate-to-"

// Defaults are the roles and bindings that a cluster has from the beginning:
// first the cluster's, then those of namespaces. Aggregated roles have their
// rules already. The objects belong to the caller.
func Defaults() []api.Object {
	var out []api.Object
	var rules *[]rbacv1.PolicyRule
	whole := map[string]*rbacv1.ClusterRole{} // that aggregate others
	for line := range strings.Lines(defaults) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '\t':
			*rules = append(*rules, parseRule(line[1:]))
		default:
			var o api.Object
			words := strings.Fields(line)
			if o, rules = parseHead(words); rules != nil && slices.Contains(words, "of:"+o.GetName()) {
				whole[o.GetName()] = o.(*rbacv1.ClusterRole)
			}
			out = append(out, o)
		}
	}
	// A role may be part of one that is itself part of another: view, edit, admin.
	for _, name := range []string{"view", "edit", "admin"} {
		whole[name].Rules = aggregate(name, out)
	}
	return out
}

// aggregate are the rules of all roles that are for another one, each once, as
// the controller for that would gather them.
func aggregate(name string, all []api.Object) (rules []rbacv1.PolicyRule) {
	for _, o := range all {
		part, ok := o.(*rbacv1.ClusterRole)
		if !ok || part.Labels[AggregateLabel+name] != "true" {
			continue
		}
		for _, r := range part.Rules {
			if !slices.ContainsFunc(rules, func(have rbacv1.PolicyRule) bool { return apiequality.Semantic.DeepEqual(have, r) }) {
				rules = append(rules, r)
			}
		}
	}
	return rules
}

// parseHead reads the first line of a role, with the place for its rules, or a binding.
func parseHead(words []string) (api.Object, *[]rbacv1.PolicyRule) {
	meta := defaultMeta(words[1])
	rest := words[2:]
	switch words[0] {
	case "ClusterRole":
		r := &rbacv1.ClusterRole{ObjectMeta: meta}
		for _, w := range rest {
			key, name, _ := strings.Cut(w, ":")
			if key == "for" {
				r.Labels[AggregateLabel+name] = "true"
			} else {
				r.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{AggregateLabel + name: "true"}}}}
			}
		}
		return r, &r.Rules
	case "Role":
		r := &rbacv1.Role{ObjectMeta: meta}
		return r, &r.Rules
	case "ClusterRoleBinding":
		return &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: parseRoleRef(rest[0]), Subjects: parseSubjects(rest[1:])}, nil
	default:
		return &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: parseRoleRef(rest[0]), Subjects: parseSubjects(rest[1:])}, nil
	}
}

func defaultMeta(name string) metav1.ObjectMeta {
	k := api.ParseKey(name)
	return metav1.ObjectMeta{
		Namespace: k.Namespace, Name: k.Name,
		Labels:      map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"},
		Annotations: map[string]string{rbacv1.AutoUpdateAnnotationKey: "true"},
	}
}

func parseRoleRef(word string) rbacv1.RoleRef {
	kind, name, _ := strings.Cut(word, ":")
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
}

func parseSubjects(words []string) (out []rbacv1.Subject) {
	for _, w := range words {
		kind, name, _ := strings.Cut(w, ":")
		s := rbacv1.Subject{Kind: kind, APIGroup: rbacv1.GroupName, Name: name}
		if kind == rbacv1.ServiceAccountKind {
			k := api.ParseKey(name)
			s.APIGroup, s.Namespace, s.Name = "", k.Namespace, k.Name
		}
		out = append(out, s)
	}
	return out
}

func parseRule(line string) rbacv1.PolicyRule {
	parts := strings.Split(line, " | ")
	r := rbacv1.PolicyRule{Verbs: strings.Fields(parts[0])}
	if len(parts) == 2 {
		r.NonResourceURLs = strings.Fields(parts[1])
		return r
	}
	r.APIGroups, r.Resources = strings.Fields(parts[1]), strings.Fields(parts[2])
	for i, g := range r.APIGroups {
		if g == "core" {
			r.APIGroups[i] = ""
		}
	}
	if len(parts) > 3 {
		r.ResourceNames = strings.Fields(parts[3])
	}
	return r
}
