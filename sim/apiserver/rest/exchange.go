package rest

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/deprecation"

	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/apiserver/custom"
)

// exchange is one request and its answer.
type exchange struct {
	server *Server
	bridge *bridge // into the cluster that was served when it came
	w      http.ResponseWriter
	r      *http.Request
	user   User
	asked  asked
	target target
	code   int  // of the answer, 0 until it is known
	begun  bool // the answer's header has been written
}

// target is what a URL names.
type target struct {
	resource    *api.Resource
	namespace   string // "" is all, or none
	name        string
	subresource string
	watched     bool            // by the old way, /api/v1/watch/…
	custom      *custom.Version // of a custom resource, otherwise nil
}

func (t target) key() api.Key { return api.Key{Namespace: t.namespace, Name: t.name} }

// dispatch finds out what the URL names and has it answered.
func (c *exchange) dispatch() error {
	path := c.r.URL.Path
	if answer := c.plain(path); answer != nil {
		return answer()
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		return c.object(schema.GroupVersion{Version: parts[1]}, parts[2:])
	case parts[0] == "apis" && len(parts) > 1 && !c.hasGroup(parts[1]):
		return c.nothing()
	case parts[0] == "apis" && len(parts) > 3:
		return c.object(schema.GroupVersion{Group: parts[1], Version: parts[2]}, parts[3:])
	case parts[0] == "api" || parts[0] == "apis":
		return c.discover(parts)
	case parts[0] == "openapi":
		return c.openAPI(parts[1:])
	}
	return c.nothing()
}

// hasGroup says whether there is a group of this name.
func (c *exchange) hasGroup(name string) bool {
	return slices.ContainsFunc(c.groups(), func(g group) bool { return g.name == name })
}

// nothing answers for a path that is not the API's.
func (c *exchange) nothing() error {
	c.w.Header().Set("X-Content-Type-Options", "nosniff")
	c.body(http.StatusNotFound, "text/plain; charset=utf-8", []byte("404 page not found\n"))
	return nil
}

// plain finds what answers a path that has nothing to do with resources.
func (c *exchange) plain(path string) func() error {
	for _, p := range []string{"/healthz", "/livez", "/readyz"} {
		if path == p || strings.HasPrefix(path, p+"/") {
			return c.health
		}
	}
	switch path {
	case discoveryPath:
		return c.discoverIssuer
	case keysPath:
		return c.tokenKeys
	case "/metrics":
		return c.prometheus
	case "/version", "/version/":
		return c.version
	case "/", "":
		return c.paths
	}
	return nil
}

// object answers for a resource, an object or a subresource of it.
func (c *exchange) object(gv schema.GroupVersion, parts []string) error {
	if answer := c.review(gv, parts); answer != nil {
		return answer()
	}
	t, ok := parseTarget(c.served(), gv, parts)
	if !ok && rank(gv.Group) == len(preference) {
		return c.nothing() // of custom resources
	}
	if !ok {
		return errNoSuchPath
	}
	c.target = t
	if text := deprecated(t.resource); text != "" {
		c.warn([]string{text})
	}
	if v := c.bridge.api.Catalog().Custom(t.resource); v != nil {
		c.target.custom = v
		if text := v.Deprecation(); text != "" {
			c.warn([]string{text})
		}
	}
	return c.take(c.route())
}

// deprecated is what everybody is told who uses a resource of this release that
// is to be used no longer: "v1 Endpoints is deprecated in v1.33+; …".
func deprecated(r *api.Resource) string {
	o := r.New()
	if !deprecation.IsDeprecated(o, 1, 36) {
		return ""
	}
	o.GetObjectKind().SetGroupVersionKind(r.GVK())
	return deprecation.WarningMessage(o)
}

// parseTarget reads "[watch/][namespaces/NS/]resource[/name[/subresource]]". The
// resource namespaces has that form itself.
func parseTarget(served []*api.Resource, gv schema.GroupVersion, parts []string) (target, bool) {
	var t target
	if t.watched = parts[0] == "watch" && len(parts) > 1; t.watched {
		parts = parts[1:]
	}
	if parts[0] == "namespaces" && len(parts) > 2 && find(served, gv, parts[2]) != nil && gv.Group+parts[2] != "status" {
		t.namespace, parts = parts[1], parts[2:]
		if t.namespace == "" {
			return target{}, false
		}
	}
	t.resource = find(served, gv, parts[0])
	if len(parts) > 3 && parts[2] == "proxy" {
		parts = parts[:3] // the rest is for what is behind the proxy
	}
	if t.resource == nil || len(parts) > 3 || t.namespace != "" && !t.resource.Namespaced {
		return target{}, false
	}
	if len(parts) > 1 {
		t.name = parts[1]
		if t.name == "" || t.resource.Namespaced && t.namespace == "" {
			return target{}, false
		}
	}
	if len(parts) > 2 {
		t.subresource = parts[2]
	}
	return t, !t.watched || t.subresource == ""
}

func find(served []*api.Resource, gv schema.GroupVersion, name string) *api.Resource {
	for _, r := range served {
		if r.Group == gv.Group && r.Version == gv.Version && r.Name == name {
			return r
		}
	}
	return nil
}

// query is the request's parameters.
func (c *exchange) query() url.Values { return c.r.URL.Query() }

// flag reads a parameter that is true or false; one without a value is true.
func flag(q url.Values, name string) bool {
	if !q.Has(name) {
		return false
	}
	v := q.Get(name)
	return v != "0" && !strings.EqualFold(v, "false")
}

func wantsWatch(r *http.Request) bool {
	return r.Method == http.MethodGet && (flag(r.URL.Query(), "watch") || strings.Contains(r.URL.Path, "/watch/"))
}

// lasts says whether a request goes on until its client has had enough: a watch, or a log that is followed.
func lasts(r *http.Request) bool {
	followed, _ := path.Match("/api/v1/namespaces/*/pods/*/log", r.URL.Path)
	return wantsWatch(r) || followed && r.Method == http.MethodGet && flag(r.URL.Query(), "follow")
}

// visitor reads on behalf of the user. It is for visits only.
func (c *exchange) visitor() *apiserver.Visitor {
	return c.bridge.api.Visitor(c.user.identity(agent(c.r)))
}

// errNoSuchPath is what is not there in a group that is.
var errNoSuchPath = routeError(http.StatusNotFound, "404: Page Not Found")

// statusOf is an error as a client gets it.
func statusOf(err error) *metav1.Status {
	var known apierrors.APIStatus
	switch {
	case errors.As(err, &known):
	case errors.Is(err, api.ErrUnreachable):
		known = apierrors.NewServiceUnavailable("the machine of the API server is off")
	case errors.Is(err, errClosed):
		known = apierrors.NewServiceUnavailable(errClosed.Error())
	default:
		known = apierrors.NewInternalError(err)
	}
	s := known.Status()
	s.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	if s.Code == 0 {
		s.Code = http.StatusInternalServerError
	}
	return &s
}
