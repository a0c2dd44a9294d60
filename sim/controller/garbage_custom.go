package controller

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/component"
)

// servedKey stands in the collector's queue for what is served: it may have
// become more. The keys of objects have a namespace, their resource.
var servedKey = api.Key{Name: "served"}

// followServed opens a cache of each custom resource that has none yet. One whose
// resource is served no longer closes by itself.
func (c *garbage) followServed() error {
	served, err := api.Preferred(c.client)
	if err != nil {
		return err
	}
	for _, r := range served {
		if api.ByKind(r.GVK()) != nil || c.process.Has(r.String()) {
			continue
		}
		cache := component.NamedInformer[api.Object](c.process, r.String(), r, api.ListOptions{})
		cache.OnChange(func(old, new api.Object) { c.changed(r, old, new) })
		cache.Open()
	}
	return nil
}

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
