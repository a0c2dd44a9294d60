package apiserver

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// eventLife is how long an Event is kept after it was last written.
const eventLife = time.Hour

// expireWork is the work of removing Events whose time is over.
const expireWork = "expire"

// expiry knows which Events end when. Kubernetes leaves that to leases of etcd,
// which run in real time; here it is work of the server in virtual time.
type expiry struct {
	waiting []expiring // in the order of their times
}

type expiring struct {
	at      time.Duration
	key     api.Key
	version string // an Event that was written again meanwhile waits anew
}

func (s *Server) expireLater(k api.Key, version string) {
	at := s.Engine.Now() + eventLife
	s.waiting = append(s.waiting, expiring{at, k, version})
	if len(s.waiting) == 1 {
		s.Engine.Once(at, s.expiration())
	}
}

// expireLoaded has the Events of an earlier run end an hour after they last
// happened, whatever the clock is set to afterwards.
func (s *Server) expireLoaded() {
	for i := range s.waiting {
		e := &s.waiting[i]
		if last := lastSeen(s.cache.tables[api.Events].get(e.key).object.(*corev1.Event)); !last.IsZero() {
			e.at = s.Engine.Now() + last.Sub(s.Engine.Clock()) + eventLife
		}
	}
	slices.SortStableFunc(s.waiting, func(a, b expiring) int { return cmp.Compare(a.at, b.at) })
	s.expireNext()
}

// lastSeen is when an Event last happened, as its reporter says it: older ones by
// lastTimestamp, newer ones by eventTime and their series.
func lastSeen(e *corev1.Event) time.Time {
	switch {
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		return e.Series.LastObservedTime.Time
	}
	return e.EventTime.Time
}

// expireNext has the server woken when the next Event is due.
func (s *Server) expireNext() {
	if len(s.waiting) > 0 {
		s.Engine.Once(s.waiting[0].at, s.expiration())
	}
}

func (s *Server) expiration() engine.Work { return engine.Work{Actor: s.Name, Kind: expireWork} }

// expire removes what is due. A server that is off does it once it has power again.
func (s *Server) expire() {
	if s.down {
		return
	}
	for len(s.waiting) > 0 && s.waiting[0].at <= s.Engine.Now() {
		e := s.waiting[0]
		s.waiting = s.waiting[1:]
		c := &call{
			Request: api.Request{Verb: api.VerbDelete, Resource: api.Events, Key: e.key},
			server:  s, id: s.itself(), rule: "an hour has passed",
		}
		if it := c.table().get(e.key); it != nil && it.object.GetResourceVersion() == e.version {
			_, err := c.gone(it)
			c.record(err)
		}
	}
	s.expireNext()
}
