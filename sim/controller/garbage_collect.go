package controller

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

// owners are an object's owners as the server has them.
type owners struct {
	solid, waiting, absent []metav1.OwnerReference
}

// collect deletes an object that no owner keeps any more. The graph only gives
// the hint; what is done is decided on what the server says.
func (c *garbage) collect(n *graphNode) error {
	now, err := api.Get[api.Object](c.client, n.resource, n.key)
	if apierrors.IsNotFound(err) || err == nil && (now.GetUID() != n.uid || now.GetDeletionTimestamp() != nil) {
		return nil // the cache will hear of it
	}
	if err != nil {
		return err
	}
	o, err := c.classify(now)
	if err != nil || len(o.waiting)+len(o.absent) == 0 {
		return err
	}
	if len(o.solid) > 0 {
		gone := append(o.absent, o.waiting...)
		c.say(n, "take "+refs(gone)+" off its owners", "another owner keeps it")
		uids := make([]types.UID, len(gone))
		for i, ref := range gone {
			uids[i] = ref.UID
		}
		return c.patchOwners(n, without(uids...))
	}
	policy := metav1.DeletePropagationBackground
	switch because := "its owner " + refs(o.absent) + " is gone"; {
	case len(o.waiting) > 0 && len(c.graph.dependents[n.uid]) > 0:
		if err := c.unblock(n, now); err != nil {
			return err
		}
		policy = metav1.DeletePropagationForeground
		c.say(n, "delete with its dependents first", "its owner "+refs(o.waiting)+" is deleted in the foreground")
	case len(o.waiting) > 0:
		c.say(n, "delete", "its owner "+refs(o.waiting)+" is deleted in the foreground")
	case slices.Contains(now.GetFinalizers(), metav1.FinalizerOrphanDependents):
		policy = metav1.DeletePropagationOrphan
		c.say(n, "delete and leave its dependents", because)
	case slices.Contains(now.GetFinalizers(), metav1.FinalizerDeleteDependents):
		policy = metav1.DeletePropagationForeground
		c.say(n, "delete with its dependents first", because)
	default:
		c.say(n, "delete", because)
	}
	err = api.Delete(c.client, n.resource, n.key, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &n.uid}, PropagationPolicy: &policy})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// unblock keeps a circle of owners that all wait for each other from waiting forever.
func (c *garbage) unblock(n *graphNode, now api.Object) error {
	circle := slices.ContainsFunc(c.graph.of(n.uid), (*graphNode).waits)
	blocking := slices.ContainsFunc(now.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return deref(ref.BlockOwnerDeletion) })
	if !circle || !blocking {
		return nil
	}
	c.say(n, "stop blocking the deletion of its owners", "they wait for each other")
	return c.patchOwners(n, func(refs []metav1.OwnerReference) []metav1.OwnerReference {
		no := false
		for i := range refs {
			refs[i].BlockOwnerDeletion = &no
		}
		return refs
	})
}

// classify tells the owners that keep an object from those that are gone or about to go.
func (c *garbage) classify(o api.Object) (owners, error) {
	var out owners
	for _, ref := range o.GetOwnerReferences() {
		owner := c.graph.nodes[ref.UID]
		there := owner != nil && owner.named(ref, o.GetNamespace())
		waits := there && owner.waits()
		if !there {
			if owner != nil && owner.elsewhere(o.GetNamespace()) {
				c.reportNamespace(o, ref)
			}
			var err error
			if there, waits, err = c.ask(o, ref); err != nil {
				return out, err
			}
		}
		switch {
		case !there:
			out.absent = append(out.absent, ref)
		case waits:
			out.waiting = append(out.waiting, ref)
		default:
			out.solid = append(out.solid, ref)
		}
	}
	return out, nil
}

// reportNamespace warns of an owner in another namespace, which counts for nothing.
func (c *garbage) reportNamespace(o api.Object, owner metav1.OwnerReference) {
	apiVersion, kind := o.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	c.recorder.EventFor(
		corev1.ObjectReference{APIVersion: apiVersion, Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID()},
		corev1.EventTypeWarning, "OwnerRefInvalidNamespace",
		fmt.Sprintf("ownerRef [%s/%s, namespace: %s, name: %s, uid: %s] does not exist in namespace %q",
			owner.APIVersion, owner.Kind, o.GetNamespace(), owner.Name, owner.UID, o.GetNamespace()),
	)
}

// ask says whether an owner exists and whether it waits for its dependents, by
// asking the server unless that has said already that there is none. One of a
// kind that is not served counts as existing: nothing can be said of it. So does
// one in a namespace of an object in none.
func (c *garbage) ask(o api.Object, ref metav1.OwnerReference) (there, waits bool, err error) {
	named := reference{ref.APIVersion, ref.Kind, o.GetNamespace(), ref.Name, ref.UID}
	if c.absent[named] {
		return false, false, nil
	}
	r, err := c.resourceOf(ref)
	if err != nil {
		return false, false, err
	}
	if r == nil || r.Namespaced && o.GetNamespace() == "" {
		return true, false, nil
	}
	key := api.Key{Name: ref.Name}
	if r.Namespaced {
		key.Namespace = o.GetNamespace()
	}
	owner, err := api.Get[api.Object](c.client, r, key)
	switch {
	case err == nil && owner.GetUID() == ref.UID:
		return true, owner.GetDeletionTimestamp() != nil && slices.Contains(owner.GetFinalizers(), metav1.FinalizerDeleteDependents), nil
	case err != nil && !apierrors.IsNotFound(err):
		return false, false, err
	}
	if len(c.absent) >= maxAbsent {
		clear(c.absent)
	}
	c.absent[named] = true
	return false, false, nil
}
