package controller

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

// ownerGraph is who owns whom, kept by UID as the caches hear of it. One event
// costs in proportion to the owners of its object, and to its dependents only
// when it is gone.
type ownerGraph struct {
	nodes      map[types.UID]*graphNode
	byName     map[api.Key]types.UID // by graphKey
	dependents map[types.UID]map[types.UID]*graphNode
}

// graphNode is an object as far as owning goes.
type graphNode struct {
	resource *api.Resource
	key      api.Key
	uid      types.UID
	owners   []metav1.OwnerReference

	deleting   bool
	foreground bool // it waits for its dependents to go
	orphan     bool // it lets its dependents go free
}

// graphKey is the key of an object of any resource in the collector's queue: "pods/default/web-1".
func graphKey(r *api.Resource, k api.Key) api.Key {
	return api.Key{Namespace: r.String(), Name: k.String()}
}

func newOwnerGraph() *ownerGraph {
	return &ownerGraph{nodes: map[types.UID]*graphNode{}, byName: map[api.Key]types.UID{}, dependents: map[types.UID]map[types.UID]*graphNode{}}
}

func (g *ownerGraph) find(k api.Key) *graphNode { return g.nodes[g.byName[k]] }

// put notes an object and returns its state before, nil if it is new.
func (g *ownerGraph) put(r *api.Resource, o api.Object) (n, before *graphNode) {
	n = &graphNode{
		resource: r, key: api.KeyOf(o), uid: o.GetUID(), owners: o.GetOwnerReferences(), deleting: o.GetDeletionTimestamp() != nil,
		foreground: slices.Contains(o.GetFinalizers(), metav1.FinalizerDeleteDependents),
		orphan:     slices.Contains(o.GetFinalizers(), metav1.FinalizerOrphanDependents),
	}
	before = g.nodes[n.uid]
	if before != nil {
		was := *before
		if !sameOwners(before.owners, n.owners) {
			g.unlink(before)
			g.link(n.owners, before)
		}
		*before = *n // the links point to this one
		return before, &was
	}
	g.nodes[n.uid] = n
	g.byName[graphKey(r, n.key)] = n.uid
	g.link(n.owners, n)
	return n, nil
}

// drop forgets an object that is gone, and returns what was known of it.
func (g *ownerGraph) drop(uid types.UID) *graphNode {
	n := g.nodes[uid]
	if n == nil {
		return nil
	}
	g.unlink(n)
	delete(g.nodes, uid)
	if k := graphKey(n.resource, n.key); g.byName[k] == uid {
		delete(g.byName, k)
	}
	return n
}

func (g *ownerGraph) link(owners []metav1.OwnerReference, n *graphNode) {
	for _, ref := range owners {
		if g.dependents[ref.UID] == nil {
			g.dependents[ref.UID] = map[types.UID]*graphNode{}
		}
		g.dependents[ref.UID][n.uid] = n
	}
}

func (g *ownerGraph) unlink(n *graphNode) {
	for _, ref := range n.owners {
		delete(g.dependents[ref.UID], n.uid)
		if len(g.dependents[ref.UID]) == 0 {
			delete(g.dependents, ref.UID)
		}
	}
}

// of are the dependents of an owner, in the order of their names.
func (g *ownerGraph) of(owner types.UID) []*graphNode {
	out := make([]*graphNode, 0, len(g.dependents[owner]))
	for _, n := range g.dependents[owner] {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *graphNode) int {
		return cmp.Or(cmp.Compare(a.resource.String(), b.resource.String()), a.key.Compare(b.key))
	})
	return out
}

// blocks says whether a dependent holds its owner's deletion in the foreground up.
func (n *graphNode) blocks(owner types.UID) bool {
	return slices.ContainsFunc(n.owners, func(ref metav1.OwnerReference) bool {
		return ref.UID == owner && deref(ref.BlockOwnerDeletion)
	})
}

// waits says whether an object is to go after its dependents.
func (n *graphNode) waits() bool { return n.deleting && n.foreground }

// named says whether a reference of an object in a namespace names n as it is.
// What is in a namespace owns nothing outside of it.
func (n *graphNode) named(ref metav1.OwnerReference, namespace string) bool {
	group, version, ok := strings.Cut(ref.APIVersion, "/")
	if !ok {
		group, version = "", ref.APIVersion
	}
	r := n.resource
	return ref.Name == n.key.Name && ref.Kind == r.Kind && group == r.Group && version == r.Version && !n.elsewhere(namespace)
}

// elsewhere says whether n is in a namespace, and not in this one.
func (n *graphNode) elsewhere(namespace string) bool {
	return n.resource.Namespaced && n.key.Namespace != namespace
}

func sameOwners(a, b []metav1.OwnerReference) bool {
	return slices.EqualFunc(a, b, func(x, y metav1.OwnerReference) bool {
		return x.UID == y.UID && deref(x.BlockOwnerDeletion) == deref(y.BlockOwnerDeletion)
	})
}
