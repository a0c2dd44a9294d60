package rest

import (
	"net/http"
	"net/url"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
)

// get answers with one object.
func (c *exchange) get() error { return c.show("") }

// show answers with an object or one of its subresources.
func (c *exchange) show(subresource string) error {
	a, err := c.negotiate(shapesOfObject)
	if err != nil {
		return err
	}
	if _, _, err := versionOf(c.query()); err != nil {
		return err
	}
	o, err := look(c.r.Context(), &c.server.bridge, func() (api.Object, error) {
		return c.visitor().Get(c.target.resource, c.target.key(), subresource)
	})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, a, o)
}

// send answers with an object in the shape wanted.
func (c *exchange) send(code int, a accepted, o api.Object) error {
	now, err := c.server.now(c.r.Context())
	if err != nil {
		return err
	}
	shown, err := c.shape(a, o, now)
	if err != nil {
		return err
	}
	c.answer(code, a, shown)
	return nil
}

// list answers with the objects that the selectors match, perhaps a page of them.
func (c *exchange) list() error {
	a, err := c.negotiate(shapesOfList)
	if err != nil {
		return err
	}
	q, err := c.listing()
	if err != nil {
		return err
	}
	list, err := look(c.r.Context(), &c.server.bridge, func() (api.List, error) {
		return c.visitor().List(c.target.resource, q.ListOptions, q.at)
	})
	if err != nil {
		return err
	}
	now, err := c.server.now(c.r.Context())
	if err != nil {
		return err
	}
	items, meta := q.page(list)
	shown, err := c.shapeList(a, items, meta, now)
	if err != nil {
		return err
	}
	c.answer(http.StatusOK, a, shown)
	return nil
}

// listing is what the parameters of a list say.
type listing struct {
	api.ListOptions
	at    int64  // revision, 0: now
	limit int    // 0: all
	after string // the page begins after this key
}

func (c *exchange) listing() (listing, error) {
	o, err := c.selectors()
	if err != nil {
		return listing{}, err
	}
	q := listing{ListOptions: o}
	p := c.query()
	if v := p.Get("limit"); v != "" {
		if q.limit, err = strconv.Atoi(v); err != nil {
			return listing{}, badRequest(err)
		}
		q.limit = max(q.limit, 0)
	}
	at, given, err := versionOf(p)
	if err != nil {
		return listing{}, err
	}
	match := metav1.ResourceVersionMatch(p.Get("resourceVersionMatch"))
	token := p.Get("continue")
	if err := checkMatch(match, given, at, token != ""); err != nil {
		return listing{}, err
	}
	if token != "" {
		q.at, q.after, err = readToken(token)
		return q, err
	}
	// Whatever is not asked for exactly is answered with the newest state, which is never older than what was asked for.
	if match == metav1.ResourceVersionMatchExact || at > 0 && q.limit > 0 && match == "" {
		q.at = at
	} else if at > 0 {
		return q, c.reached(at)
	}
	return q, nil
}

// reached checks that a revision that somebody has seen somewhere has come here, too.
func (c *exchange) reached(revision int64) error {
	_, err := look(c.r.Context(), &c.server.bridge, func() (any, error) {
		if have := c.server.config.API.Revision(); revision > have {
			return nil, apierrors.NewTimeoutError("Too large resource version: "+strconv.FormatInt(revision, 10)+", current: "+strconv.FormatInt(have, 10), 1)
		}
		return nil, nil
	})
	return err
}

// checkMatch keeps the rules of resourceVersionMatch.
func checkMatch(match metav1.ResourceVersionMatch, given bool, at int64, continues bool) error {
	const kind = "ListOptions.meta.k8s.io"
	switch {
	case continues && given && at != 0:
		return apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
	case match == "":
		return nil
	case match != metav1.ResourceVersionMatchExact && match != metav1.ResourceVersionMatchNotOlderThan:
		return apierrors.NewBadRequest(kind + ` "" is invalid: resourceVersionMatch: Unsupported value: "` + string(match) + `": supported values: "Exact", "NotOlderThan", ""`)
	case continues:
		return apierrors.NewBadRequest(kind + ` "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided`)
	case !given:
		return apierrors.NewBadRequest(kind + ` "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`)
	case match == metav1.ResourceVersionMatchExact && at == 0:
		return apierrors.NewBadRequest(kind + ` "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`)
	}
	return nil
}

// selectors reads the parameters by which objects are chosen. A watch or list
// with a name in its path is one of a single object.
func (c *exchange) selectors() (api.ListOptions, error) {
	o := api.ListOptions{Namespace: c.target.namespace}
	q := c.query()
	var err error
	if v := q.Get("labelSelector"); v != "" {
		if o.Labels, err = labels.Parse(v); err != nil {
			return o, badRequest(err)
		}
	}
	if v := q.Get("fieldSelector"); v != "" {
		if o.Fields, err = fields.ParseSelector(v); err != nil {
			return o, badRequest(err)
		}
	}
	if c.target.name != "" {
		one := fields.OneTermEqualSelector("metadata.name", c.target.name)
		if o.Fields == nil {
			o.Fields = one
		} else {
			o.Fields = fields.AndSelectors(one, o.Fields)
		}
	}
	return o, nil
}

// versionOf reads the parameter resourceVersion: given says whether it is there.
func versionOf(q url.Values) (revision int64, given bool, err error) {
	v := q.Get("resourceVersion")
	if v == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil {
		return 0, true, apierrors.NewBadRequest(`resourceVersion: Invalid value: "` + v + `": strconv.ParseUint: parsing "` + v + `": invalid syntax`)
	}
	return int64(n), true, nil
}
