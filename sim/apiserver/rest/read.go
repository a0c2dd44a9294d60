package rest

import (
	"math"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// get answers with one object.
func (c *exchange) get() error { return c.show("") }

// show answers with an object or one of its subresources.
func (c *exchange) show(subresource string) error {
	a, err := c.negotiate(shapes)
	if err != nil {
		return err
	}
	if c.query().Has("export") && flag(c.query(), "export") {
		return apierrors.NewBadRequest("the export parameter, deprecated since v1.14, is no longer supported")
	}
	var options metav1.GetOptions
	if err := c.parameters(&options); err != nil {
		return err
	}
	at, err := revisionOf(options.ResourceVersion)
	if err != nil {
		return err
	}
	if err := c.reached(at); err != nil {
		return err
	}
	o, err := look(c.r.Context(), c.bridge, func() (api.Object, error) {
		return c.visitor().Get(c.target.resource, c.target.key(), subresource)
	})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, a, o)
}

// send answers with an object in the shape wanted.
func (c *exchange) send(code int, a accepted, o api.Object) error {
	now, err := c.now(c.r.Context())
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

// list answers with the objects that the selectors match, perhaps a page of them,
// or watches them.
func (c *exchange) list() error {
	a, err := c.negotiate(shapes)
	if err != nil {
		return err
	}
	o, err := c.listOptions()
	if err != nil {
		return err
	}
	if o.Watch {
		return c.watch(a, o)
	}
	q, err := c.listing(o)
	if err != nil {
		return err
	}
	list, err := look(c.r.Context(), c.bridge, func() (api.List, error) {
		return c.visitor().List(c.target.resource, q.ListOptions, max(q.at, 0))
	})
	if err != nil {
		return continued(err, q.after)
	}
	now, err := c.now(c.r.Context())
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
	at    int64  // revision, 0 or less: now
	limit int    // 0: all
	after string // the page begins after this key
}

func (c *exchange) listing(o internalversion.ListOptions) (listing, error) {
	var q listing
	var err error
	if q.ListOptions, err = c.selectors(o); err != nil {
		return q, err
	}
	q.limit = max(int(o.Limit), 0)
	if o.Continue != "" {
		if q.at, q.after, err = readToken(o.Continue); err != nil {
			return q, err
		}
		if o.ResourceVersion != "" && o.ResourceVersion != "0" {
			return q, apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
		}
		return q, nil
	}
	at, err := revisionOf(o.ResourceVersion)
	if err != nil {
		return q, apierrors.NewBadRequest("invalid resource version: " + err.Error())
	}
	// Whatever is not asked for exactly is answered with the newest state, which is never older than what was asked for.
	if o.ResourceVersionMatch == metav1.ResourceVersionMatchExact || at > 0 && q.limit > 0 && o.ResourceVersionMatch == "" {
		q.at = at
		return q, nil
	}
	return q, c.reached(at)
}

// reached checks that a revision that somebody has seen somewhere has come here, too.
func (c *exchange) reached(revision int64) error {
	if revision == 0 {
		return nil
	}
	_, err := look(c.r.Context(), c.bridge, func() (any, error) { return nil, c.bridge.api.Reached(revision) })
	return err
}

// selectors are those by which objects are chosen. A watch with a name in its path is one of a single object.
func (c *exchange) selectors(o internalversion.ListOptions) (api.ListOptions, error) {
	out := api.ListOptions{Namespace: c.target.namespace, Labels: o.LabelSelector, Fields: o.FieldSelector}
	if c.target.name == "" {
		return out, nil
	}
	if out.Fields != nil && !out.Fields.Empty() {
		if name, ok := out.Fields.RequiresExactMatch("metadata.name"); !ok || name != c.target.name {
			return out, apierrors.NewBadRequest("fieldSelector metadata.name doesn't match requested name")
		}
		return out, nil
	}
	out.Fields = fields.OneTermEqualSelector("metadata.name", c.target.name)
	return out, nil
}

// revisionOf reads a resourceVersion; 0 for none. Its error has no code of its own, as in Kubernetes.
func revisionOf(v string) (int64, error) {
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return 0, plain(field.Invalid(field.NewPath("resourceVersion"), v, err.Error()))
	}
	return int64(min(n, math.MaxInt64)), nil
}

// plain is an error of code 500 without a reason, as errors inside of a real API server come out.
func plain(err error) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error()}}
}
