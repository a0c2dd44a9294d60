package controller

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/component"
)

// resourceOf finds the resource of an owner, custom or not; nil if it is not served.
func (c *garbage) resourceOf(ref metav1.OwnerReference) *api.Resource {
	kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	if r := api.ByKind(kind); r != nil {
		return r
	}
	served, _ := api.Discover(c.client) // while the server does not answer nothing can be said
	for _, r := range served {
		if r.GVK() == kind {
			return r
		}
	}
	return nil
}

// followOwners opens a cache of each custom resource of which an object is seen to own another.
func (c *garbage) followOwners(owners []metav1.OwnerReference) {
	for _, ref := range owners {
		kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
		if api.ByKind(kind) != nil {
			continue
		}
		r := c.resourceOf(ref)
		if r == nil || c.process.Has(r.String()) {
			continue
		}
		cache := component.NamedInformer[*unstructured.Unstructured](c.process, r.String(), r, api.ListOptions{})
		follow(cache, r, c.changed)
		cache.Open()
	}
}
