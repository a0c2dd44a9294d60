// Package admission looks at writes after authorisation: before validation each
// plugin may complete an object or refuse the request (Admit), after it each may
// only refuse (Validate). They run in the order of Kubernetes. One plugin, one file.
package admission

import (
	"time"

	corev1 "k8s.io/api/core/v1"
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

	Now      time.Time                         // the virtual time
	Warn     func(string)                      // is told of what the sender should know; nil: nobody is
	Generate func(base string) string          // makes a name that begins with base, another one each time
	Charge   func(*corev1.ResourceQuota) error // stores what a quota's status has become; nil for a dry run
}

func (a *Attributes) warn(text string) {
	if a.Warn != nil {
		a.Warn(text)
	}
}

// Objects is what plugins may look at.
type Objects interface {
	// Get is an object as of now, nil if there is none.
	Get(*api.Resource, api.Key) api.Object
	// Each calls f for the objects of a namespace ("": all), in the order of
	// their keys, until it returns false.
	Each(r *api.Resource, namespace string, f func(api.Object) bool)
}

// stage looks at a request. It says in a few words what it has changed or
// remarks upon, "" if nothing.
type stage func(*Attributes, Objects) (what string, err error)

// plugin looks at a request before and after validation; either may be nil.
type plugin struct {
	name            string
	admit, validate stage
}

// plugins run in this order, which is Kubernetes'.
var plugins = []plugin{
	{"NamespaceLifecycle", namespaceLifecycle, nil},
	{"LimitRanger", limitDefaults, withinLimits},
	{"ServiceAccount", serviceAccount, nil},
	{"NodeRestriction", nodeRestriction, nil},
	{"TaintNodesByCondition", taintNodesByCondition, nil},
	{"PodSecurity", nil, podSecurity},
	{"Priority", priority, nil},
	{"DefaultTolerationSeconds", defaultTolerationSeconds, nil},
	{"DefaultStorageClass", defaultStorageClass, nil},
	{"StorageObjectInUseProtection", storageProtection, nil},
	{"PersistentVolumeClaimResize", nil, claimResize},
	{"RuntimeClass", runtimeClass, overheadOfClass},
	{"DefaultIngressClass", defaultIngressClass, nil},
	{"PodTopologyLabels", podTopologyLabels, nil},
	{"ResourceQuota", nil, resourceQuota},
}

// Admit runs all plugins before validation. It returns what they have changed,
// each as "Plugin: what", or the first refusal.
func Admit(a *Attributes, o Objects) (changed []string, err error) {
	return run(a, o, func(p *plugin) stage { return p.admit })
}

// Validate runs all plugins after validation, which change nothing any more.
func Validate(a *Attributes, o Objects) (remarks []string, err error) {
	return run(a, o, func(p *plugin) stage { return p.validate })
}

func run(a *Attributes, o Objects, pick func(*plugin) stage) (told []string, err error) {
	for i := range plugins {
		look := pick(&plugins[i])
		if look == nil {
			continue
		}
		what, err := look(a, o)
		if err != nil {
			return told, err
		}
		if what != "" {
			told = append(told, plugins[i].name+": "+what)
		}
	}
	return told, nil
}

// creates says whether the request creates an object of r.
func (a *Attributes) creates(r *api.Resource) bool {
	return a.Verb == api.VerbCreate && a.Resource == r && a.Subresource == ""
}

// resizes says whether the request changes the resources of a pod's containers.
func (a *Attributes) resizes() bool {
	return a.Resource == api.Pods && a.Subresource == "resize" && a.Object != nil
}

// forbid is the error of a plugin that refuses the request.
func (a *Attributes) forbid(why error) error {
	name := a.Key.Name
	if name == "" && a.Object != nil {
		name = a.Object.GetGenerateName() // its name is yet to be made
	}
	return apierrors.NewForbidden(a.Resource.GroupResource(), name, why)
}
