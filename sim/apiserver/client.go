package apiserver

import (
	"minisim/sim/api"
)

// Identity is who makes requests, as authentication has found out.
type Identity struct {
	User    string   // "system:kube-scheduler"
	Groups  []string // "system:nodes"
	Process string   // the program, as the trace names it: "kubelet/worker-1"; "": User
}

// client is the in-process client of one program.
type client struct {
	server *Server
	id     Identity
	gate   func(api.Request) error
}

// Client gives a program its client. gate is asked before every request, lists
// and watches included (as requests without an object): it returns nil while the
// link is up, or the error that the program gets instead, api.ErrUnreachable or
// api.ErrStopped. A nil gate lets everything pass.
func (s *Server) Client(id Identity, gate func(api.Request) error) api.Client {
	if id.Process == "" {
		id.Process = id.User
	}
	return &client{s, id, gate}
}

// Do carries out one request.
func (c *client) Do(r api.Request) (api.Object, error) {
	if r.Key == (api.Key{}) && r.Object != nil {
		r.Key = api.KeyOf(r.Object)
	}
	if err := c.pass(r); err != nil {
		return nil, err
	}
	return c.server.do(c.id, r)
}

// Discover implements api.Discoverer.
func (c *client) Discover() ([]*api.Resource, error) {
	if c.server.down {
		return nil, api.ErrUnreachable
	}
	return c.server.Catalog().Resources(), nil
}

// List lists objects.
func (c *client) List(r *api.Resource, o api.ListOptions) (api.List, error) {
	if err := c.pass(api.Request{Verb: api.VerbList, Resource: r, Key: api.Key{Namespace: o.Namespace}}); err != nil {
		return api.List{}, err
	}
	return c.server.list(c.id, r, o)
}

// Watch opens a watch.
func (c *client) Watch(r *api.Resource, o api.WatchOptions) (api.Watch, error) {
	if err := c.pass(api.Request{Verb: api.VerbWatch, Resource: r, Key: api.Key{Namespace: o.Namespace}}); err != nil {
		return nil, err
	}
	w, err := c.server.watch(c.id, r, o)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (c *client) pass(r api.Request) error {
	if c.gate != nil {
		if err := c.gate(r); err != nil {
			return err
		}
	}
	if c.server.down {
		return api.ErrUnreachable
	}
	return nil
}
