package rest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"

	"minisim/sim/api"
	"minisim/sim/apiserver/access"
)

// impersonate gives the user for whom u wants to act (`kubectl --as`), u itself
// if for nobody. As in Kubernetes the ways that are bound to a kind of user come
// first (may u do just this on behalf of a node, a service account, a user?),
// then the verb "impersonate", by which one may do anything for whom it names.
func (b *bridge) impersonate(ctx context.Context, h http.Header, u User, a asked) (User, error) {
	wanted, err := wantedUser(h)
	if err != nil || wanted == nil {
		return u, err
	}
	var first error
	for _, m := range modes {
		if m.fits != nil && !m.fits(*wanted) {
			continue
		}
		as, err := b.actAs(ctx, m, u, *wanted, a)
		if err == nil {
			return as, nil
		}
		if first == nil {
			first = err
		}
	}
	return User{}, first
}

// wantedUser is whom the headers name, nil if nobody.
func wantedUser(h http.Header) (*User, error) {
	w := User{Name: h.Get(authenticationv1.ImpersonateUserHeader), UID: h.Get(authenticationv1.ImpersonateUIDHeader), Groups: slices.Clone(h.Values(authenticationv1.ImpersonateGroupHeader))}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if key, ok := strings.CutPrefix(name, authenticationv1.ImpersonateUserExtraHeaderPrefix); ok {
			if w.Extra == nil {
				w.Extra = map[string][]string{}
			}
			key = unescaped(strings.ToLower(key))
			w.Extra[key] = append(w.Extra[key], h[name]...)
		}
	}
	switch {
	case w.Name != "":
		return &w, nil
	case w.UID == "" && len(w.Groups) == 0 && w.Extra == nil:
		return nil, nil
	}
	groups := "[]string(nil)"
	if len(w.Groups) > 0 {
		groups = fmt.Sprintf("%#v", w.Groups)
	}
	return nil, apierrors.NewBadRequest(fmt.Sprintf(
		"requested &user.DefaultInfo{Name:\"\", UID:%q, Groups:%s, Extra:%#v} without impersonating a user name", w.UID, groups, w.Extra))
}

// mode is a way to act for somebody else.
type mode struct {
	name string          // "" is the oldest way, which is bound to nothing
	fits func(User) bool // whether it is for such a user; nil: for all
}

var modes = []mode{
	{"arbitrary-node", func(w User) bool { _, ok := nodeOf(w.Name); return ok && w.onlyNamed() }},
	{"serviceaccount", func(w User) bool { _, ok := accountOf(w.Name); return ok && w.onlyNamed() }},
	{"user-info", func(w User) bool {
		_, node := nodeOf(w.Name)
		_, account := accountOf(w.Name)
		return !node && !account
	}},
	{},
}

func (u User) onlyNamed() bool { return u.UID == "" && len(u.Groups) == 0 && u.Extra == nil }

// actAs checks each thing that u wants to pass for, and gives the user that comes of it.
func (b *bridge) actAs(ctx context.Context, m mode, u, wanted User, a asked) (User, error) {
	verb, group := api.Verb("impersonate"), ""
	if m.name != "" {
		verb, group = api.Verb("impersonate:"+m.name), authenticationv1.GroupName
		if err := b.allowed(ctx, a.attributes(u, api.Verb("impersonate-on:"+m.name+":"+string(a.attributes(u, "").Verb)))); err != nil {
			return User{}, err
		}
	}
	may := func(group, resource, sub string, k api.Key) error {
		return b.allowed(ctx, access.Attributes{
			User: u.Name, Groups: u.Groups, Verb: verb, Resource: &api.Resource{Group: group, Version: "v1", Name: resource}, Subresource: sub, Key: k,
		})
	}
	as := wanted
	resource, k := "users", api.Key{Name: wanted.Name}
	if node, ok := nodeOf(wanted.Name); ok && m.name != "" {
		resource, k.Name, as.Groups = "nodes", node, []string{nodesGroup}
	}
	if account, ok := accountOf(wanted.Name); ok {
		resource, k = "serviceaccounts", account
		if len(wanted.Groups) == 0 {
			as.Groups = []string{accounts, accounts + ":" + account.Namespace}
		}
	}
	if err := may(group, resource, "", k); err != nil {
		return User{}, err
	}
	if wanted.UID != "" {
		if err := may(authenticationv1.GroupName, "uids", "", api.Key{Name: wanted.UID}); err != nil {
			return User{}, err
		}
	}
	for _, g := range wanted.Groups {
		if m.name != "" && (g == "" || g == access.Masters) {
			return User{}, apierrors.NewForbidden((&api.Resource{Group: group, Name: "groups"}).GroupResource(), g, fmt.Errorf("impersonating the %s group is not allowed", g))
		}
		if err := may(group, "groups", "", api.Key{Name: g}); err != nil {
			return User{}, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(wanted.Extra)) {
		for _, v := range wanted.Extra[key] {
			if err := may(authenticationv1.GroupName, "userextras", key, api.Key{Name: v}); err != nil {
				return User{}, err
			}
		}
	}
	return as.grouped(), nil
}

// grouped adds the group that says whether one is known.
func (u User) grouped() User {
	switch {
	case u.Name == anonymousName && !slices.Contains(u.Groups, unauthenticated):
		u.Groups = append(slices.Clone(u.Groups), unauthenticated)
	case u.Name != anonymousName && !slices.Contains(u.Groups, unauthenticated):
		return known(u)
	}
	return u
}

const (
	nodesPrefix = "system:node:"
	nodesGroup  = "system:nodes"
)

// nodeOf is the node whose kubelet is called so.
func nodeOf(user string) (string, bool) {
	name, ok := strings.CutPrefix(user, nodesPrefix)
	return name, ok && len(validation.NameIsDNSSubdomain(name, false)) == 0
}

// accountOf is the service account that is called so.
func accountOf(user string) (api.Key, bool) {
	rest, ok := strings.CutPrefix(user, accountPrefix)
	namespace, name, both := strings.Cut(rest, ":")
	ok = ok && both && len(validation.ValidateNamespaceName(namespace, false)) == 0 && len(validation.ValidateServiceAccountName(name, false)) == 0
	return api.Key{Namespace: namespace, Name: name}, ok
}

// unescaped is a header's part without its percent signs, as it is where it has wrong ones.
func unescaped(key string) string {
	if plain, err := url.PathUnescape(key); err == nil {
		return plain
	}
	return key
}
