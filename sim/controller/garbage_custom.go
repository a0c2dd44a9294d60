package controller

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/component"
)

// resourceOf finds the resource of an owner, custom or not; nil if it is not
// served. The error is the server's, which then has not said what it serves.
func (c *garbage) resourceOf(ref metav1.OwnerReference) (*api.Resource, error) {
	kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	if r := api.ByKind(kind); r != nil {
		return r, nil
	}
	served, err := api.Discover(c.client)
	if err != nil {
		return nil, err
	}
	for _, r := range served {
		if r.GVK() == kind {
			return r, nil
		}
	}
	return nil, nil
}

// followOwners opens a cache of each custom resource of which an object is seen to own another.
func (c *garbage) followOwners(owners []metav1.OwnerReference) error {
	for _, ref := range owners {
		kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
		if known := c.custom[kind]; api.ByKind(kind) != nil || known != nil && c.process.Has(known.String()) {
			continue
		}
		r, err := c.resourceOf(ref)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		c.custom[kind] = r
		if c.process.Has(r.String()) {
			continue
		}
		cache := component.NamedInformer[*unstructured.Unstructured](c.process, r.String(), r, api.ListOptions{})
		follow(cache, r, c.changed)
		cache.Open()
	}
	return nil
}
