package rest

import (
	"slices"
	"sync"
	"time"

	"minisim/sim/api"
	"minisim/sim/apiserver"
)

// meter counts the requests that come over HTTP, and how long their answers take in
// real time. Any goroutine may use it.
type meter struct {
	mutex     sync.Mutex
	reads     map[apiserver.Sort]uint64
	durations map[apiserver.Sort]*histogram // without codes
	inFlight  map[string]int                // readOnly, mutating
}

// histogram is how many durations were not above each bound.
type histogram struct {
	counts []uint64 // by bounds, each with those of the ones before it
	n      uint64
	sum    float64 // seconds
}

// bounds are those of kube-apiserver for its requests, in seconds.
var bounds = []float64{0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60}

func newMeter() *meter {
	return &meter{reads: map[apiserver.Sort]uint64{}, durations: map[apiserver.Sort]*histogram{}, inFlight: map[string]int{}}
}

// begin notes a request; what it gives back notes its end.
func (m *meter) begin(c *exchange) (end func()) {
	kind, began := kindOf(c), time.Now()
	if kind == "" {
		return func() { m.end(c, began) }
	}
	m.mutex.Lock()
	m.inFlight[kind]++
	m.mutex.Unlock()
	return func() {
		m.mutex.Lock()
		m.inFlight[kind]--
		m.mutex.Unlock()
		m.end(c, began)
	}
}

// kindOf is "readOnly" or "mutating", and "" for what lasts, which is no request among others.
func kindOf(c *exchange) string {
	switch {
	case lasts(c.r):
		return ""
	case c.r.Method == "GET" || c.r.Method == "HEAD" || c.r.Method == "OPTIONS":
		return "readOnly"
	}
	return "mutating"
}

// end notes how a request was answered. Those for what does not exist are not
// told apart: anybody could make up as many as they like.
func (m *meter) end(c *exchange, began time.Time) {
	if c.target.resource == nil {
		return
	}
	sort := apiserver.Sort{
		Verb: c.asked.verb, Resource: c.target.resource.GVR(), Subresource: c.target.subresource,
		Scope: apiserver.ScopeOf(c.asked.verb, c.target.key()), DryRun: c.query().Has("dryRun"),
	}
	if known := append(c.bridge.api.Catalog().Subresources(c.target.resource), ""); !slices.Contains(known, sort.Subresource) {
		sort.Subresource = "other"
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if sort.Verb != api.VerbWatch {
		h := m.durations[sort]
		if h == nil {
			h = &histogram{counts: make([]uint64, len(bounds))}
			m.durations[sort] = h
		}
		h.observe(time.Since(began).Seconds())
	}
	if sort.Verb == api.VerbGet || sort.Verb == api.VerbList || sort.Verb == api.VerbWatch { // writes are counted where they are carried out
		sort.Code = c.code
		m.reads[sort]++
	}
}

func (h *histogram) observe(seconds float64) {
	h.n++
	h.sum += seconds
	for i, bound := range bounds {
		if seconds <= bound {
			h.counts[i]++
		}
	}
}
