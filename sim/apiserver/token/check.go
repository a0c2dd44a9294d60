package token

import (
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
)

// User is whom a token stands for.
type User struct {
	Name   string // "system:serviceaccount:NAMESPACE:NAME"
	UID    string // the account's
	Groups []string
	Extra  map[string][]string
}

// What is known of a user besides name and groups.
const (
	podName      = "authentication.kubernetes.io/pod-name"
	podUID       = "authentication.kubernetes.io/pod-uid"
	nodeName     = "authentication.kubernetes.io/node-name"
	nodeUID      = "authentication.kubernetes.io/node-uid"
	credentialID = "authentication.kubernetes.io/credential-id"
)

// For says which of the audiences asked for a token is meant for; the error is
// that there are none.
func (c *Claims) For(audiences []string) ([]string, error) {
	var both []string
	for _, a := range c.Audience {
		if slices.Contains(audiences, a) {
			both = append(both, a)
		}
	}
	if len(both) == 0 {
		return nil, fmt.Errorf("token audiences %q is invalid for the target audiences %q", c.Audience, audiences)
	}
	return both, nil
}

// Check says whom a token stands for at a time, or why for nobody any more. Who
// has signed it, and for whom it is, are others' questions.
func (c *Claims) Check(o Objects, now time.Time) (User, error) {
	switch {
	case now.Add(leeway).Before(time.Unix(c.NotBefore, 0)):
		return User{}, errors.New("service account token is not valid yet")
	case now.Add(-leeway).After(time.Unix(c.Expiry, 0)):
		return User{}, errors.New("service account token has expired")
	case now.Add(leeway).Before(time.Unix(c.IssuedAt, 0)):
		return User{}, errors.New("service account token is issued in the future")
	}
	b := &c.Kubernetes
	account := o.Get(api.ServiceAccounts, api.Key{Namespace: b.Namespace, Name: b.Account.Name})
	switch {
	case account == nil:
		return User{}, apierrors.NewNotFound(api.ServiceAccounts.GroupResource(), b.Account.Name)
	case string(account.GetUID()) != b.Account.UID:
		return User{}, fmt.Errorf("service account UID (%s) does not match claim (%s)", account.GetUID(), b.Account.UID)
	case leaving(account, now):
		return User{}, fmt.Errorf("service account %s/%s has been deleted", b.Namespace, b.Account.Name)
	}
	for _, bound := range []struct {
		kind     string
		resource *api.Resource
		ref      *Ref
	}{{"secret", api.Secrets, b.Secret}, {"pod", api.Pods, b.Pod}, {"node", api.Nodes, b.boundNode()}} {
		if bound.ref == nil {
			continue
		}
		if err := there(bound.kind, o.Get(bound.resource, b.key(bound.resource, bound.ref)), bound.ref, now); err != nil {
			return User{}, err
		}
	}
	return c.user(), nil
}

// boundNode is the node that the token itself is bound to.
func (b *Bound) boundNode() *Ref {
	if b.Pod != nil {
		return nil
	}
	return b.Node
}

func (b *Bound) key(r *api.Resource, ref *Ref) api.Key {
	if !r.Namespaced {
		return api.Key{Name: ref.Name}
	}
	return api.Key{Namespace: b.Namespace, Name: ref.Name}
}

// there says why an object is not what a token was bound to.
func there(kind string, is api.Object, was *Ref, now time.Time) error {
	switch {
	case is == nil:
		return errors.New("service account token has been invalidated")
	case string(is.GetUID()) != was.UID:
		return fmt.Errorf("%s UID (%s) does not match service account %s ref claim (%s)", kind, is.GetUID(), kind, was.UID)
	case leaving(is, now):
		return errors.New("service account token has been invalidated")
	}
	return nil
}

// leaving says whether an object should have been gone for some time.
func leaving(o api.Object, now time.Time) bool {
	t := o.GetDeletionTimestamp()
	return t != nil && t.Time.Before(now.Add(-leeway))
}

func (c *Claims) user() User {
	b := &c.Kubernetes
	u := User{
		Name: subject(b.Namespace, b.Account.Name), UID: b.Account.UID, Extra: map[string][]string{},
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + b.Namespace},
	}
	for _, bound := range []struct {
		ref       *Ref
		name, uid string
	}{{b.Pod, podName, podUID}, {b.Node, nodeName, nodeUID}} {
		if bound.ref == nil {
			continue
		}
		u.Extra[bound.name] = []string{bound.ref.Name}
		if bound.ref.UID != "" {
			u.Extra[bound.uid] = []string{bound.ref.UID}
		}
	}
	if c.ID != "" {
		u.Extra[credentialID] = []string{"JTI=" + c.ID}
	}
	return u
}
