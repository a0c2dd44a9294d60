package rest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/api"
	"minisim/sim/apiserver"
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

func (c *exchange) watching(o internalversion.ListOptions) (w watching, err error) {
	w = watching{bookmarks: o.AllowWatchBookmarks, lasting: minWatch + rand.N(minWatch)}
	if w.ListOptions, err = c.selectors(o); err != nil {
		return w, err
	}
	if w.from, err = revisionOf(o.ResourceVersion); err != nil {
		return w, err
	}
	if s := o.TimeoutSeconds; s != nil && *s > 0 {
		w.lasting = min(time.Duration(*s), 24*3600) * time.Second
	}
	if o.SendInitialEvents != nil {
		w.initial = *o.SendInitialEvents
		w.marked = w.initial && w.bookmarks
	} else {
		w.initial = w.from == 0
	}
	return w, nil
}

// watchOne watches a single object, by the old way.
func (c *exchange) watchOne() error {
	a, err := c.negotiate(shapes)
	if err != nil {
		return err
	}
	o, err := c.listOptions()
	if err != nil {
		return err
	}
	return c.watch(a, o)
}

// watch streams events until the client goes away, the time is up or the server ends it.
func (c *exchange) watch(a accepted, o internalversion.ListOptions) error {
	w, err := c.watching(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), w.lasting)
	defer cancel()
	s, err := c.newStream(a)
	if err != nil {
		return err
	}
	q := newQueue()
	opened, err := c.open(ctx, w, q)
	switch {
	case apierrors.IsResourceExpired(err) || apierrors.IsTimeout(err): // what a watch hears of as its first event
		opened = &begun{past: []api.Event{{Type: api.Closed, Err: err}}, stop: func() {}}
	case err != nil:
		return err
	}
	defer opened.stop()
	if err := s.begin(w, opened); err != nil {
		return nil // the client has gone, or the watch ended as it began
	}
	s.follow(ctx, c, w, q)
	return nil
}

// begun is a watch that runs.
type begun struct {
	past     []api.Event
	revision int64
	stop     func()
}

// open opens the watch in a visit, and sees to it that it is closed again however this ends.
func (c *exchange) open(ctx context.Context, w watching, to *queue) (*begun, error) {
	var end func() // set and called by visits only, the second of which comes after the first
	stop := func() {
		c.bridge.leave(func() {
			if end != nil {
				end()
			}
		})
	}
	o, err := look(ctx, c.bridge, func() (*begun, error) {
		server := c.bridge.api
		from := min(w.from, server.Revision()) // of what is still to come one hears when it comes
		switch {
		case w.initial:
			if err := server.Reached(w.from); err != nil {
				return nil, err
			}
			from = 0
		case from == 0:
			from = server.Revision()
		}
		past, revision, off, err := c.visitor().Watch(c.target.resource, api.WatchOptions{ListOptions: w.ListOptions, From: from}, to)
		end = off
		return &begun{past, revision, stop}, err
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
		case <-c.bridge.closed:
			return
		case <-tick.C:
			if w.bookmarks {
				c.bridge.leave(func() { q.Send(c.mark(c.bridge.api.Revision(), false)) })
			}
		case <-q.ready:
			for _, ev := range q.take() {
				if ev.Type != api.Closed && ev.Revision <= w.from {
					continue // it is known already
				}
				if s.relay(ev) != nil || ev.Type == api.Closed {
					s.flush() // why it ends, if that can still be said
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
	c           *exchange
	a           accepted
	contentType string
	heading     bool // the next table has one
	flusher     *http.ResponseController
}

// begin writes the header and what comes before the present.
func (s *stream) begin(w watching, o *begun) error {
	h := s.c.w.Header()
	h.Set("Content-Type", s.contentType)
	h.Set("Cache-Control", "no-cache, private")
	s.c.begun, s.c.code = true, http.StatusOK
	s.c.w.WriteHeader(http.StatusOK)
	for _, ev := range o.past {
		if err := s.send(ev); err != nil || ev.Type == api.Closed {
			return cmp.Or(err, io.EOF)
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

func (s *stream) flush() error { return flush(s.flusher) }

// flush sends to a client what was written for it.
func flush(to *http.ResponseController) error {
	deadline(to)
	defer to.SetWriteDeadline(time.Time{}) // to hear nothing for a long time is no fault
	return to.Flush()
}

// deadline bounds the time that a client takes, where the connection knows deadlines.
func deadline(to *http.ResponseController) { to.SetWriteDeadline(time.Now().Add(writeTime)) }

// send writes an event of which no other watcher is told in the same words.
func (s *stream) send(ev api.Event) error {
	if errors.Is(ev.Err, apiserver.ErrRedefined) {
		return ev.Err // the connection ends, and the client comes again
	}
	var shown runtime.Object
	var err error
	if ev.Type == api.Closed {
		ev.Type, shown = "ERROR", statusOf(ev.Err)
	} else if shown, err = s.shape(ev); err != nil {
		return err
	}
	frame, err := s.a.frame(ev.Type, shown)
	return s.write(frame, err)
}

// relay writes an event that others may be told of, too.
func (s *stream) relay(ev api.Event) error {
	if ev.Type == api.Closed || ev.Type == bookmark || s.a.as == asTable {
		return s.send(ev)
	}
	return s.write(s.c.server.frames.get(frameKey{ev.Type, ev.Object, s.a.info.MediaType, s.a.as}, func() ([]byte, error) {
		shown, err := s.shape(ev)
		if err != nil {
			return nil, err
		}
		return s.a.frame(ev.Type, shown)
	}))
}

func (s *stream) write(frame []byte, err error) error {
	if err == nil {
		_, err = s.c.w.Write(frame)
	}
	return err
}

func (s *stream) shape(ev api.Event) (runtime.Object, error) {
	switch s.a.as {
	case asTable:
		now, err := s.c.now(s.c.r.Context())
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
