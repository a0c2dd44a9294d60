package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/apiserver/token"
)

// issueToken grants a token. It is a visit and no step of the run: nothing of a
// token is stored, and no replay needs it.
func (c *exchange) issueToken() error {
	a, err := c.negotiate(itself)
	if err != nil {
		return err
	}
	q, err := c.writing()
	if err != nil {
		return err
	}
	o, warnings, err := q.Decode(c.target.resource)
	if err != nil {
		return err
	}
	var claims token.Claims
	answer, err := look(c.r.Context(), c.bridge, func() (*authenticationv1.TokenRequest, error) {
		granted, what, err := c.visitor().Issue(c.target.key(), o.(*authenticationv1.TokenRequest))
		claims = what
		return granted, err
	})
	if err != nil {
		return err
	}
	if answer.Status.Token, err = c.server.config.Keys.tokens.sign(claims); err != nil {
		return err
	}
	c.warn(warnings)
	c.answer(http.StatusCreated, a, answer)
	return nil
}

// strangerError says why a token stands for nobody.
type strangerError struct{ error }

// errForeign is what there is to say of a token that nobody here has made.
var errForeign = strangerError{errors.New("invalid bearer token")}

// bearer finds whose token it is, and for which of the audiences asked for: a
// listed one is for the API server only. A strangerError says why it is nobody's.
func (c *exchange) bearer(text string, audiences []string) (User, []string, error) {
	if u, ok := c.server.listed(text); ok {
		if !slices.Contains(audiences, token.Issuer) {
			return User{}, nil, errForeign
		}
		return known(u), []string{token.Issuer}, nil
	}
	claims, ok := c.server.config.Keys.tokens.read(text)
	if !ok {
		return User{}, nil, errForeign
	}
	both, err := claims.For(audiences)
	if err != nil {
		return User{}, nil, strangerError{err}
	}
	account, err := look(c.r.Context(), c.bridge, func() (token.User, error) {
		if err := c.bridge.api.Up(); err != nil {
			return token.User{}, err
		}
		u, err := c.bridge.api.Bearer(claims)
		if err != nil {
			err = strangerError{err}
		}
		return u, err
	})
	if err != nil {
		return User{}, nil, err
	}
	return known(User{Name: account.Name, UID: account.UID, Groups: account.Groups, Extra: account.Extra}), both, nil
}

// listed finds whose of the listed tokens it is, in a time that does not depend on how much of it is right.
func (s *Server) listed(text string) (User, bool) {
	want := sha256.Sum256([]byte(text))
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

// whoseToken answers a TokenReview.
func whoseToken(c *exchange, o runtime.Object) error {
	r := o.(*authenticationv1.TokenReview)
	if r.Spec.Token == "" {
		return apierrors.NewBadRequest("token is required for TokenReview in authentication")
	}
	audiences := r.Spec.Audiences
	if len(audiences) == 0 {
		audiences = []string{token.Issuer}
	}
	u, both, err := c.bearer(r.Spec.Token, audiences)
	if err != nil && !errors.As(err, &strangerError{}) {
		return err
	}
	r.Status = authenticationv1.TokenReviewStatus{Authenticated: err == nil, User: u.info(), Audiences: both}
	if err != nil {
		r.Status.Error = err.Error()
	}
	return nil
}

// Where others learn by which key they know the cluster's tokens (OpenID Connect Discovery).
const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/openid/v1/jwks"
)

// discoverIssuer says who issues tokens, and where the key is.
func (c *exchange) discoverIssuer() error {
	return c.json(map[string]any{
		"issuer": token.Issuer, "jwks_uri": "https://" + serverAddress(c.server.Address()) + keysPath,
		"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{string(signature)},
	})
}

// tokenKeys gives the public key.
func (c *exchange) tokenKeys() error {
	return c.json(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{c.server.config.Keys.tokens.public}})
}
