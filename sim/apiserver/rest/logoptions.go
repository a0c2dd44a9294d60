package rest

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// logOptions reads what is asked for of a log, and checks it as Kubernetes does.
func (c *exchange) logOptions() (*corev1.PodLogOptions, error) {
	q := c.query()
	o := &corev1.PodLogOptions{
		Container: q.Get("container"), Follow: flag(q, "follow"), Previous: flag(q, "previous"), Timestamps: flag(q, "timestamps"),
	}
	var errs field.ErrorList
	if v := q.Get("sinceTime"); v != "" {
		o.SinceTime = &metav1.Time{}
		if err := o.SinceTime.UnmarshalQueryParameter(v); err != nil {
			return nil, badRequest(err)
		}
	}
	for _, p := range []struct {
		name  string
		to    **int64
		least int64
		why   string
	}{
		{"tailLines", &o.TailLines, 0, "must be greater than or equal to 0"},
		{"limitBytes", &o.LimitBytes, 1, "must be greater than 0"},
		{"sinceSeconds", &o.SinceSeconds, 1, "must be greater than 0"},
	} {
		v := q.Get(p.name)
		if v == "" {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("strconv.ParseInt: parsing %q: invalid syntax", v))
		}
		*p.to = &n
		switch {
		case p.name == "sinceSeconds" && o.SinceTime != nil:
			errs = append(errs, field.Forbidden(field.NewPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
		case n < p.least:
			errs = append(errs, field.Invalid(field.NewPath(p.name), n, p.why))
		}
	}
	if q.Get("stream") != "" {
		errs = append(errs, field.Forbidden(field.NewPath("stream"), "may not be specified"))
	}
	if len(errs) > 0 {
		return nil, apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("PodLogOptions").GroupKind(), c.target.name, errs)
	}
	return o, nil
}

// kubeletParameters are the parameters with which the API server asks a kubelet for a log.
func kubeletParameters(o *corev1.PodLogOptions) url.Values {
	q := url.Values{}
	for name, set := range map[string]bool{"follow": o.Follow, "previous": o.Previous, "timestamps": o.Timestamps} {
		if set {
			q.Set(name, "true")
		}
	}
	for name, n := range map[string]*int64{"tailLines": o.TailLines, "limitBytes": o.LimitBytes, "sinceSeconds": o.SinceSeconds} {
		if n != nil {
			q.Set(name, strconv.FormatInt(*n, 10))
		}
	}
	if o.SinceTime != nil {
		q.Set("sinceTime", o.SinceTime.Format(time.RFC3339))
	}
	return q
}
