package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/apiserver"
	"minisim/sim/apiserver/access"
)

// User is who makes a request.
type User struct {
	Name   string
	Groups []string
}

// The groups that authentication itself gives.
const (
	authenticated   = "system:authenticated"
	unauthenticated = "system:unauthenticated"
	anonymousName   = "system:anonymous"
	accountPrefix   = "system:serviceaccount:"
	accounts        = "system:serviceaccounts"
)

// anonymous is whoever says nothing of who they are.
var anonymous = User{anonymousName, []string{unauthenticated}}

// authenticate finds out who makes a request: by a client certificate that the
// cluster's authority has issued, or by a bearer token; then, if that user may,
// whom they act for.
func (s *Server) authenticate(r *http.Request) (User, error) {
	u, err := s.caller(r)
	if err != nil {
		return User{}, err
	}
	return impersonate(r.Header, u)
}

func (s *Server) caller(r *http.Request) (User, error) {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		subject := r.TLS.VerifiedChains[0][0].Subject
		return known(User{subject.CommonName, subject.Organization}), nil
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return anonymous, nil
	}
	token, ok := strings.CutPrefix(header, "Bearer ")
	if ok {
		if u, ok := s.bearer(strings.TrimSpace(token)); ok {
			return known(u), nil
		}
	}
	return User{}, apierrors.NewUnauthorized("Unauthorized")
}

// bearer finds whose token it is, in a time that does not depend on how much of it is right.
func (s *Server) bearer(token string) (User, bool) {
	want := sha256.Sum256([]byte(token))
	var found User
	ok := false
	for t, u := range s.config.Tokens {
		have := sha256.Sum256([]byte(t))
		if subtle.ConstantTimeCompare(want[:], have[:]) == 1 {
			found, ok = u, true
		}
	}
	return found, ok
}

// known adds the groups of everybody who has been authenticated.
func known(u User) User {
	if !slices.Contains(u.Groups, authenticated) {
		u.Groups = append(slices.Clone(u.Groups), authenticated)
	}
	return u
}

// The headers by which a user acts for another (`kubectl --as`).
const (
	asUser   = "Impersonate-User"
	asGroup  = "Impersonate-Group"
	asUID    = "Impersonate-Uid"
	asExtras = "Impersonate-Extra-"
)

// impersonate gives the user that u wants to act for. Only the masters may.
func impersonate(h http.Header, u User) (User, error) {
	name, groups := h.Get(asUser), h.Values(asGroup)
	if name == "" {
		if len(groups) > 0 || h.Get(asUID) != "" || hasExtras(h) {
			return User{}, apierrors.NewInternalError(errors.New("requested groups without impersonating a user"))
		}
		return u, nil
	}
	if !slices.Contains(u.Groups, access.Masters) {
		return User{}, apierrors.NewForbidden(schema.GroupResource{Resource: "users"}, name,
			errors.New(`User "`+u.Name+`" cannot impersonate resource "users" in API group "" at the cluster scope`))
	}
	as := User{name, slices.Clone(groups)}
	if rest, ok := strings.CutPrefix(name, accountPrefix); ok && len(groups) == 0 {
		if namespace, _, ok := strings.Cut(rest, ":"); ok {
			as.Groups = []string{accounts, accounts + ":" + namespace}
		}
	}
	if name == anonymousName {
		return User{name, append(as.Groups, unauthenticated)}, nil
	}
	return known(as), nil
}

func hasExtras(h http.Header) bool {
	for k := range h {
		if strings.HasPrefix(k, asExtras) {
			return true
		}
	}
	return false
}

// identity is the user as the API server knows its users.
func (u User) identity(agent string) apiserver.Identity {
	return apiserver.Identity{User: u.Name, Groups: u.Groups, Process: agent}
}

// maxAgent bounds how much of a program's name is kept.
const maxAgent = 40

// agent is the program that makes a request, as its User-Agent begins: "kubectl".
func agent(r *http.Request) string {
	name, _, _ := strings.Cut(r.UserAgent(), "/")
	name = strings.Map(func(c rune) rune {
		if c > ' ' && c < 0x7f {
			return c
		}
		return -1
	}, name)
	return name[:min(len(name), maxAgent)]
}
