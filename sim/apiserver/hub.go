package apiserver

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// change is one committed write as the watchers' hub sees it.
type change struct {
	resource *api.Resource
	key      api.Key
	old, new api.Object // nil: there was none; there is none any more
	revision int64
	gone     api.Object // old as of this revision, made when somebody needs it
}

// hub finds the watches that a change concerns, and has each of them told.
type hub struct {
	server *Server
	slots  map[slot][]*watch // each watch stands under one slot, oldest first
	last   uint64            // number of the newest watch
}

// delivery is an event for a watch.
type delivery struct {
	watch *watch
	event api.Event
}

// maxUndelivered is how many events may be under way to one watch. A watch that
// falls further behind is closed: its watcher lists again.
const maxUndelivered = 100_000

// concerned are the deliveries that a change gives rise to, in the order in
// which the watches were opened. An object that begins or ceases to match a
// watch's selectors is Added or Deleted there.
func (h *hub) concerned(c change) []delivery {
	var found []*watch
	look := func(by index, value string) { found = append(found, h.slots[slot{c.resource, by, value}]...) }
	look(byResource, "")
	look(byName, c.key.Name)
	if c.key.Namespace != "" {
		look(byNamespace, c.key.Namespace)
	}
	if c.resource == api.Pods {
		before, after := nodeOf(c.old), nodeOf(c.new)
		look(byNode, after)
		if before != after {
			look(byNode, before)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.SortFunc(found, func(a, b *watch) int { return cmp.Compare(a.number, b.number) })
	var out []delivery
	for _, w := range found {
		if ev, ok := w.filter.event(&c); ok {
			out = append(out, delivery{w, ev})
		}
	}
	return out
}

// event is what a change is to somebody who sees the filter's part of the
// resource; false if nothing.
func (f *filter) event(c *change) (api.Event, bool) {
	old, new := f.shown(c.old), f.shown(c.new)
	was := old != nil && f.matches(old)
	is := new != nil && f.matches(new)
	ev := api.Event{Object: new, Revision: c.revision}
	switch {
	case is && was:
		ev.Type = api.Modified
	case is:
		ev.Type = api.Added
	case was:
		if c.gone == nil {
			c.gone = at(c.old, c.revision)
		}
		ev.Type, ev.Object = api.Deleted, f.shown(c.gone)
	default:
		return api.Event{}, false
	}
	return ev, true
}

func nodeOf(o api.Object) string {
	if p, ok := o.(*corev1.Pod); ok {
		return p.Spec.NodeName
	}
	return ""
}

// at is the object with another resourceVersion: the last state of an object
// that is gone bears the revision at which it went. All else is shared with o.
func at(o api.Object, revision int64) api.Object {
	if u, ok := o.(*unstructured.Unstructured); ok {
		u = u.DeepCopy() // its resourceVersion lies within what would be shared
		u.SetResourceVersion(revisionText(revision))
		return u
	}
	c := reflect.New(reflect.TypeOf(o).Elem())
	c.Elem().Set(reflect.ValueOf(o).Elem())
	out := c.Interface().(api.Object)
	out.SetResourceVersion(revisionText(revision))
	return out
}

func revisionText(revision int64) string { return strconv.FormatInt(revision, 10) }

// watch is one open watch.
type watch struct {
	hub     *hub
	number  uint64
	process string
	actor   string
	name    string
	filter  *filter
	sink    Sink // of a watcher from outside, who has no latency and no queue here

	queue  []arrival // not yet taken
	taken  int       // of queue
	last   time.Duration
	count  uint64 // events so far
	closed bool   // nothing more will come
}

// longQueue is how many taken events a queue may have room for before that is given back.
const longQueue = 1024

// arrival is an event and when it reaches the watcher.
type arrival struct {
	at    time.Duration
	event api.Event
}

func (h *hub) open(process string, o api.WatchOptions, f *filter) *watch {
	h.last++
	w := &watch{hub: h, number: h.last, process: process, actor: o.Actor, name: o.Name, filter: f}
	s := f.slot()
	h.slots[s] = append(h.slots[s], w)
	return w
}

// send has an event arrive at the watch: after the latency, and never before the one sent before it.
func (w *watch) send(ev api.Event) {
	if w.closed {
		return
	}
	if w.sink != nil {
		w.sink.Send(ev)
		return
	}
	if len(w.queue)-w.taken >= maxUndelivered {
		w.end(apierrors.NewResourceExpired("too many events wait to be delivered to this watch"))
		return
	}
	s := w.hub.server
	latency := s.Engine.Between(s.Latency.Min, s.Latency.Max, w.actor, w.name, "watch latency", w.count)
	w.count++
	w.last = max(w.last, s.Engine.Now()+latency)
	w.queue = append(w.queue, arrival{w.last, ev})
	s.Engine.At(w.last, engine.Work{Actor: w.actor, Kind: "watch", Key: w.name})
}

// end closes the watch from the server's side. What was under way is lost; the
// watcher is woken to find out.
func (w *watch) end(why error) {
	w.remove()
	if w.sink != nil {
		w.sink.Send(api.Event{Type: api.Closed, Err: why})
		return
	}
	now := w.hub.server.Engine.Now()
	w.queue, w.taken = []arrival{{now, api.Event{Type: api.Closed, Err: why}}}, 0
	w.hub.server.Engine.At(now, engine.Work{Actor: w.actor, Kind: "watch", Key: w.name})
}

func (w *watch) remove() {
	if w.closed {
		return
	}
	w.closed = true
	s := w.filter.slot()
	rest := slices.DeleteFunc(w.hub.slots[s], func(x *watch) bool { return x == w })
	if len(rest) == 0 {
		delete(w.hub.slots, s)
	} else {
		w.hub.slots[s] = rest
	}
}

// Next takes the next event that has arrived.
func (w *watch) Next() (api.Event, bool) {
	if w.taken == len(w.queue) || w.queue[w.taken].at > w.hub.server.Engine.Now() {
		return api.Event{}, false
	}
	ev := w.queue[w.taken].event
	w.queue[w.taken] = arrival{}
	w.taken++
	switch {
	case w.taken == len(w.queue) && w.taken > longQueue:
		w.queue, w.taken = nil, 0
	case w.taken == len(w.queue):
		w.queue, w.taken = w.queue[:0], 0
	case w.taken > longQueue && w.taken > len(w.queue)/2:
		w.queue, w.taken = slices.Delete(w.queue, 0, w.taken), 0 // which clears what lies behind, so that no old object is held on to
	}
	return ev, true
}

// Stop ends the watch from the watcher's side.
func (w *watch) Stop() {
	w.remove()
	w.queue, w.taken = nil, 0
}

var errClosed = fmt.Errorf("the connection was lost: %w", api.ErrUnreachable)

// close ends all watches that f picks, in the order in which they were opened.
func (h *hub) close(f func(*watch) bool, why error) {
	var found []*watch
	for _, ws := range h.slots {
		for _, w := range ws {
			if f(w) {
				found = append(found, w)
			}
		}
	}
	slices.SortFunc(found, func(a, b *watch) int { return cmp.Compare(a.number, b.number) })
	for _, w := range found {
		w.end(why)
	}
}
