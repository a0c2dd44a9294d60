package controller

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

// maxAbsent bounds the memory for owners that were found to be gone.
const maxAbsent = 500

// garbage deletes what has lost its owners, and carries out deletions in the
// foreground (dependents first) and those that orphan the dependents.
type garbage struct {
	base
	graph  *ownerGraph
	absent map[reference]bool // of which the server has said that there is no such owner; a UID never comes back
}

// reference is an owner as a dependent in a namespace names it.
type reference struct {
	apiVersion, kind, namespace, name string
	uid                               types.UID
}

// newGarbage follows all that is stored, but for Events, as the real collector
// does. It comes after newCaches, whose caches it shares.
func newGarbage(p *component.Process) *garbage {
	c := &garbage{graph: newOwnerGraph(), absent: map[reference]bool{}}
	c.base = newBase(p, "garbage-collector-controller", "garbage-collector-controller", nil, c)
	for _, r := range api.Resources() {
		if r.Stored() && r != api.Events {
			p.Follow(r, func(old, new api.Object) { c.changed(r, old, new) })
		}
	}
	p.Follow(api.CustomResourceDefinitions, func(_, new api.Object) {
		if new != nil {
			c.queue.Add(servedKey)
		}
	})
	return c
}

// changed keeps the graph and queues those objects to which the change may mean something.
func (c *garbage) changed(r *api.Resource, old, new api.Object) {
	if old != nil && (new == nil || old.GetUID() != new.GetUID()) {
		c.lost(old.GetUID())
	}
	if new == nil {
		return
	}
	n, before := c.graph.put(r, new)
	switch {
	case n.deleting && (n.foreground || n.orphan):
		if before == nil || !before.deleting || before.foreground != n.foreground || before.orphan != n.orphan {
			c.enqueue(n)
		}
	case before == nil && c.anyOwnerUnsure(n), before != nil && !sameOwners(before.owners, n.owners):
		c.enqueue(n)
	}
	if before != nil && (!before.deleting && n.deleting || !sameOwners(before.owners, n.owners)) {
		c.wakeOwners(before)
	}
}

// lost handles an object that is gone: its dependents are looked at, and owners that waited for it.
func (c *garbage) lost(uid types.UID) {
	n := c.graph.drop(uid)
	if n == nil {
		return
	}
	for _, dependent := range c.graph.of(uid) {
		c.enqueue(dependent)
	}
	c.wakeOwners(n)
}

// wakeOwners queues the owners that wait for their dependents to go.
func (c *garbage) wakeOwners(n *graphNode) {
	for _, ref := range n.owners {
		if owner := c.graph.nodes[ref.UID]; owner != nil && owner.waits() {
			c.enqueue(owner)
		}
	}
}

func (c *garbage) enqueue(n *graphNode) { c.queue.Add(graphKey(n.resource, n.key)) }

// anyOwnerUnsure says whether an owner of n is not known to be there to stay.
func (c *garbage) anyOwnerUnsure(n *graphNode) bool {
	return slices.ContainsFunc(n.owners, func(ref metav1.OwnerReference) bool {
		owner := c.graph.nodes[ref.UID]
		return owner == nil || owner.waits() || !owner.named(ref, n.key.Namespace)
	})
}

// Reconcile looks at what is served (servedKey), or at one object, named by graphKey: whether it is to go, may go at last, or has to let its dependents go.
func (c *garbage) Reconcile(key api.Key) error {
	if key == servedKey {
		return c.followServed()
	}
	n := c.graph.find(key)
	if n == nil {
		return nil
	}
	switch {
	case n.deleting && n.orphan:
		return c.orphanDependents(n)
	case n.waits():
		return c.deleteDependents(n)
	case n.deleting || !c.anyOwnerUnsure(n):
		return nil
	}
	return c.collect(n)
}

// say leaves a record of what is about to happen to an object.
func (c *garbage) say(n *graphNode, do, because string) {
	c.process.Trace.Then(component.Reconciled{Controller: c.name, Resource: n.resource.Singular, Key: n.key.String(), Do: do, Because: because})
}

// deleteDependents carries on a deletion in the foreground: dependents that block go first, then the finalizer.
func (c *garbage) deleteDependents(n *graphNode) error {
	blocked := false
	for _, d := range c.graph.of(n.uid) {
		if d.blocks(n.uid) {
			blocked = true
			if !d.deleting {
				c.enqueue(d)
			}
		}
	}
	if blocked {
		return nil
	}
	c.say(n, "let it go", "no dependent that blocks its deletion is left")
	return c.dropFinalizer(n, metav1.FinalizerDeleteDependents)
}

// orphanDependents takes an owner's name off its dependents and then lets it go.
func (c *garbage) orphanDependents(n *graphNode) error {
	var errs []error
	for _, d := range c.graph.of(n.uid) {
		c.say(d, "set free from "+api.Ref(n.resource, n.key), "its owner is deleted with propagationPolicy Orphan")
		if err := c.patchOwners(d, without(n.uid)); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	c.say(n, "let it go", "its dependents are free")
	return c.dropFinalizer(n, metav1.FinalizerOrphanDependents)
}

// patchOwners changes the owner references of an object if it is still the same one.
func (c *garbage) patchOwners(n *graphNode, change func([]metav1.OwnerReference) []metav1.OwnerReference) error {
	return c.patch(n, func(o api.Object) { o.SetOwnerReferences(change(o.GetOwnerReferences())) })
}

func (c *garbage) dropFinalizer(n *graphNode, name string) error {
	return c.patch(n, func(o api.Object) {
		o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == name }))
	})
}

func (c *garbage) patch(n *graphNode, change func(api.Object)) error {
	_, err := api.Patch(c.client, n.resource, n.key, func(o api.Object) error {
		if o.GetUID() != n.uid {
			return apierrors.NewNotFound(n.resource.GroupResource(), n.key.Name)
		}
		change(o)
		return nil
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// without takes owners off a list.
func without(uids ...types.UID) func([]metav1.OwnerReference) []metav1.OwnerReference {
	return func(refs []metav1.OwnerReference) []metav1.OwnerReference {
		return slices.DeleteFunc(refs, func(ref metav1.OwnerReference) bool { return slices.Contains(uids, ref.UID) })
	}
}

// refs names owners for telling.
func refs(of []metav1.OwnerReference) string {
	out := make([]string, len(of))
	for i, ref := range of {
		out[i] = fmt.Sprintf("%s %s", strings.ToLower(ref.Kind), ref.Name)
	}
	return strings.Join(out, ", ")
}
