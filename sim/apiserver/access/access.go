// Package access decides who may do what: the second stage of every request.
// A request is allowed by the first rule that grants it; nothing is forbidden by
// a rule. What lives here: the rights of administrators, of each component's own
// user, and of kubelets over what concerns their node. Roles that users write
// (RBAC) are to come as further rules.
package access

import (
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"

	"minisim/sim/api"
)

// Attributes are what is known of a request before it is carried out.
type Attributes struct {
	User        string
	Groups      []string
	Verb        api.Verb
	Resource    *api.Resource
	Subresource string
	Key         api.Key
	Fields      fields.Selector // of a list or watch, nil: everything
}

// Objects is what a decision may depend on: what a kubelet may read follows
// from the pods on its node.
type Objects interface {
	// Get is an object as of now, nil if there is none.
	Get(*api.Resource, api.Key) api.Object
	// PodsOn calls f for the pods bound to a node until it returns false.
	PodsOn(node string, f func(api.Object) bool)
}

// Masters is the group whose members may do anything.
const Masters = "system:masters"

// Authorize says by which rule a request is allowed, in a few words, or gives a
// Forbidden error with Kubernetes' text.
func Authorize(a Attributes, o Objects) (rule string, err error) {
	if slices.Contains(a.Groups, Masters) {
		return Masters, nil
	}
	var why string
	if node, ok := nodeName(a); ok {
		if why, ok = authorizeNode(a, node, o); ok {
			return "node authorizer", nil
		}
	}
	for _, r := range roles {
		if r.holds(a) && r.grants(a) {
			return r.name, nil
		}
	}
	return "", forbidden(a, why)
}

func forbidden(a Attributes, why string) error {
	text := fmt.Sprintf("User %q cannot %s resource %q in API group %q", a.User, a.Verb, resourceOf(a), a.Resource.Group)
	if a.Key.Namespace != "" {
		text += fmt.Sprintf(" in the namespace %q", a.Key.Namespace)
	} else {
		text += " at the cluster scope"
	}
	if why != "" {
		text += ": " + why
	}
	return apierrors.NewForbidden(a.Resource.GroupResource(), nameOf(a), fmt.Errorf("%s", text))
}

// nameOf is the name that the request's path bears: none for a create.
func nameOf(a Attributes) string {
	if a.Verb == api.VerbCreate && a.Subresource == "" {
		return ""
	}
	return a.Key.Name
}

// resourceOf is "pods", or "pods/status" for a subresource.
func resourceOf(a Attributes) string {
	if a.Subresource == "" {
		return a.Resource.Name
	}
	return a.Resource.Name + "/" + a.Subresource
}
