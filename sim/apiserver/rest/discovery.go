package rest

import (
	"cmp"
	"net"
	"net/http"
	"slices"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/apiserver/outside"
)

// group is an API group with what is served of it, in one version.
type group struct {
	name, version string
	resources     []metav1.APIResource // subresources too, as "pods/status", sorted
}

func (g group) gv() schema.GroupVersion {
	return schema.GroupVersion{Group: g.name, Version: g.version}
}

// preference is the order in which Kubernetes lists its groups; others follow it, sorted.
var preference = []string{
	"", "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
	"certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io",
	"apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io", "discovery.k8s.io",
}

// served is the table of all resources that are served.
func (c *exchange) served() []*api.Resource {
	return slices.Concat(c.bridge.api.Catalog().Resources(), c.bridge.api.Aggregates())
}

// groups is all that is served, from the table of resources.
func (c *exchange) groups() []group {
	served := c.bridge.api.Catalog()
	byGV := map[schema.GroupVersion]*group{}
	at := func(gv schema.GroupVersion) *group {
		if byGV[gv] == nil {
			byGV[gv] = &group{name: gv.Group, version: gv.Version}
		}
		return byGV[gv]
	}
	for _, r := range c.served() {
		g := at(r.GVK().GroupVersion())
		g.resources = append(g.resources, describe(served, r)...)
	}
	for _, v := range reviews {
		g := at(v.kind.GroupVersion())
		g.resources = append(g.resources, v.describe())
	}
	var out []group
	for _, g := range byGV {
		slices.SortFunc(g.resources, func(a, b metav1.APIResource) int { return compare(a.Name, b.Name) })
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b group) int {
		if x, y := rank(a.name), rank(b.name); x != y {
			return x - y
		}
		return cmp.Or(compare(a.name, b.name), version.CompareKubeAwareVersionStrings(a.version, b.version))
	})
	return out
}

func rank(name string) int {
	if i := slices.Index(preference, name); i >= 0 {
		return i
	}
	return len(preference)
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// all are the resources of the category that `kubectl get all` shows.
var all = []*api.Resource{
	api.Pods, api.Services, api.DaemonSets, api.Deployments, api.ReplicaSets, api.StatefulSets, api.Jobs,
}

// describe is a resource and its subresources as discovery shows them.
func describe(served *apiserver.Catalog, r *api.Resource) []metav1.APIResource {
	main := metav1.APIResource{
		Name: r.Name, SingularName: r.Singular, Namespaced: r.Namespaced, Kind: r.Kind, ShortNames: r.ShortNames, Categories: r.Categories,
		Verbs: metav1.Verbs{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
	}
	switch {
	case r == api.Namespaces:
		main.Verbs = slices.DeleteFunc(main.Verbs, func(v string) bool { return v == string(api.VerbDeleteCollection) })
	case !r.Stored():
		main.Verbs = metav1.Verbs{"get", "list"}
		return []metav1.APIResource{main}
	case slices.Contains(all, r):
		main.Categories = []string{"all"}
	case r == api.CustomResourceDefinitions:
		main.Categories = []string{"api-extensions"}
	case served.Terminating(r):
		main.Verbs = metav1.Verbs{"delete", "deletecollection", "get", "list", "watch"}
	case served.Custom(r) != nil:
		main.Verbs = metav1.Verbs{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"}
	}
	out := []metav1.APIResource{main}
	for _, sub := range served.Subresources(r) {
		d := metav1.APIResource{Name: r.Name + "/" + sub, Namespaced: r.Namespaced, Kind: r.Kind}
		if kind := outside.BodyKind(r, sub); kind != r.GVK() {
			d.Kind = kind.Kind
			if kind.GroupVersion() != r.GVK().GroupVersion() {
				d.Group, d.Version = kind.Group, kind.Version
			}
		}
		for _, v := range []api.Verb{api.VerbCreate, api.VerbGet, api.VerbPatch, api.VerbUpdate} {
			if served.Supports(r, sub, v) {
				d.Verbs = append(d.Verbs, string(v))
			}
		}
		out = append(out, d)
	}
	for _, s := range connections {
		if s.resource == r {
			out = append(out, metav1.APIResource{Name: r.Name + "/" + s.name, Namespaced: r.Namespaced, Kind: s.kind, Verbs: s.verbs})
		}
	}
	return out
}

// discover answers /api, /apis and what is below them down to the version of a group.
func (c *exchange) discover(parts []string) error {
	switch {
	case len(parts) == 1:
		return c.discoverAll(parts[0] == "api")
	case parts[0] == "api" && len(parts) == 2:
		return c.discoverVersion(schema.GroupVersion{Version: parts[1]})
	case parts[0] == "apis" && len(parts) == 3:
		return c.discoverVersion(schema.GroupVersion{Group: parts[1], Version: parts[2]})
	case parts[0] == "apis" && len(parts) == 2:
		for _, g := range c.apiGroups() {
			if g.Name == parts[1] {
				g.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
				return c.plainly(http.StatusOK, &g)
			}
		}
	}
	return errNoSuchPath
}

// discoverAll answers /api or /apis, in one answer with all resources for clients that know how to ask for that.
func (c *exchange) discoverAll(core bool) error {
	a, err := c.negotiate(func(a accepted) bool {
		return a.as == "APIGroupDiscoveryList" && a.group == apidiscoveryv2.GroupName && a.version == "v2"
	})
	if err != nil {
		return err
	}
	switch {
	case a.converts():
		c.answer(http.StatusOK, a, c.aggregated(core))
	case core:
		a.as = ""
		v := &metav1.APIVersions{Versions: []string{"v1"}, ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: serverAddress(c.server.Address())}}}
		v.TypeMeta = metav1.TypeMeta{Kind: "APIVersions"}
		c.answer(http.StatusOK, a, v)
	default:
		a.as = ""
		c.answer(http.StatusOK, a, &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: c.apiGroups()})
	}
	return nil
}

func serverAddress(listen string) string {
	if _, port, err := net.SplitHostPort(listen); err == nil {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listen
}

// apiGroups are the named groups, each with its versions.
func (c *exchange) apiGroups() []metav1.APIGroup {
	var out []metav1.APIGroup
	for _, g := range c.groups() {
		if g.name == "" {
			continue
		}
		v := metav1.GroupVersionForDiscovery{GroupVersion: g.gv().String(), Version: g.version}
		if n := len(out); n > 0 && out[n-1].Name == g.name {
			out[n-1].Versions = append([]metav1.GroupVersionForDiscovery{v}, out[n-1].Versions...)
			out[n-1].PreferredVersion = v
			continue
		}
		out = append(out, metav1.APIGroup{Name: g.name, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
	}
	return out
}

// discoverVersion answers with the resources of one version of a group.
func (c *exchange) discoverVersion(gv schema.GroupVersion) error {
	for _, g := range c.groups() {
		if g.gv() == gv {
			return c.plainly(http.StatusOK, &metav1.APIResourceList{
				TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String(), APIResources: g.resources,
			})
		}
	}
	return errNoSuchPath
}

// aggregated is all resources in one list.
func (c *exchange) aggregated(core bool) *apidiscoveryv2.APIGroupDiscoveryList {
	out := &apidiscoveryv2.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"}}
	for _, g := range c.groups() {
		if (g.name == "") != core {
			continue
		}
		v := apidiscoveryv2.APIVersionDiscovery{Version: g.version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent}
		for _, r := range g.resources {
			addDiscovered(&v, g.gv(), r)
		}
		if n := len(out.Items); n > 0 && out.Items[n-1].Name == g.name {
			out.Items[n-1].Versions = append([]apidiscoveryv2.APIVersionDiscovery{v}, out.Items[n-1].Versions...)
			continue
		}
		out.Items = append(out.Items, apidiscoveryv2.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: g.name}, Versions: []apidiscoveryv2.APIVersionDiscovery{v}})
	}
	return out
}

// addDiscovered adds a resource, or a subresource to the resource that came before it.
func addDiscovered(v *apidiscoveryv2.APIVersionDiscovery, gv schema.GroupVersion, r metav1.APIResource) {
	kind := &metav1.GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: r.Kind}
	if r.Version != "" {
		kind.Group, kind.Version = r.Group, r.Version
	}
	if _, sub, ok := cutSub(r.Name); ok {
		last := &v.Resources[len(v.Resources)-1]
		last.Subresources = append(last.Subresources, apidiscoveryv2.APISubresourceDiscovery{Subresource: sub, ResponseKind: kind, Verbs: r.Verbs})
		return
	}
	scope := apidiscoveryv2.ScopeCluster
	if r.Namespaced {
		scope = apidiscoveryv2.ScopeNamespace
	}
	v.Resources = append(v.Resources, apidiscoveryv2.APIResourceDiscovery{
		Resource: r.Name, ResponseKind: kind, Scope: scope, SingularResource: r.SingularName, Verbs: r.Verbs,
		ShortNames: r.ShortNames, Categories: r.Categories,
	})
}
