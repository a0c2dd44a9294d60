package rest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/api"
)

// How long a watch lasts when its client does not say, as in Kubernetes, and how
// often it hears how far it has come, if it wants to.
const (
	minWatch      = 30 * time.Minute
	bookmarkEvery = time.Minute
)

// watching is what the parameters of a watch say.
type watching struct {
	api.ListOptions
	from      int64 // after this revision; 0: the newest
	initial   bool  // begin with the present state, as additions …
	marked    bool  // … and say where that ends
	bookmarks bool
	lasting   time.Duration
}

func (c *exchange) watching() (watching, error) {
	p := c.query()
	o, err := c.selectors()
	if err != nil {
		return watching{}, err
	}
	w := watching{ListOptions: o, bookmarks: flag(p, "allowWatchBookmarks"), lasting: minWatch + rand.N(minWatch)}
	given := false
	if w.from, given, err = versionOf(p); err != nil {
		return watching{}, err
	}
	if v := p.Get("timeoutSeconds"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return watching{}, badRequest(err)
		}
		if n > 0 {
			w.lasting = min(time.Duration(n), 24*3600) * time.Second
		}
	}
	match := metav1.ResourceVersionMatch(p.Get("resourceVersionMatch"))
	const invalid = `ListOptions.meta.k8s.io "" is invalid: `
	switch sends := p.Has("sendInitialEvents"); {
	case sends && match != metav1.ResourceVersionMatchNotOlderThan:
		return watching{}, apierrors.NewBadRequest(invalid + "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
	case !sends && match != "":
		return watching{}, apierrors.NewBadRequest(invalid + "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
	case sends && flag(p, "sendInitialEvents"):
		w.initial, w.marked = true, w.bookmarks
	case sends:
		w.initial = false
	default:
		w.initial = !given || w.from == 0
	}
	return w, nil
}

// watch streams events until the client goes away, the time is up or the server ends it.
func (c *exchange) watch() error {
	a, err := c.negotiate(func(as string) bool { return as == asTable || as == asMetadata || as == asMetadataList })
	if err != nil {
		return err
	}
	w, err := c.watching()
	if err != nil {
		return err
	}
	if w.initial && w.from > 0 {
		if err := c.reached(w.from); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), w.lasting)
	defer cancel()
	q := newQueue()
	opened, err := c.open(ctx, w, q)
	if err != nil {
		return err
	}
	defer opened.stop()
	s, err := c.newStream(a)
	if err != nil {
		return err
	}
	if err := s.begin(w, opened); err != nil {
		return nil // the client has gone
	}
	s.follow(ctx, c, w, q)
	return nil
}

// opened is a watch that runs.
type opened struct {
	past     []api.Event
	revision int64
	stop     func()
}

// open opens the watch in a visit, and sees to it that it is closed again however this ends.
func (c *exchange) open(ctx context.Context, w watching, to *queue) (*opened, error) {
	var end func() // set and called by visits only, the second of which comes after the first
	stop := func() {
		c.server.config.Engine.Visit(func() {
			if end != nil {
				end()
			}
		})
	}
	o, err := look(ctx, &c.server.bridge, func() (*opened, error) {
		server := c.server.config.API
		from := w.from
		switch {
		case w.initial:
			from = 0
		case from == 0:
			from = server.Revision()
		}
		past, revision, off, err := c.visitor().Watch(c.target.resource, api.WatchOptions{ListOptions: w.ListOptions, From: from}, to)
		end = off
		return &opened{past, revision, stop}, err
	})
	if err != nil {
		stop()
	}
	return o, err
}

// mark is an event that says how far a watcher has come; ends says that the present state is complete with it.
func (c *exchange) mark(revision int64, ends bool) api.Event {
	o := c.target.resource.New()
	o.GetObjectKind().SetGroupVersionKind(c.target.resource.GVK())
	o.SetResourceVersion(strconv.FormatInt(revision, 10))
	if ends {
		o.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	return api.Event{Type: bookmark, Object: o, Revision: revision}
}

// follow sends what happens, as it happens.
func (s *stream) follow(ctx context.Context, c *exchange, w watching, q *queue) {
	tick := time.NewTicker(bookmarkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.server.bridge.closed:
			return
		case <-tick.C:
			if w.bookmarks {
				c.server.config.Engine.Visit(func() { q.Send(c.mark(c.server.config.API.Revision(), false)) })
			}
		case <-q.ready:
			for _, ev := range q.take() {
				if s.send(ev) != nil || ev.Type == api.Closed {
					return
				}
			}
			if s.flush() != nil {
				return
			}
		}
	}
}

// stream writes events to a client.
type stream struct {
	c       *exchange
	a       accepted
	writer  *frames
	heading bool // the next table has one
	flusher *http.ResponseController
}

// begin writes the header and what comes before the present.
func (s *stream) begin(w watching, o *opened) error {
	h := s.c.w.Header()
	h.Set("Content-Type", s.writer.contentType)
	h.Set("Cache-Control", "no-cache, private")
	s.c.begun = true
	s.c.w.WriteHeader(http.StatusOK)
	for _, ev := range o.past {
		if err := s.send(ev); err != nil {
			return err
		}
	}
	if w.marked {
		if err := s.send(s.c.mark(o.revision, true)); err != nil {
			return err
		}
	}
	return s.flush()
}

// writeTime is how long a client may take to read what it is sent.
const writeTime = 30 * time.Second

func (s *stream) flush() error {
	s.flusher.SetWriteDeadline(time.Now().Add(writeTime)) // where the connection knows deadlines
	defer s.flusher.SetWriteDeadline(time.Time{})         // to hear nothing for a long time is no fault
	return s.flusher.Flush()
}

func (s *stream) send(ev api.Event) error {
	if ev.Type == api.Closed {
		status := statusOf(ev.Err)
		err := s.writer.write("ERROR", status)
		s.flush()
		return err
	}
	shown, err := s.shape(ev)
	if err != nil {
		return err
	}
	return s.writer.write(string(ev.Type), shown)
}

func (s *stream) shape(ev api.Event) (runtime.Object, error) {
	switch s.a.as {
	case asTable:
		now, err := s.c.server.now(s.c.r.Context())
		if err != nil {
			return nil, err
		}
		t, err := s.c.table([]api.Object{ev.Object}, metav1.ListMeta{ResourceVersion: ev.Object.GetResourceVersion()}, now, s.heading)
		s.heading = false
		return t, err
	case asMetadata, asMetadataList:
		return metadataOf(ev.Object), nil
	}
	return ev.Object, nil
}
