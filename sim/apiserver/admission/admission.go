// Package admission looks at writes after authorisation and before validation:
// each plugin may complete an object or refuse the request. They run in the
// order of Kubernetes. One plugin, one file.
package admission

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// Attributes are a write that asks for admission.
type Attributes struct {
	User        string
	Groups      []string
	Verb        api.Verb // create, update or delete; a patch is an update
	Resource    *api.Resource
	Subresource string
	Key         api.Key
	Object      api.Object // the object to come, which plugins may change; nil for a delete
	Old         api.Object // the present object, nil for a create
}

// Objects is what plugins may look at.
type Objects interface {
	// Get is an object as of now, nil if there is none.
	Get(*api.Resource, api.Key) api.Object
	// Each calls f for the objects of a namespace ("": all), in the order of
	// their keys, until it returns false.
	Each(r *api.Resource, namespace string, f func(api.Object) bool)
}

// plugin looks at a request. It says in a few words what it has changed, "" if nothing.
type plugin struct {
	name  string
	admit func(*Attributes, Objects) (changed string, err error)
}

// plugins run in this order, which is Kubernetes'.
var plugins = []plugin{
	{"NamespaceLifecycle", namespaceLifecycle},
	{"ServiceAccount", serviceAccount},
	{"NodeRestriction", nodeRestriction},
	{"TaintNodesByCondition", taintNodesByCondition},
	{"Priority", priority},
	{"DefaultTolerationSeconds", defaultTolerationSeconds},
	{"DefaultStorageClass", defaultStorageClass},
	{"StorageObjectInUseProtection", storageProtection},
	{"PodTopologyLabels", podTopologyLabels},
}

// Admit runs all plugins. It returns what they have changed, each as
// "Plugin: what", or the first refusal.
func Admit(a *Attributes, o Objects) (changed []string, err error) {
	for _, p := range plugins {
		what, err := p.admit(a, o)
		if err != nil {
			return changed, err
		}
		if what != "" {
			changed = append(changed, p.name+": "+what)
		}
	}
	return changed, nil
}

// creates says whether the request creates an object of r.
func (a *Attributes) creates(r *api.Resource) bool {
	return a.Verb == api.VerbCreate && a.Resource == r && a.Subresource == ""
}

// forbid is the error of a plugin that refuses the request.
func (a *Attributes) forbid(why error) error {
	name := a.Key.Name
	if name == "" && a.Object != nil {
		name = a.Object.GetGenerateName() // its name is yet to be made
	}
	return apierrors.NewForbidden(a.Resource.GroupResource(), name, why)
}
