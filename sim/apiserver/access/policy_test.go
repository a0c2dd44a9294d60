package access

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

func TestDefaultsAreValid(t *testing.T) {
	seen, roles, bindings := map[string]bool{}, 0, 0
	for _, o := range Defaults() {
		r := api.Of(o)
		if errs := kinds.For(r).Validate(o); len(errs) > 0 {
			t.Errorf("%s %s: %v", r, o.GetName(), errs)
		}
		key := r.StoreKey(api.KeyOf(o))
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if ref, _ := bound(o); ref.Name != "" {
			bindings++
			target := api.ClusterRoles.StoreKey(api.Key{Name: ref.Name})
			if ref.Kind == "Role" {
				target = api.Roles.StoreKey(api.Key{Namespace: o.GetNamespace(), Name: ref.Name})
			}
			if !seen[target] {
				t.Errorf("%s is of %s, which does not come before it", key, target)
			}
		} else {
			roles++
		}
	}
	if roles < 70 || bindings < 55 {
		t.Errorf("%d roles and %d bindings", roles, bindings)
	}
}

func role(namespace, name string, rules ...string) api.Object {
	r := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	for _, s := range rules {
		r.Rules = append(r.Rules, parseRule(s))
	}
	return r
}

func clusterRole(name string, rules ...string) api.Object {
	return &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rulesOf(role("", name, rules...))}
}

func bindingOf(namespace, name, ref string, subjects ...string) api.Object {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	if namespace == "" {
		return &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: parseRoleRef(ref), Subjects: parseSubjects(subjects)}
	}
	return &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: parseRoleRef(ref), Subjects: parseSubjects(subjects)}
}

var team = []api.Object{
	role("shop", "maps", "get list | core | configmaps | a b"),
	clusterRole("scaler", "get update | * | */scale", "get | /metrics /debug/*"),
	bindingOf("shop", "editors", "ClusterRole:edit", "User:eve"),
	bindingOf("shop", "maps", "Role:maps", "ServiceAccount:shop/app", "ServiceAccount:/robot"),
	bindingOf("", "scalers", "ClusterRole:scaler", "Group:scalers"),
	bindingOf("", "viewers", "ClusterRole:view", "User:victor"),
	bindingOf("", "gone", "ClusterRole:gone", "User:eve"),
}

func TestRoles(t *testing.T) {
	p := newPolicy(team...)
	ask := func(user, groups, verb, resource, key string) Attributes {
		name, sub, _ := strings.Cut(resource, "/")
		return Attributes{User: user, Groups: strings.Fields(groups), Verb: api.Verb(verb), Resource: api.ByName(name), Subresource: sub, Key: api.ParseKey(key)}
	}
	for _, c := range []struct {
		a      Attributes
		reason string // "" is forbidden
	}{
		{ask("eve", "", "create", "deployments", "shop/web"), `RBAC: allowed by RoleBinding "editors/shop" of ClusterRole "edit" to User "eve"`},
		{ask("eve", "", "create", "deployments", "other/web"), ""},
		{ask("eve", "", "create", "roles", "shop/r"), ""},
		{ask("eve", "", "list", "pods", "shop/"), `RBAC: allowed by RoleBinding "editors/shop" of ClusterRole "edit" to User "eve"`},
		{ask("eve", "", "list", "pods", ""), ""},
		{ask("victor", "", "get", "pods/log", "other/web"), `RBAC: allowed by ClusterRoleBinding "viewers" of ClusterRole "view" to User "victor"`},
		{ask("victor", "", "get", "secrets", "other/s"), ""},
		{ask("system:serviceaccount:shop:app", "", "get", "configmaps", "shop/a"), `RBAC: allowed by RoleBinding "maps/shop" of Role "maps" to ServiceAccount "app/shop"`},
		{ask("system:serviceaccount:shop:robot", "", "get", "configmaps", "shop/b"), `RBAC: allowed by RoleBinding "maps/shop" of Role "maps" to ServiceAccount "robot/shop"`},
		{ask("system:serviceaccount:shop:app", "", "get", "configmaps", "shop/c"), ""},
		{ask("system:serviceaccount:shop:app", "", "list", "configmaps", "shop/"), ""},
		{ask("system:serviceaccount:other:app", "", "get", "configmaps", "shop/a"), ""},
		{ask("sam", "scalers", "update", "deployments/scale", "x/y"), `RBAC: allowed by ClusterRoleBinding "scalers" of ClusterRole "scaler" to Group "scalers"`},
		{ask("sam", "scalers", "update", "deployments", "x/y"), ""},
		{ask("sam", "", "update", "deployments/scale", "x/y"), ""},
		{Attributes{User: "sam", Groups: []string{"scalers"}, Verb: "get", Path: "/debug/pprof"}, `RBAC: allowed by ClusterRoleBinding "scalers" of ClusterRole "scaler" to Group "scalers"`},
		{Attributes{User: "system:anonymous", Groups: []string{"system:unauthenticated"}, Verb: "get", Path: "/livez"}, `RBAC: allowed by ClusterRoleBinding "system:public-info-viewer" of ClusterRole "system:public-info-viewer" to Group "system:unauthenticated"`},
		{Attributes{User: "system:anonymous", Groups: []string{"system:unauthenticated"}, Verb: "get", Path: "/metrics"}, ""},
	} {
		for range 2 { // the second answer may come from memory
			if d, err := p.Authorize(c.a, world{}); d.Reason != c.reason || (err == nil) != (c.reason != "") {
				t.Errorf("%+v: %q, %v", c.a, d.Reason, err)
			}
		}
	}
	_, err := p.Authorize(Attributes{User: "jane", Verb: "get", Path: "/metrics"}, world{})
	if err == nil || err.Error() != `forbidden: User "jane" cannot get path "/metrics"` {
		t.Error(err)
	}
	named := ask("system:serviceaccount:shop:app", "", "list", "configmaps", "shop/")
	named.Fields = fields.OneTermEqualSelector("metadata.name", "b")
	if _, err := p.Authorize(named, world{}); err != nil {
		t.Error("a list of the one that may be read:", err)
	}
}

// TestChanges has roles and bindings change after they have granted something.
func TestChanges(t *testing.T) {
	p := newPolicy(team...)
	may := func() bool {
		_, err := p.Authorize(Attributes{User: "victor", Verb: "list", Resource: api.Pods}, world{})
		return err == nil
	}
	view := p.roles[roleKey{"", "view"}]
	for _, c := range []struct {
		what     string
		old, new api.Object
		want     bool
	}{
		{"as it was", nil, nil, true},
		{"a smaller role", clusterRole("view"), clusterRole("view", "get | core | pods"), false},
		{"the role again", clusterRole("view"), &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "view"}, Rules: view}, true},
		{"another subject", team[5], bindingOf("", "viewers", "ClusterRole:view", "User:vera"), false},
		{"both", bindingOf("", "viewers", "ClusterRole:view", "User:vera"), bindingOf("", "viewers", "ClusterRole:view", "User:vera", "User:victor"), true},
		{"no role", &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "view"}}, nil, false},
		{"the role anew", nil, clusterRole("view", "list | core | pods"), true},
		{"no binding", bindingOf("", "viewers", "ClusterRole:view", "User:vera", "User:victor"), nil, false},
	} {
		if c.old != nil || c.new != nil {
			p.Follow(c.old, c.new)
		}
		if may() != c.want || may() != c.want {
			t.Errorf("%s: %v", c.what, !c.want)
		}
	}
	if len(p.bindings[subject{false, "vera"}]) != 0 {
		t.Error("a binding of one who has none is left")
	}
}

func TestGrants(t *testing.T) {
	p := newPolicy(append([]api.Object{
		bindingOf("shop", "anna", "ClusterRole:admin", "User:anna"),
		clusterRole("binder", "bind | rbac.authorization.k8s.io | clusterroles | view"),
		bindingOf("", "binder", "ClusterRole:binder", "User:bob"),
		clusterRole("climber", "escalate | rbac.authorization.k8s.io | roles"),
		bindingOf("", "climber", "ClusterRole:climber", "User:cleo"),
		bindingOf("", "all", "ClusterRole:cluster-admin", "User:ada"),
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "one"}, Rules: []rbacv1.PolicyRule{
			{Verbs: []string{"escalate"}, APIGroups: []string{rbacv1.GroupName}, Resources: []string{"roles"}, ResourceNames: []string{"r"}}}},
		bindingOf("", "one", "ClusterRole:one", "User:dora"),
	}, team...)...)
	whole := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "w"}, AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{}}}}
	freed := role("shop", "r", "* | * | *")
	freed.SetFinalizers([]string{"a.b/c"})
	for _, c := range []struct {
		user     string
		new, old api.Object
		want     string
	}{
		{"anna", role("shop", "r", "get list | core | pods"), nil, ""},
		{"anna", role("shop", "r", "get list | core | nodes", "get create | core | pods"), nil,
			"roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"anna\" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"list\"]}"},
		{"anna", bindingOf("shop", "b", "ClusterRole:edit", "User:x"), nil, ""},
		{"anna", bindingOf("shop", "b", "ClusterRole:nothing", "User:x"), nil, `clusterroles.rbac.authorization.k8s.io "nothing" not found`},
		{"anna", bindingOf("other", "b", "Role:nothing", "User:x"), nil, `roles.rbac.authorization.k8s.io "nothing" not found`},
		{"anna", bindingOf("", "b", "ClusterRole:scaler", "User:x"), nil,
			"clusterrolebindings.rbac.authorization.k8s.io \"b\" is forbidden: user \"anna\" (groups=[]) is attempting to grant RBAC permissions not currently held:\n" +
				"{APIGroups:[\"*\"], Resources:[\"*/scale\"], Verbs:[\"get\" \"update\"]}\n{NonResourceURLs:[\"/debug/*\"], Verbs:[\"get\"]}\n{NonResourceURLs:[\"/metrics\"], Verbs:[\"get\"]}"},
		{"bob", bindingOf("", "b", "ClusterRole:view", "User:x"), nil, ""},
		{"cleo", role("shop", "r", "* | * | *"), nil, ""},
		{"anna", role("shop", "r", "* | * | *"), freed, ""},
		{"anna", whole, nil, `clusterroles.rbac.authorization.k8s.io "w" is forbidden: must have cluster-admin privileges to use the aggregationRule`},
		{"ada", whole, nil, ""},
		{"dora", role("shop", "r", "get | core | pods"), nil, // who creates it names none on the path
			"roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"dora\" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}"},
		{"dora", role("shop", "r", "get | core | pods"), role("shop", "r"), ""},
		{"anna", bindingOf("other", "b", "Role:nothing", "User:x"), bindingOf("other", "b", "Role:nothing"), `rolebindings.rbac.authorization.k8s.io "nothing" not found`},
	} {
		a := Attributes{User: c.user, Verb: api.VerbCreate, Resource: api.Of(c.new), Key: api.KeyOf(c.new)}
		if c.old != nil {
			a.Verb = api.VerbUpdate
		}
		got := ""
		if err := p.Grants(a, c.new, c.old); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.user, c.new.GetName(), got, c.want)
		}
		a.Groups = []string{Masters}
		if err := p.Grants(a, c.new, c.old); err != nil {
			t.Errorf("a master: %v", err)
		}
	}
}

// BenchmarkAuthorize is what the request of a component costs that has made one like it before.
func BenchmarkAuthorize(b *testing.B) {
	p := newPolicy()
	for _, c := range []struct {
		name string
		a    Attributes
	}{
		{"controller", Attributes{User: "system:serviceaccount:kube-system:replicaset-controller", Verb: api.VerbCreate, Resource: api.Pods, Key: api.Key{Namespace: "default", Name: "p"},
			Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}}},
		{"kubelet", Attributes{User: "system:node:worker-1", Groups: []string{"system:nodes", "system:authenticated"}, Verb: api.VerbPatch, Resource: api.Pods, Subresource: "status"}},
		{"kubelet's event", Attributes{User: "system:node:worker-1", Groups: []string{"system:nodes", "system:authenticated"}, Verb: api.VerbCreate, Resource: api.Events}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Authorize(c.a, world{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
