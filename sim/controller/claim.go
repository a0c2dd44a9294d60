package controller

import (
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
)

// claim decides which objects an owner controls: those that name it as their
// controller and match its selector, and those that match and have no controller,
// which it adopts. What it controls and does not match any more it lets go.
type claim[T api.Object] struct {
	client   api.Client
	owner    api.Object
	selector labels.Selector
	tell     func(do, because string) // called before each request
	mayAdopt error                    // the outcome of asking, once it was asked
	asked    bool
}

// of sorts the candidates out. Adoption and release are requests; the first
// error, after all candidates were tried, is returned with what could be claimed.
func (c *claim[T]) of(candidates []T) (claimed []T, err error) {
	for _, o := range candidates {
		mine, e := c.one(o)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		if mine {
			claimed = append(claimed, o)
		}
	}
	return claimed, err
}

func (c *claim[T]) one(o T) (bool, error) {
	matches := c.selector.Matches(labels.Set(o.GetLabels()))
	if ref := metav1.GetControllerOfNoCopy(o); ref != nil {
		switch {
		case ref.UID != c.owner.GetUID():
			return false, nil
		case matches:
			return true, nil
		case c.owner.GetDeletionTimestamp() != nil:
			return false, nil
		}
		return false, c.release(o)
	}
	if !matches || c.owner.GetDeletionTimestamp() != nil || o.GetDeletionTimestamp() != nil {
		return false, nil
	}
	return c.adopt(o)
}

func (c *claim[T]) adopt(o T) (bool, error) {
	if !c.asked {
		c.asked, c.mayAdopt = true, c.recheckOwner()
	}
	if c.mayAdopt != nil {
		return false, fmt.Errorf("can't adopt %s: %w", api.Ref(api.Of(o), api.KeyOf(o)), c.mayAdopt)
	}
	c.tell("adopt "+api.Ref(api.Of(o), api.KeyOf(o)), "it matches the selector and has no controller")
	err := c.patch(o, func(refs []metav1.OwnerReference) ([]metav1.OwnerReference, error) {
		for _, ref := range refs {
			if ref.Controller != nil && *ref.Controller {
				return nil, fmt.Errorf("it has a controller meanwhile: %s %s", ref.Kind, ref.Name)
			}
		}
		return append(refs, api.OwnedBy(c.owner)), nil
	})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func (c *claim[T]) release(o T) error {
	c.tell("release "+api.Ref(api.Of(o), api.KeyOf(o)), "its labels do not match the selector any more")
	err := c.patch(o, func(refs []metav1.OwnerReference) ([]metav1.OwnerReference, error) {
		return slices.DeleteFunc(refs, func(ref metav1.OwnerReference) bool { return ref.UID == c.owner.GetUID() }), nil
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// patch changes the owner references of o, if it is still the same object.
func (c *claim[T]) patch(o T, change func([]metav1.OwnerReference) ([]metav1.OwnerReference, error)) error {
	_, err := api.Patch(c.client, api.Of(o), api.KeyOf(o), func(now T) error {
		if now.GetUID() != o.GetUID() {
			return apierrors.NewNotFound(api.Of(o).GroupResource(), o.GetName())
		}
		refs, err := change(now.GetOwnerReferences())
		if err == nil {
			now.SetOwnerReferences(refs)
		}
		return err
	})
	return err
}

// recheckOwner asks the server, not the cache, whether the owner may still adopt.
func (c *claim[T]) recheckOwner() error {
	r := api.Of(c.owner)
	now, err := api.Get[api.Object](c.client, r, api.KeyOf(c.owner))
	if err != nil {
		return err
	}
	if now.GetUID() != c.owner.GetUID() {
		return fmt.Errorf("original %s is gone: got uid %s, wanted %s", api.Ref(r, api.KeyOf(c.owner)), now.GetUID(), c.owner.GetUID())
	}
	if now.GetDeletionTimestamp() != nil {
		return fmt.Errorf("%s has just been deleted at %s", api.Ref(r, api.KeyOf(c.owner)), now.GetDeletionTimestamp())
	}
	return nil
}
