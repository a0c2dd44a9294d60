package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/apiserver/access"
)

// asked is what a request wants as authorisation sees it: read off the URL and
// the method alone, whether or not there is such a thing.
type asked struct {
	verb        api.Verb
	group       schema.GroupVersion
	namespace   string
	resource    string // "" where the path is no resource's
	name        string
	subresource string
	path        string
	fields      fields.Selector // of a list or watch, nil: everything
}

// verbsOf are the methods' verbs for an object or a collection.
var verbsOf = map[string]api.Verb{
	http.MethodGet: api.VerbGet, http.MethodHead: api.VerbGet, http.MethodPost: api.VerbCreate, http.MethodPut: api.VerbUpdate,
	http.MethodPatch: api.VerbPatch, http.MethodDelete: api.VerbDelete,
}

// readAsked reads what a request wants. The forms of URLs are
// /api/VERSION/… and /apis/GROUP/VERSION/…, then perhaps watch/, perhaps
// namespaces/NAMESPACE/, then RESOURCE[/NAME[/SUBRESOURCE]].
func readAsked(r *http.Request) asked {
	a := asked{path: r.URL.Path, verb: api.Verb(strings.ToLower(r.Method))}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		a.group, parts = schema.GroupVersion{Version: parts[1]}, parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		a.group, parts = schema.GroupVersion{Group: parts[1], Version: parts[2]}, parts[3:]
	default:
		return a
	}
	a.verb = verbsOf[r.Method]
	watches := parts[0] == "watch" && len(parts) > 1
	if watches {
		a.verb, parts = api.VerbWatch, parts[1:]
	}
	if parts[0] == "namespaces" && len(parts) > 1 {
		a.namespace = parts[1]
		if len(parts) > 2 && !slices.Contains(subresourcesOfNamespaces, parts[2]) {
			parts = parts[2:]
		}
	}
	a.resource = parts[0]
	if len(parts) > 1 {
		a.name = parts[1]
	}
	if len(parts) > 2 && !watches {
		a.subresource = strings.Join(parts[2:], "/")
	}
	a.ofCollection(r)
	return a
}

var subresourcesOfNamespaces = []string{"status", "finalize"}

// ofCollection tells a list, a watch and the deletion of a collection from what concerns one object.
func (a *asked) ofCollection(r *http.Request) {
	if a.name != "" {
		return
	}
	switch a.verb {
	case api.VerbGet:
		a.verb = api.VerbList
		if flag(r.URL.Query(), "watch") {
			a.verb = api.VerbWatch
		}
	case api.VerbDelete:
		a.verb = api.VerbDeleteCollection
	}
	if a.verb != api.VerbCreate && a.verb != "" {
		a.fields, _ = fields.ParseSelector(r.URL.Query().Get("fieldSelector")) // what cannot be read is refused later
	}
}

// attributes are what is asked for in the policy's words, with a verb of its own if there is one.
func (a asked) attributes(u User, verb api.Verb) access.Attributes {
	out := access.Attributes{User: u.Name, Groups: u.Groups, Verb: a.verb, Path: a.path}
	if verb != "" {
		out.Verb = verb
	}
	if a.resource == "" {
		return out
	}
	out.Key = api.Key{Namespace: a.namespace, Name: a.name}
	out.Subresource, out.Fields = a.subresource, a.fields
	if out.Resource = find(api.Served(), a.group, a.resource); out.Resource == nil {
		out.Resource = &api.Resource{Group: a.group.Group, Version: a.group.Version, Name: a.resource}
	}
	return out
}

// alwaysOpen are the paths that need no permission: whoever starts and stops the
// server has to be able to ask how it is.
var alwaysOpen = []string{"/healthz", "/livez", "/readyz"}

// authorize asks the policy whether a user may do what is asked for.
func (b *bridge) authorize(ctx context.Context, u User, a asked) error {
	if a.resource == "" && slices.Contains(alwaysOpen, a.path) {
		return nil
	}
	return b.allowed(ctx, a.attributes(u, ""))
}

// allowed is nil if the policy allows what is asked, otherwise why not.
func (b *bridge) allowed(ctx context.Context, a access.Attributes) error {
	if slices.Contains(a.Groups, access.Masters) {
		return nil // as the policy has it: nobody need be asked
	}
	_, err := look(ctx, b, func() (any, error) {
		_, err := b.api.Visitor(apiserver.Identity{User: a.User, Groups: a.Groups}).Authorize(a)
		return nil, err
	})
	return err
}

// routeError is what is answered for a request that no handler takes.
func routeError(code int, text string) error {
	return apierrors.NewGenericServerResponse(code, "", schema.GroupResource{}, "", text, 0, false)
}
