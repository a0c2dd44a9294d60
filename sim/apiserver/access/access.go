// Package access decides who may do what: the second stage of every request.
// A request is allowed by the first authorizer that grants it; nothing is
// forbidden by a rule. What lives here: administrators, the node authorizer for
// kubelets, and RBAC: an index over the roles and bindings that the cluster has,
// those that it has from the beginning, and the guard against people who would
// give themselves or others more than they have. It knows objects as they are
// given to it; the store and the cache are others' affair.
package access

import (
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"minisim/sim/api"
)

// Attributes are what is known of a request before it is carried out.
type Attributes struct {
	User        string
	Groups      []string
	Verb        api.Verb
	Resource    *api.Resource // nil for a path that is no resource
	Subresource string
	Key         api.Key
	Fields      fields.Selector // of a list or watch, nil: everything
	Path        string          // "/metrics"; only without a Resource
}

// Objects is what a decision may depend on: what a kubelet may read follows
// from the pods on its node.
type Objects interface {
	// Get is an object as of now, nil if there is none.
	Get(*api.Resource, api.Key) api.Object
	// PodsOn calls f for the pods bound to a node until it returns false.
	PodsOn(node string, f func(api.Object) bool)
}

// Decision says by what a request is allowed.
type Decision struct {
	Rule   string // in a few words, for the account of a run: the role's name
	Reason string // in Kubernetes' words, for who asks whether they may; "" where it has none
}

// Masters is the group whose members may do anything.
const Masters = "system:masters"

var (
	byMasters = Decision{Rule: Masters}
	byNode    = Decision{Rule: "node authorizer"}
)

// Authorize says by what a request is allowed, or gives a Forbidden error with
// Kubernetes' text.
func (p *Policy) Authorize(a Attributes, o Objects) (Decision, error) {
	if slices.Contains(a.Groups, Masters) {
		return byMasters, nil
	}
	var why string
	if node, ok := nodeName(a); ok {
		if why, ok = p.authorizeNode(a, node, o); ok {
			return byNode, nil
		}
	}
	if d := p.allows(&a); d != nil {
		return *d, nil
	}
	return Decision{Reason: why}, forbidden(a, why)
}

func forbidden(a Attributes, why string) error {
	if a.Resource == nil {
		return &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Details: &metav1.StatusDetails{},
			Message: fmt.Sprintf("forbidden: User %q cannot %s path %q", a.User, a.Verb, a.Path),
		}}
	}
	text := fmt.Sprintf("User %q cannot %s resource %q in API group %q", a.User, a.Verb, resourceOf(a), a.Resource.Group)
	if a.Key.Namespace != "" {
		text += fmt.Sprintf(" in the namespace %q", a.Key.Namespace)
	} else {
		text += " at the cluster scope"
	}
	if why != "" {
		text += ": " + why
	}
	return apierrors.NewForbidden(a.Resource.GroupResource(), a.name(), fmt.Errorf("%s", text))
}

// name is the name that the request is for: none for a create, and for a list or
// watch the one that its selector admits.
func (a *Attributes) name() string {
	if a.Verb == api.VerbCreate && a.Subresource == "" {
		return ""
	}
	if a.Fields != nil {
		if name, ok := a.Fields.RequiresExactMatch("metadata.name"); ok {
			return name
		}
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
