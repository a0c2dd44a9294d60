package apiserver

import (
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// Aggregated is another API server to which requests for its resources are
// passed on. They can only be read. ErrUnreachable says that it does not answer.
type Aggregated interface {
	Get(r *api.Resource, k api.Key) (api.Object, error)
	List(r *api.Resource, o api.ListOptions) ([]api.Object, error)
}

// Aggregate has requests for the resources that no store keeps answered by a.
func (s *Server) Aggregate(a Aggregated) { s.aggregated = a }

// Aggregates are the resources that another server answers for, none where there is no such server.
func (s *Server) Aggregates() []*api.Resource {
	if s.aggregated == nil {
		return nil
	}
	return api.Measured()
}

// passOn answers a request for an object that another server has.
func (c *call) passOn() (api.Object, error) {
	switch {
	case c.server.aggregated == nil:
		return nil, c.unserved()
	case c.Verb != api.VerbGet || c.Subresource != "":
		return nil, apierrors.NewMethodNotSupported(c.Resource.GroupResource(), string(c.Verb))
	}
	o, err := c.server.aggregated.Get(c.Resource, c.Key)
	return o, c.unavailable(err)
}

// passOnList answers a list of what another server has.
func (c *call) passOnList(o api.ListOptions) (api.List, error) {
	if c.server.aggregated == nil {
		return api.List{}, c.unserved()
	}
	items, err := c.server.aggregated.List(c.Resource, o)
	return api.List{Items: items}, c.unavailable(err)
}

// unserved is the error for a resource that no server has.
func (c *call) unserved() error {
	return apierrors.NewGenericServerResponse(http.StatusNotFound, string(api.VerbGet), c.Resource.GroupResource(), c.Key.Name, "", 0, true)
}

// unavailable is what becomes of the error of a server that does not answer.
func (c *call) unavailable(err error) error {
	if err == api.ErrUnreachable {
		return apierrors.NewGenericServerResponse(http.StatusServiceUnavailable, string(api.VerbGet), c.Resource.GroupResource(), c.Key.Name, "", 0, true)
	}
	return err
}
