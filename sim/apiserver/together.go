package apiserver

import (
	"minisim/sim/api"
	"minisim/sim/etcdstore"
)

// group is the writes of one client that are to share a transaction.
type group struct {
	writes []groupedWrite
	keys   map[string]bool // of the writes
}

// groupedWrite is a request that has come as far as its write.
type groupedWrite struct {
	call  *call
	op    etcdstore.Op
	own   api.Object
	cause uint64
}

// maxGroup is how many writes share one transaction at most.
const maxGroup = 100

// Together implements api.Grouper.
func (c *client) Together(f func()) {
	s := c.server
	if s.group != nil {
		panic("apiserver: Together within Together")
	}
	s.group = &group{keys: map[string]bool{}}
	f()
	s.writeGroup()
	s.group = nil
}

// regroup writes what waits if the request could depend on it.
func (s *Server) regroup(r api.Request) {
	if g := s.group; g != nil && (len(g.writes) == maxGroup || r.Verb == api.VerbDelete || g.keys[r.Resource.StoreKey(r.Key)]) {
		s.writeGroup()
	}
}

// add has a write wait for the others of its group.
func (g *group) add(c *call, op etcdstore.Op, own api.Object) {
	c.grouped = true
	g.writes = append(g.writes, groupedWrite{c, op, own, c.server.Engine.Cause()})
	g.keys[op.Key] = true
}

// writeGroup writes what waits in one transaction. If one of the writes is
// refused each is written by itself, so that it does not take the others with it.
func (s *Server) writeGroup() {
	g := s.group
	if len(g.writes) == 0 {
		return
	}
	ops := make([]etcdstore.Op, len(g.writes))
	for i, w := range g.writes {
		ops[i] = w.op
	}
	_, events, failed := s.Store.Commit(ops...)
	s.group = nil
	for i, w := range g.writes {
		before := s.Engine.SetCause(w.cause)
		var err error
		if failed != nil {
			_, err = w.call.write(w.op.Value, w.own, w.op.Guard)
		} else {
			_, err = w.call.committed(events[i:i+1], w.op.Value, w.own)
		}
		w.call.record(err)
		s.Engine.SetCause(before)
	}
	g.writes = g.writes[:0]
	clear(g.keys)
	s.group = g
}
