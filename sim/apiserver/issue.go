package apiserver

import (
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
	"minisim/sim/apiserver/token"
)

// issue grants a token for a service account. The answer is without the token
// itself: whoever serves the API signs it, and programs within the simulation,
// which show no tokens, need none. Nothing is stored.
func (c *call) issue() (api.Object, error) {
	r, ok := c.Object.(*authenticationv1.TokenRequest)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a TokenRequest object: %T", c.Object))
	}
	r = r.DeepCopy()
	if err := c.admit(api.VerbCreate, r, nil); err != nil {
		return nil, err
	}
	if errs := c.misdirected(r); len(errs) > 0 {
		return nil, apierrors.NewInvalid(tokenRequestKind.GroupKind(), c.Key.Name, errs)
	}
	it, err := c.current()
	if err != nil {
		return nil, err
	}
	account := it.object.(*corev1.ServiceAccount)
	if r.UID != "" && r.UID != account.UID {
		return nil, conflict(c.Resource, c.Key, fmt.Errorf("the UID in the token request (%s) does not match the UID of the service account (%s)", r.UID, account.UID))
	}
	token.Default(r)
	now := c.server.Engine.Clock()
	r.Name, r.Namespace = account.Name, account.Namespace
	r.CreationTimestamp = metav1.NewTime(now)
	r.Status = authenticationv1.TokenRequestStatus{}
	if errs := token.Validate(r); len(errs) > 0 {
		return nil, apierrors.NewInvalid(tokenRequestKind.GroupKind(), "", errs)
	}
	if err := c.vet(api.VerbCreate, r, nil); err != nil {
		return nil, err
	}
	if c.claims, err = token.Grant(r, account, c.server, now); err != nil {
		return nil, err
	}
	r.Status.ExpirationTimestamp = metav1.Unix(now.Unix()+*r.Spec.ExpirationSeconds, 0)
	r.GetObjectKind().SetGroupVersionKind(tokenRequestKind)
	c.outcome = Issued
	return r, nil
}

var tokenRequestKind = authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")

// misdirected finds a request whose object names another account than its path.
func (c *call) misdirected(r *authenticationv1.TokenRequest) field.ErrorList {
	var errs field.ErrorList
	meta := field.NewPath("metadata")
	if r.Name != "" && r.Name != c.Key.Name {
		errs = append(errs, field.Invalid(meta.Child("name"), r.Name, "must match the service account name if specified"))
	}
	if r.Namespace != "" && r.Namespace != c.Key.Namespace {
		errs = append(errs, field.Invalid(meta.Child("namespace"), r.Namespace, "must match the service account namespace if specified"))
	}
	return errs
}

// Issue grants a token: the answer, yet without the token itself, and what that has to claim.
func (v *Visitor) Issue(account api.Key, r *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, token.Claims, error) {
	if v.server.down {
		return nil, token.Claims{}, api.ErrUnreachable
	}
	c := v.call(api.Request{Verb: api.VerbCreate, Resource: api.ServiceAccounts, Subresource: "token", Key: account, Object: r})
	o, err := c.run()
	if err != nil {
		return nil, token.Claims{}, err
	}
	return o.(*authenticationv1.TokenRequest), c.claims, nil
}

// Bearer says whom the claims of a token stand for now, or why for nobody.
func (s *Server) Bearer(c *token.Claims) (token.User, error) {
	return c.Check(s, s.Engine.Clock())
}
