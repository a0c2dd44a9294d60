package apiserver

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// delete removes an object, or marks it if a grace period or a finalizer holds it.
func (c *call) delete() (api.Object, error) {
	if err := validateDelete(&c.Delete); err != nil {
		return nil, err
	}
	if err := c.admit(api.VerbDelete, nil, c.server.Get(c.Resource, c.Key)); err != nil {
		return nil, err
	}
	return c.remove(&c.Delete)
}

// remove carries a deletion out as far as it can go now.
func (c *call) remove(opts *metav1.DeleteOptions) (api.Object, error) {
	it, err := c.current()
	if err != nil {
		return nil, err
	}
	if err := c.precondition(it.object, opts.Preconditions); err != nil {
		return nil, err
	}
	if c.Resource == api.CustomResourceDefinitions && it.object.GetDeletionTimestamp() == nil {
		return c.undefine(it)
	}
	finalizers := deletionFinalizers(c.Resource, it.object, opts)
	grace, graceful, pending := gracePeriod(it.object, opts)
	if pending || c.pendingNamespace(it.object) {
		c.outcome = Unchanged
		return it.object, nil
	}
	if !graceful && len(finalizers) == 0 && c.Resource != api.Namespaces {
		return c.gone(it)
	}
	o := it.object.DeepCopyObject().(api.Object)
	o.SetFinalizers(finalizers)
	c.mark(o, grace, graceful)
	held := grace > 0 || len(finalizers) > 0 || c.Resource == api.Namespaces && len(o.(*corev1.Namespace).Spec.Finalizers) > 0
	if _, err := c.writeMarked(it, o); err != nil || held || c.DryRun {
		return o, err
	}
	if it, err = c.current(); err != nil {
		return nil, err
	}
	return c.gone(it)
}

// gone removes an object from the store and returns its last state.
func (c *call) gone(it *item) (api.Object, error) {
	if c.DryRun {
		c.outcome = DryRun
		return it.object, nil
	}
	c.outcome = Deleted
	_, err := c.write(nil, nil, it.revision)
	return it.object, err
}

// writeMarked writes the object that is marked as to be deleted.
func (c *call) writeMarked(it *item, o api.Object) (api.Object, error) {
	value, err := c.server.encode(c.Resource, o)
	if err != nil {
		return nil, plain("%v", err)
	}
	o.SetResourceVersion(it.object.GetResourceVersion())
	if c.DryRun {
		c.outcome = DryRun
		return o, nil
	}
	if it.encodes(c.Resource, value) {
		c.outcome = Unchanged
		return it.object, nil
	}
	c.outcome = Deleting
	return c.write(value, o, it.revision)
}

// mark sets the deletion time: when the grace period will be over, or now. The
// first mark counts the generation up, if the object has one.
func (c *call) mark(o api.Object, grace int64, graceful bool) {
	before := o.GetDeletionTimestamp()
	if before == nil && o.GetGeneration() > 0 {
		o.SetGeneration(o.GetGeneration() + 1)
	}
	now := c.server.now()
	end := metav1.Time{Time: now.Add(time.Duration(grace) * time.Second)}
	switch {
	case graceful && before != nil && o.GetDeletionGracePeriodSeconds() != nil: // shortened: counted from the first request
		asked := before.Add(-time.Duration(*o.GetDeletionGracePeriodSeconds()) * time.Second)
		end = metav1.Time{Time: asked.Add(time.Duration(grace) * time.Second)}
	case !graceful && before != nil && before.Before(&now):
		end = *before
	}
	o.SetDeletionTimestamp(&end)
	if ns, ok := o.(*corev1.Namespace); ok {
		ns.Status.Phase = corev1.NamespaceTerminating
		return
	}
	o.SetDeletionGracePeriodSeconds(&grace)
}

// pendingNamespace says whether a namespace is being emptied already.
func (c *call) pendingNamespace(o api.Object) bool {
	ns, ok := o.(*corev1.Namespace)
	return ok && ns.DeletionTimestamp != nil && len(ns.Spec.Finalizers) > 0
}

// gracePeriod says whether a deletion is graceful and for how many seconds.
// pending means that there is nothing to do: it waits already and the request
// does not shorten it. Only pods are deleted gracefully.
func gracePeriod(o api.Object, opts *metav1.DeleteOptions) (seconds int64, graceful, pending bool) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return 0, false, false
	}
	asked := opts.GracePeriodSeconds
	if pod.DeletionTimestamp != nil {
		have := pod.DeletionGracePeriodSeconds
		switch {
		case have == nil:
			return 0, false, false
		case asked == nil || *asked >= *have:
			return 0, false, true
		}
		return max(*asked, 0), true, false
	}
	switch {
	case asked != nil:
		seconds = *asked
	case pod.Spec.TerminationGracePeriodSeconds != nil:
		seconds = *pod.Spec.TerminationGracePeriodSeconds
	default:
		seconds = corev1.DefaultTerminationGracePeriodSeconds
	}
	if pod.Spec.NodeName == "" || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		seconds = 0
	}
	if seconds < 0 {
		seconds = 1
	}
	return seconds, true, false
}

// orphanByDefault are the resources whose dependents stay unless the request says otherwise.
var orphanByDefault = map[*api.Resource]bool{api.Jobs: true}

// deletionFinalizers are the object's finalizers with those of the garbage
// collector as the request's propagation policy wants them.
func deletionFinalizers(r *api.Resource, o api.Object, opts *metav1.DeleteOptions) []string {
	orphan, foreground := orphanByDefault[r], false
	switch p := opts.PropagationPolicy; {
	//lint:ignore SA1019 it is part of the API
	case opts.OrphanDependents != nil:
		orphan = *opts.OrphanDependents
	case p != nil:
		orphan, foreground = *p == metav1.DeletePropagationOrphan, *p == metav1.DeletePropagationForeground
	default:
		have := o.GetFinalizers()
		if slices.Contains(have, metav1.FinalizerOrphanDependents) {
			orphan = true
		} else if slices.Contains(have, metav1.FinalizerDeleteDependents) {
			orphan, foreground = false, true
		}
	}
	var out []string
	for _, f := range o.GetFinalizers() {
		if f != metav1.FinalizerOrphanDependents && f != metav1.FinalizerDeleteDependents {
			out = append(out, f)
		}
	}
	if orphan {
		out = append(out, metav1.FinalizerOrphanDependents)
	}
	if foreground {
		out = append(out, metav1.FinalizerDeleteDependents)
	}
	return out
}

// precondition checks that the sender means this very object.
func (c *call) precondition(o api.Object, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	refuse := func(what, want, have, did string) error {
		return apierrors.NewConflict(schema.GroupResource{Group: c.Resource.Group, Resource: c.Resource.Kind}, c.Key.Name,
			fmt.Errorf("the %s in the precondition (%s) does not match the %s in record (%s). The object might have been %s", what, want, what, have, did))
	}
	if p.UID != nil && *p.UID != o.GetUID() {
		return refuse("UID", string(*p.UID), string(o.GetUID()), "deleted and then recreated")
	}
	if p.ResourceVersion != nil && *p.ResourceVersion != o.GetResourceVersion() {
		return refuse("ResourceVersion", *p.ResourceVersion, o.GetResourceVersion(), "modified")
	}
	return nil
}

func validateDelete(o *metav1.DeleteOptions) error {
	var errs field.ErrorList
	path := field.NewPath("propagationPolicy")
	//lint:ignore SA1019 it is part of the API
	if o.OrphanDependents != nil && o.PropagationPolicy != nil {
		errs = append(errs, field.Invalid(path, *o.PropagationPolicy, "orphanDependents and deletionPropagation cannot be both set"))
	}
	if p := o.PropagationPolicy; p != nil {
		switch *p {
		case metav1.DeletePropagationForeground, metav1.DeletePropagationBackground, metav1.DeletePropagationOrphan:
		default:
			errs = append(errs, field.NotSupported(path, *p, []string{
				string(metav1.DeletePropagationForeground), string(metav1.DeletePropagationBackground), string(metav1.DeletePropagationOrphan), "nil"}))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "DeleteOptions"}, "", errs)
}
