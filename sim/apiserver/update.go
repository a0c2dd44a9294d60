package apiserver

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// update replaces an object, or its status if that is what the request names.
func (c *call) update() (api.Object, error) {
	o, err := c.received()
	if err != nil {
		return nil, err
	}
	if c.table().get(c.Key) == nil && c.strategy().CreateOnUpdate && c.Subresource == "" {
		return c.createInstead(o)
	}
	return c.modify(func(api.Object) (api.Object, error) { return o, nil })
}

// createInstead creates what an update finds missing, if its sender may do that, too.
func (c *call) createInstead(o api.Object) (api.Object, error) {
	if uid := o.GetUID(); uid != "" {
		return nil, c.otherUID(uid, "")
	}
	a := c.attributes()
	a.Verb = api.VerbCreate
	if _, err := c.server.policy.Authorize(a, c.server); err != nil {
		return nil, err
	}
	c.Object, c.Verb = o, api.VerbCreate
	return c.create()
}

// modify replaces the request's object by what build makes of it. build gets the
// shared present object and returns one of its own.
func (c *call) modify(build func(old api.Object) (api.Object, error)) (api.Object, error) {
	it, err := c.current()
	if err != nil {
		return nil, err
	}
	if c.Object != nil && c.Object.GetUID() != "" && c.Object.GetUID() != it.object.GetUID() {
		return nil, c.otherUID(c.Object.GetUID(), it.object.GetUID())
	}
	o, err := build(it.object)
	if err != nil {
		return nil, err
	}
	k := c.strategy()
	if k.Default != nil {
		k.Default(o)
	}
	if c.PatchType != types.ApplyYAMLPatchType {
		if o, err = c.owned(it.object, o); err != nil {
			return nil, plain("%v", err)
		}
	}
	if err := c.admit(api.VerbUpdate, o, it.object); err != nil {
		return nil, err
	}
	if err := c.unmodified(it, o); err != nil {
		return nil, err
	}
	if errs := c.prepare(o, it.object); len(errs) > 0 {
		return nil, c.invalid(errs)
	}
	if err := c.vet(api.VerbUpdate, o, it.object); err != nil {
		return nil, err
	}
	return c.replace(it, o)
}

// unmodified checks that the sender means the object that there is, in its
// present version if it says which.
func (c *call) unmodified(it *item, o api.Object) error {
	version, err := versionOf(o)
	if err != nil {
		return err
	}
	if version == 0 && c.strategy().NeedsVersion {
		gk := schema.GroupKind{Group: c.Resource.Group, Kind: c.Resource.Name}
		return apierrors.NewInvalid(gk, c.Key.Name, field.ErrorList{
			field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update"),
		})
	}
	switch version {
	case it.revision:
	case 0: // whatever version there is
		o.SetResourceVersion(it.object.GetResourceVersion())
	default:
		return conflict(c.Resource, c.Key, errModified)
	}
	return nil
}

// otherUID is the conflict of somebody who means an object of the same name that is no more.
func (c *call) otherUID(want, have types.UID) error {
	return conflict(c.Resource, c.Key, fmt.Errorf(
		"StorageError: invalid object, Code: 4, Key: %s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: %s, UID in object meta: %s",
		c.Resource.StoreKey(c.Key), want, have))
}

// prepare keeps what the request cannot change and says what is wrong with the rest.
func (c *call) prepare(o, old api.Object) field.ErrorList {
	k := c.strategy()
	o.SetGeneration(old.GetGeneration())
	if o.GetUID() == "" {
		o.SetUID(old.GetUID())
	}
	o.SetCreationTimestamp(old.GetCreationTimestamp())
	if t := old.GetDeletionTimestamp(); t != nil {
		o.SetDeletionTimestamp(t)
	}
	if s := old.GetDeletionGracePeriodSeconds(); s != nil && o.GetDeletionGracePeriodSeconds() == nil {
		o.SetDeletionGracePeriodSeconds(s)
	}
	validate := k.ValidateUpdate
	if part, ok := k.Parts[c.Subresource]; ok {
		part.Prepare(o, old)
		validate = part.Validate
	} else if c.Subresource == "status" {
		if k.PrepareForStatusUpdate != nil {
			k.PrepareForStatusUpdate(o, old)
		}
		validate = k.ValidateStatusUpdate
	} else {
		if svc, ok := o.(*corev1.Service); ok {
			if errs := c.server.net.allocate(&c.server.rand, c.Key, svc, old.(*corev1.Service)); len(errs) > 0 {
				return errs
			}
		}
		if k.PrepareForUpdate != nil {
			k.PrepareForUpdate(o, old)
		}
	}
	if validate == nil {
		return nil
	}
	return validate(o, old)
}

// replace writes o, which the server owns, in the place of it. Nothing is written where the bytes are
// the same; an object whose last finalizer has gone while it was to be deleted
// goes with it.
func (c *call) replace(it *item, o api.Object) (api.Object, error) {
	value, err := c.server.encode(c.Resource, o)
	if err != nil {
		return nil, plain("%v", err)
	}
	o.SetResourceVersion(it.object.GetResourceVersion())
	switch {
	case c.DryRun:
		c.outcome = DryRun
		canonical(o)
		return o, nil
	case released(o, it.object):
		c.outcome = Deleted
		if _, err := c.write(nil, nil, it.revision); err != nil {
			return nil, err
		}
		return o, nil
	case it.encodes(c.Resource, value):
		c.outcome = Unchanged
		return it.object, nil
	}
	c.outcome = Updated
	return c.write(value, o, it.revision)
}

// released says whether nothing holds a deleted object any more.
func released(o, old api.Object) bool {
	if old.GetDeletionTimestamp() == nil || len(o.GetFinalizers()) > 0 {
		return false
	}
	if ns, ok := o.(*corev1.Namespace); ok && len(ns.Spec.Finalizers) > 0 {
		return false
	}
	grace := old.GetDeletionGracePeriodSeconds()
	return grace == nil || *grace == 0
}
