// Package apiserver is the cluster's front door, the only room that talks to the
// store. What lives here: the request pipeline (who asks → may they → admission →
// defaulting → validation → store → watchers), the watch cache from which reads
// are answered, the hub that tells the watchers, and the in-process client.
// What does not: the rules of one kind (kinds), who may do what (access), what is
// changed or refused on the way in (admission), HTTP (rest).
//
// The cache is fed by the store's events only. A request is a synchronous call
// that takes no virtual time; what its watchers hear is work of the engine.
package apiserver

import (
	"fmt"
	"sync/atomic"
	"time"

	"minisim/sim/api"
	"minisim/sim/apiserver/access"
	"minisim/sim/engine"
	"minisim/sim/etcdstore"
	"minisim/sim/trace"
)

// Store is what the server needs of the store. *etcdstore.Store is one.
type Store interface {
	// Commit carries out all ops in one transaction or none, and returns their
	// events. A guard that does not hold is a *etcdstore.ConflictError.
	Commit(ops ...etcdstore.Op) (revision int64, events []etcdstore.Event, err error)
	// Get returns one key as it was at a revision (0: now), and whether it existed.
	Get(key string, revision int64) (etcdstore.KV, bool, error)
	// List returns all keys with a prefix as they were at a revision (0: now).
	List(prefix string, revision int64) ([]etcdstore.KV, int64, error)
	// Oldest is the oldest revision that can still be read.
	Oldest() int64
}

// Latency bounds the virtual time from a commit to the arrival of its event at a
// watcher. Each event takes its own, derived from the seed. The zero value is no
// latency at all: the event arrives at the same instant, as work of its own.
type Latency struct{ Min, Max time.Duration }

// DefaultLatency is that of a healthy cluster.
var DefaultLatency = Latency{time.Millisecond, 5 * time.Millisecond}

// Config says of what a server is made. All fields but Latency must be set.
type Config struct {
	Engine  *engine.Engine
	Trace   *trace.Recorder
	Store   Store
	Name    string // the server's actor and process name: "kube-apiserver"
	Latency Latency
}

// Server is one API server. It is used by the engine's goroutine only.
type Server struct {
	Config
	down   bool
	cache  cache
	hub    hub
	rand   dice
	net    services
	owners owners
	policy *access.Policy
	group  *group // nil: each write is a transaction of its own
	expiry
	counts      counts
	aggregated  Aggregated // nil: nobody answers for what is not stored
	kubelets    Kubelets   // nil: none can be reached
	definitions definitions
	catalog     atomic.Pointer[Catalog]
}

// New makes a server that knows what the store already has: a durable cluster
// that starts again has its objects from the first request on.
func New(c Config) (*Server, error) {
	s := &Server{Config: c, cache: newCache(), rand: dice{engine: c.Engine, server: c.Name}, net: newServices(), policy: access.NewPolicy(), counts: counts{}}
	s.hub = hub{server: s, slots: map[slot][]*watch{}}
	s.definitions = definitions{byName: map[string]*defined{}, steps: map[string]uint64{}, failures: map[string]int{}}
	s.catalog.Store(catalogOf(nil))
	kvs, revision, err := c.Store.List("", 0)
	if err != nil {
		return nil, fmt.Errorf("load the objects: %w", err)
	}
	c.Engine.Register(c.Name, s)
	rest, err := s.load(kvs)
	if err == nil {
		_, err = s.load(rest) // what is left by now is not ours
	}
	if err != nil {
		return nil, err
	}
	s.cache.loaded(revision)
	s.expireLoaded()
	return s, nil
}

// load brings what the store has into the cache, and gives back what is of no
// resource that is known: custom ones are, once their definitions are loaded.
func (s *Server) load(kvs []etcdstore.KV) (rest []etcdstore.KV, err error) {
	for _, kv := range kvs {
		r, k, ok := s.Catalog().parseStoreKey(kv.Key)
		if !ok {
			rest = append(rest, kv)
			continue
		}
		o, err := s.decode(r, kv.Value, kv.ModRevision)
		if err == nil {
			s.cache.tables[r].put(k, s.item(r, o, kv.Value, kv.ModRevision))
			err = s.follow(r, k, nil, o)
		}
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", kv.Key, err)
		}
	}
	return rest, nil
}

// Down switches the server's machine off (true) or on. While it is off every
// request gets api.ErrUnreachable; all watches are closed at once.
func (s *Server) Down(off bool) {
	if off && !s.down {
		s.hub.close(func(*watch) bool { return true }, errClosed)
	}
	s.down = off
	if !off {
		s.expireNext()
		s.defineAll()
	}
}

// CloseWatches ends all watches of a process whose program or link has died. If
// the program lives, it gets one Closed event for each.
func (s *Server) CloseWatches(process string) {
	s.hub.close(func(w *watch) bool { return w.process == process }, errClosed)
}

// Revision is the revision of the newest write that the server knows of.
func (s *Server) Revision() int64 { return s.cache.revision }

// Object is an object as it was at a revision (0: now), for views that look
// back. The error is NotFound, or Expired for a revision that has been compacted.
func (s *Server) Object(r *api.Resource, k api.Key, revision int64) (api.Object, error) {
	if r = s.known(r); r == nil {
		return nil, notServed
	}
	if revision == 0 || revision == s.cache.revision {
		if it := s.table(r).get(k); it != nil {
			return it.object, nil
		}
		return nil, notFound(r, k)
	}
	kv, ok, err := s.Store.Get(r.StoreKey(k), revision)
	if err != nil {
		return nil, storeError(err, revision)
	}
	if !ok {
		return nil, notFound(r, k)
	}
	return s.decode(r, kv.Value, kv.ModRevision)
}

// Run does the server's own work: Events whose hour is over are removed, and
// definitions of custom resources come into force or go.
func (s *Server) Run(w engine.Work) {
	switch w.Kind {
	case expireWork:
		s.expire()
	case defineWork:
		s.workOn(w.Key)
	}
}
