package apiserver

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
)

// counts are how often requests of one sort have been answered. They are kept for
// whoever looks on and decide nothing.
type counts map[Sort]uint64

// Sort is what requests are counted by.
type Sort struct {
	Verb        api.Verb
	Resource    schema.GroupVersionResource
	Subresource string
	Scope       string // "resource" for one object, else "namespace" or "cluster"
	DryRun      bool
	Code        int // of HTTP
}

// Compare puts sorts into an order.
func (s Sort) Compare(o Sort) int {
	return cmp.Or(
		strings.Compare(s.Resource.Group, o.Resource.Group), strings.Compare(s.Resource.Resource, o.Resource.Resource), strings.Compare(s.Resource.Version, o.Resource.Version),
		strings.Compare(string(s.Verb), string(o.Verb)), strings.Compare(s.Subresource, o.Subresource), strings.Compare(s.Scope, o.Scope),
		cmp.Compare(s.Code, o.Code), compareBools(s.DryRun, o.DryRun),
	)
}

// Count is how often requests of one sort have been answered.
type Count struct {
	Sort
	N uint64
}

// count notes that a request was answered.
func (c *call) count(err error) {
	c.server.counts[Sort{c.Verb, c.addressed().GVR(), c.Subresource, ScopeOf(c.Verb, c.Key), c.DryRun, c.code(err)}]++
}

// ScopeOf is how much of the cluster a request is about.
func ScopeOf(v api.Verb, k api.Key) string {
	switch {
	case k.Name != "" || v == api.VerbCreate:
		return "resource"
	case k.Namespace != "":
		return "namespace"
	}
	return "cluster"
}

func (c *call) code(err error) int {
	var known apierrors.APIStatus
	switch {
	case errors.As(err, &known) && known.Status().Code != 0:
		return int(known.Status().Code)
	case err != nil:
		return http.StatusInternalServerError
	case c.outcome == Created:
		return http.StatusCreated
	}
	return http.StatusOK
}

// Requests are all requests that components and writers from outside have made so
// far, in the order of their sorts; what visitors read is not among them.
func (s *Server) Requests() []Count {
	return s.counts.sorted()
}

// Stored is how many objects of a resource there are.
func (s *Server) Stored(r *api.Resource) int {
	n := 0
	if t := s.cache.tables[r]; t != nil {
		for _, space := range t.spaces {
			n += len(space)
		}
	}
	return n
}

// Watches is how many watches are open, those of components included, in the order of their sorts.
func (s *Server) Watches() []Count {
	open := counts{}
	for _, watches := range s.hub.slots {
		for _, w := range watches {
			open[Sort{Verb: api.VerbWatch, Resource: w.filter.resource.GVR(), Scope: ScopeOf(api.VerbWatch, api.Key{Namespace: w.filter.namespace})}]++
		}
	}
	return open.sorted()
}

func (c counts) sorted() []Count {
	out := make([]Count, 0, len(c))
	for sort, n := range c {
		out = append(out, Count{sort, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return a.Compare(b.Sort) })
	return out
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
