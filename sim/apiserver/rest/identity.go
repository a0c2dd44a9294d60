package rest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"

	"minisim/sim/apiserver"
	"minisim/sim/apiserver/token"
)

// User is who makes a request.
type User struct {
	Name, UID string
	Groups    []string
	Extra     map[string][]string // what else is known of them; nothing is decided by it
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
var anonymous = User{Name: anonymousName, Groups: []string{unauthenticated}}

// caller finds out who makes a request: by a client certificate that the
// cluster's authority has issued, or by a bearer token. Who shows anything else
// (another scheme, no token) is anonymous, as in Kubernetes.
func (c *exchange) caller() (User, error) {
	r := c.r
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		subject := r.TLS.VerifiedChains[0][0].Subject
		return known(User{Name: subject.CommonName, Groups: subject.Organization}), nil
	}
	words := strings.Fields(r.Header.Get("Authorization"))
	if len(words) < 2 || !strings.EqualFold(words[0], "Bearer") {
		return anonymous, nil
	}
	u, _, err := c.bearer(words[1], []string{token.Issuer})
	if errors.As(err, &strangerError{}) {
		return User{}, apierrors.NewUnauthorized("Unauthorized")
	}
	return u, err
}

// known adds the groups of everybody who has been authenticated.
func known(u User) User {
	if !slices.Contains(u.Groups, authenticated) {
		u.Groups = append(slices.Clone(u.Groups), authenticated)
	}
	return u
}

// identity is the user as the API server knows its users.
func (u User) identity(agent string) apiserver.Identity {
	return apiserver.Identity{User: u.Name, Groups: u.Groups, Process: agent}
}

// info is the user as the API shows users.
func (u User) info() authenticationv1.UserInfo {
	out := authenticationv1.UserInfo{Username: u.Name, UID: u.UID, Groups: u.Groups}
	for key, values := range u.Extra {
		if out.Extra == nil {
			out.Extra = map[string]authenticationv1.ExtraValue{}
		}
		out.Extra[key] = values
	}
	return out
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

// manager is the program as the owner of the fields that it writes: the whole
// first word of its User-Agent.
func manager(r *http.Request) string {
	name, _, _ := strings.Cut(r.UserAgent(), "/")
	name = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, name)
	return name[:min(len(name), validation.FieldManagerMaxLength)]
}
