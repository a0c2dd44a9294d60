package rest

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// open are the paths that anybody may read.
var open = []string{"/healthz", "/livez", "/readyz", "/version"}

// Handler is the whole server as a handler: the guards, then what they guard.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &exchange{server: s, w: w, r: r}
		defer c.recover()
		if err := s.guard(c); err != nil {
			c.fail(err)
			return
		}
		release, err := s.admit(c)
		if err != nil {
			w.Header().Set("Retry-After", "1")
			c.fail(err)
			return
		}
		defer release()
		if err := c.dispatch(); err != nil {
			c.fail(err)
		}
	})
}

// recover answers for a handler that has panicked: one bad request must not end the simulation.
func (c *exchange) recover() {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		panic(p)
	default:
		c.fail(apierrors.NewInternalError(errors.New("this request caused the apiserver to panic: " + firstLine(debug.Stack()))))
	}
}

func firstLine(stack []byte) string {
	line, _, _ := strings.Cut(string(stack), "\n")
	return line
}

// guard refuses whoever has no business here, and finds out who it is.
func (s *Server) guard(c *exchange) error {
	if !ours(c.r.Host) {
		return forbidden("the Host " + c.r.Host + " is not this server's")
	}
	if origin := c.r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !ours(u.Host) {
			return forbidden("pages from " + origin + " may not use this server")
		}
	}
	user, err := s.authenticate(c.r)
	if err != nil {
		return err
	}
	c.user = user
	if slices.Contains(user.Groups, unauthenticated) && !openTo(c.r.URL.Path) {
		if user.Name == anonymousName && c.r.Header.Get(asUser) == "" {
			return apierrors.NewUnauthorized("Unauthorized")
		}
		return forbidden(`User "` + user.Name + `" cannot get path "` + c.r.URL.Path + `"`)
	}
	return nil
}

func forbidden(why string) error {
	return apierrors.NewForbidden(schema.GroupResource{}, "", errors.New(why))
}

func openTo(path string) bool {
	for _, p := range open {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// ours says whether a host is one of the loopback interface's names. Others
// come from a page that has its own name point here.
func ours(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if name == "localhost" || name == "kubernetes" || strings.HasPrefix(name, "kubernetes.default") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// admit takes a place among the requests or watches that may be under way.
func (s *Server) admit(c *exchange) (release func(), err error) {
	places := s.inFlight
	if wantsWatch(c.r) {
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
