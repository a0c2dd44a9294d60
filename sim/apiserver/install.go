package apiserver

import (
	"fmt"
	"slices"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
	"minisim/sim/etcdstore"
)

// Installed is the record of objects that a cluster has from the beginning and
// that nobody needs to hear of one by one.
type Installed struct {
	What     string `json:"what"`
	Objects  int    `json:"objects"`
	Revision int64  `json:"revision"` // the (last) revision written
}

// Kind is "installed".
func (Installed) Kind() string { return "installed" }

// Tell says how many there are.
func (i Installed) Tell() string {
	return fmt.Sprintf("create the %d default %s → etcd revision %d", i.Objects, i.What, i.Revision)
}

// install writes the default roles and bindings that are not there yet, in as few
// transactions as may be. They are the server's own, so they need no permission.
func (s *Server) install(defaults []api.Object) error {
	missing := slices.DeleteFunc(defaults, func(o api.Object) bool { return s.Get(api.Of(o), api.KeyOf(o)) != nil })
	if len(missing) == 0 {
		return nil
	}
	for some := range slices.Chunk(missing, maxGroup) {
		if err := s.installTogether(some); err != nil {
			return err
		}
	}
	s.Trace.Add(Installed{What: "roles and bindings", Objects: len(missing), Revision: s.cache.revision})
	return nil
}

func (s *Server) installTogether(objects []api.Object) error {
	ops := make([]etcdstore.Op, len(objects))
	for i, o := range objects {
		r, key := api.Of(o), api.KeyOf(o)
		c := &call{Request: api.Request{Resource: r, Key: key}, server: s}
		o.GetObjectKind().SetGroupVersionKind(r.GVK())
		if err := c.identify(o); err != nil {
			return err
		}
		if errs := kinds.For(r).Validate(o); len(errs) > 0 {
			return c.invalid(errs)
		}
		value, err := encode(r, o)
		if err != nil {
			return err
		}
		ops[i] = etcdstore.Op{Key: r.StoreKey(key), Value: value}
	}
	_, events, err := s.Store.Commit(ops...)
	if err != nil {
		return err
	}
	for i, ev := range events {
		if _, err := s.apply(ev, objects[i]); err != nil {
			return err
		}
	}
	return nil
}
