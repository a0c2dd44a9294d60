package apiserver

import (
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/apiserver/access"
)

// Visitor reads for somebody outside of the simulation. What it does is no step
// of the run: it leaves neither a record nor a mark in the hash. It is used by
// the engine's goroutine only, between two steps (see engine.Visit).
type Visitor struct {
	server *Server
	id     Identity
}

// Visitor lets somebody from outside read.
func (s *Server) Visitor(id Identity) *Visitor { return &Visitor{s, id} }

// Sink takes the events of an outside watch. It is called by the engine's
// goroutine at the very commit and must return at once: what a slow watcher
// cannot take is the sink's affair.
type Sink interface {
	// Send takes the next event. The last one is Closed when the server ends the watch.
	Send(api.Event)
}

// Get reads one object or a subresource of it.
func (v *Visitor) Get(r *api.Resource, k api.Key, subresource string) (api.Object, error) {
	if v.server.down {
		return nil, api.ErrUnreachable
	}
	c := v.call(api.Request{Verb: api.VerbGet, Resource: r, Key: k, Subresource: subresource})
	if _, err := c.find(); err != nil {
		return nil, err
	}
	return c.run()
}

// List lists objects as of a revision (0: now). The error is Expired for a
// revision that has been compacted, Timeout for one that has not come yet.
func (v *Visitor) List(r *api.Resource, o api.ListOptions, revision int64) (api.List, error) {
	s := v.server
	if s.down {
		return api.List{}, api.ErrUnreachable
	}
	c := v.call(api.Request{Verb: api.VerbList, Resource: r, Key: api.Key{Namespace: o.Namespace}})
	if _, err := c.find(); err != nil {
		return api.List{}, err
	}
	if err := s.Reached(revision); err != nil {
		return api.List{}, err
	}
	if revision == 0 || revision == s.cache.revision || !r.Stored() {
		return c.list(o)
	}
	return c.listAt(o, revision)
}

// listAt lists from the store, as it was at a revision.
func (c *call) listAt(o api.ListOptions, revision int64) (api.List, error) {
	c.understand()
	if err := c.authorize(o.Fields); err != nil {
		return api.List{}, err
	}
	f, err := c.server.newFilter(c.addressed(), o)
	if err != nil {
		return api.List{}, err
	}
	prefix := c.Resource.Prefix()
	if c.Resource.Namespaced && o.Namespace != "" {
		prefix += o.Namespace + "/"
	}
	kvs, _, err := c.server.Store.List(prefix, revision)
	if err != nil {
		return api.List{}, storeError(err, revision)
	}
	list := api.List{Revision: revision}
	for _, kv := range kvs {
		o, err := c.server.decode(c.Resource, kv.Value, kv.ModRevision)
		if err != nil {
			return api.List{}, plain("%v", err)
		}
		if o = f.shown(o); f.matches(o) {
			list.Items = append(list.Items, o)
		}
	}
	return c.speakList(list), nil
}

// Watch opens a watch whose events go to a sink as they are committed. It
// returns those that come before: what has happened since o.From or, from 0, the
// present state as additions; and the revision up to which they go. o.Actor and
// o.Name have no meaning here.
func (v *Visitor) Watch(r *api.Resource, o api.WatchOptions, to Sink) (past []api.Event, revision int64, stop func(), err error) {
	s := v.server
	if s.down {
		return nil, 0, nil, api.ErrUnreachable
	}
	c := v.call(api.Request{Verb: api.VerbWatch, Resource: r, Key: api.Key{Namespace: o.Namespace}})
	if _, err := c.find(); err != nil {
		return nil, 0, nil, err
	}
	c.understand()
	if err := c.authorize(o.Fields); err != nil {
		return nil, 0, nil, err
	}
	if !r.Stored() {
		return nil, 0, nil, apierrors.NewMethodNotSupported(r.GroupResource(), string(api.VerbWatch))
	}
	f, err := s.newFilter(c.addressed(), o.ListOptions)
	if err != nil {
		return nil, 0, nil, err
	}
	if oldest := s.Store.Oldest(); o.From > 0 && o.From < oldest {
		return nil, 0, nil, tooOld(o.From, oldest)
	}
	if past, err = c.since(o.From, f); err != nil {
		return nil, 0, nil, err
	}
	w := s.hub.open("", o, f)
	w.sink = to
	if c.spoken != nil {
		w.sink = spokenSink{to, c}
		for i := range past {
			past[i] = c.speakEvent(past[i])
		}
	}
	return past, s.cache.revision, w.Stop, nil
}

// Authorize says by what the visitor might make a request, in Kubernetes' words, or why not.
func (v *Visitor) Authorize(a access.Attributes) (reason string, err error) {
	a.User, a.Groups = v.id.User, v.id.Groups
	d, err := v.server.policy.Authorize(a, v.server)
	return d.Reason, err
}

// Rules are all rules that hold for the visitor in a namespace.
func (v *Visitor) Rules(namespace string) []rbacv1.PolicyRule {
	return v.server.policy.RulesFor(v.id.User, v.id.Groups, namespace)
}

func (v *Visitor) call(r api.Request) *call {
	return &call{Request: r, server: v.server, id: v.id}
}

// Up is nil while the server's machine has power, otherwise api.ErrUnreachable.
func (s *Server) Up() error {
	if s.down {
		return api.ErrUnreachable
	}
	return nil
}

// Reached is nil if a revision has come, otherwise a Timeout error: who wants a
// state that is at least as new has to wait.
func (s *Server) Reached(revision int64) error {
	if revision > s.cache.revision {
		return tooLarge(revision, s.cache.revision)
	}
	return nil
}
