package rest

import (
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/apiserver/outside"
)

// route is what is served at the target of a request, by method: how it is answered.
type route map[string]func() error

// route finds out what there is at the target. As in Kubernetes a collection
// over all namespaces can only be read, and an object's subresources have the verbs that discovery shows.
func (c *exchange) route() route {
	t := c.target
	switch {
	case !t.resource.Stored():
		return c.routeOfAggregated()
	case t.watched && t.name != "":
		return route{http.MethodGet: c.watchOne}
	case t.watched:
		return route{http.MethodGet: c.list}
	case t.subresource != "":
		return c.routeOfSubresource()
	case t.name != "":
		return route{http.MethodGet: c.get, http.MethodPut: c.write, http.MethodPatch: c.write, http.MethodDelete: c.write}
	case t.resource.Namespaced && t.namespace == "":
		return route{http.MethodGet: c.list}
	}
	r := route{http.MethodGet: c.list, http.MethodPost: c.write}
	if t.resource != api.Namespaces { // which go one by one
		r[http.MethodDelete] = c.write
	}
	return r
}

// routeOfAggregated is for what another server has: it can only be read.
func (c *exchange) routeOfAggregated() route {
	switch {
	case c.target.watched || c.target.subresource != "":
		return nil
	case c.target.name != "":
		return route{http.MethodGet: c.get}
	}
	return route{http.MethodGet: c.list}
}

func (c *exchange) routeOfSubresource() route {
	t := c.target
	if s := connectionOf(t); s != nil {
		answer := map[string]func() error{"log": c.log, "proxy": c.proxy}[s.name]
		if answer == nil {
			answer = c.stream
		}
		r := route{}
		for _, v := range s.verbs {
			r[methodOf[api.Verb(v)]] = answer
		}
		return r
	}
	if t.resource == api.ServiceAccounts && t.subresource == "token" {
		return route{http.MethodPost: c.issueToken}
	}
	r := route{}
	for verb, method := range methodOf {
		if c.bridge.api.Catalog().Supports(t.resource, t.subresource, verb) {
			r[method] = c.write
		}
	}
	if r[http.MethodGet] != nil {
		r[http.MethodGet] = func() error { return c.show(t.subresource) }
	}
	if len(r) == 0 {
		return nil
	}
	return r
}

var methodOf = map[api.Verb]string{
	api.VerbGet: http.MethodGet, api.VerbCreate: http.MethodPost, api.VerbUpdate: http.MethodPut, api.VerbPatch: http.MethodPatch, api.VerbDelete: http.MethodDelete,
}

// take has the route answer, if it takes the request's method and forms.
func (c *exchange) take(r route) error {
	custom := c.target.custom != nil
	if r == nil && custom {
		return apierrors.NewNotFound(c.target.resource.GroupResource(), c.target.name)
	}
	if r == nil {
		return errNoSuchPath
	}
	answer := r[c.r.Method]
	switch {
	case answer == nil && custom:
		return apierrors.NewMethodNotSupported(c.target.resource.GroupResource(), strings.ToLower(c.r.Method))
	case answer == nil:
		return routeError(http.StatusMethodNotAllowed, "405: Method Not Allowed")
	case c.r.Method == http.MethodPatch && !custom && connectionOf(c.target) == nil && !slices.Contains(patchTypes, plainType(c.r.Header.Get("Content-Type"))):
		return routeError(http.StatusUnsupportedMediaType, "415: Unsupported Media Type")
	}
	if forms := c.forms(); forms != nil && !accepts(c.r.Header.Get("Accept"), forms) {
		return routeError(http.StatusNotAcceptable, "406: Not Acceptable\n\nAvailable representations: "+strings.Join(forms, ", "))
	}
	return answer()
}

// patchTypes are the forms of patches, in the order in which Kubernetes names them.
var patchTypes = []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType), string(types.ApplyYAMLPatchType)}

// objectForms are the forms of an object.
var objectForms = []string{outside.JSON, outside.YAML, outside.Protobuf}

// forms are those in which the target can be shown; nil if the client has no say in it.
func (c *exchange) forms() []string {
	switch s := connectionOf(c.target); {
	case c.target.custom != nil:
		return nil // see negotiate
	case s != nil && s.name == "log":
		return append([]string{"text/plain"}, objectForms...)
	case s != nil:
		return nil
	case c.target.name == "" && c.r.Method == http.MethodGet:
		return append(slices.Clone(objectForms), outside.JSON+";stream=watch", outside.Protobuf+";stream=watch")
	}
	return objectForms
}

// accepts says whether an Accept header names one of the forms, whatever it says of it.
func accepts(header string, forms []string) bool {
	if header == "" {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		if t := plainType(part); t == "*/*" || slices.Contains(forms, t) {
			return true
		}
	}
	return false
}

// plainType is a media type without its parameters.
func plainType(header string) string {
	t, _, _ := strings.Cut(header, ";")
	return strings.TrimSpace(t)
}
