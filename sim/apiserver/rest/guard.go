package rest

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Handler is the whole server as a handler: the guards, then what they guard.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &exchange{server: s, bridge: s.present.Load(), w: w, r: r}
		defer s.meter.begin(c)()
		defer c.recover()
		if err := c.serve(); err != nil {
			c.fail(err)
		}
	})
}

// serve takes the request through what every one goes through: is it meant for
// this server, is there room, who asks, may they; then it is answered.
func (c *exchange) serve() error {
	if err := c.meant(); err != nil {
		return err
	}
	release, err := c.server.admit(c)
	if err != nil {
		return err
	}
	defer release()
	user, err := c.caller()
	if err != nil {
		return err
	}
	c.asked = readAsked(c.r)
	if c.user, err = c.bridge.impersonate(c.r.Context(), c.r.Header, user, c.asked); err != nil {
		return err
	}
	if err := c.bridge.authorize(c.r.Context(), c.user, c.asked); err != nil {
		return err
	}
	return c.dispatch()
}

// recover answers for a handler that has panicked: one bad request must not end
// the simulation. What a visit panics with reaches the handler as an error
// (bridge.visit); a write that panics within its step ends the run, for nothing
// can go on from half a step.
func (c *exchange) recover() {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		panic(p)
	default:
		c.fail(c.bridge.panicked(p))
	}
}

// meant refuses a request that a page in somebody's browser has been tricked into.
func (c *exchange) meant() error {
	if !ours(c.r.Host) {
		return forbidden("the Host " + c.r.Host + " is not this server's")
	}
	if origin := c.r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !ours(u.Host) {
			return forbidden("pages from " + origin + " may not use this server")
		}
	}
	return nil
}

func forbidden(why string) error {
	return apierrors.NewForbidden(schema.GroupResource{}, "", errors.New(why))
}

// ours says whether a host is one of the server's own names or a loopback address.
// Others come from a page that has its own name point here.
func ours(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if slices.Contains(serverNames, strings.ToLower(name)) {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// admit takes a place among the requests or watches that may be under way.
func (s *Server) admit(c *exchange) (release func(), err error) {
	places := s.inFlight
	if lasts(c.r) {
		places = s.watching
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-c.r.Context().Done():
		return nil, c.r.Context().Err()
	case <-time.After(queueTime):
		return nil, apierrors.NewTooManyRequests("too many requests, please try again later", 1)
	}
}

// queueTime is how long a request waits for a place.
const queueTime = 500 * time.Millisecond
