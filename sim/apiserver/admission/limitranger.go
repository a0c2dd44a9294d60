package admission

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	resourcehelper "k8s.io/component-helpers/resource"

	"minisim/sim/api"
)

// limitRangerAnnotation tells of a pod what its namespace's limit ranges have filled in.
const limitRangerAnnotation = "kubernetes.io/limit-ranger"

// eachLimit calls f for the limits of the namespace in which an object is created
// (a claim: also changed; a pod: also resized).
func eachLimit(a *Attributes, o Objects, f func(*corev1.LimitRange) error) error {
	claim := a.Resource == api.PersistentVolumeClaims && a.Subresource == "" && a.Object != nil
	if !a.creates(api.Pods) && !a.resizes() && !claim || a.Old != nil && a.Old.GetDeletionTimestamp() != nil {
		return nil
	}
	var err error
	o.Each(api.LimitRanges, a.Key.Namespace, func(x api.Object) bool {
		err = f(x.(*corev1.LimitRange))
		return err == nil
	})
	if err != nil {
		return a.forbid(err)
	}
	return nil
}

// limitDefaults gives the containers of a new pod the requests and limits that
// they leave out.
func limitDefaults(a *Attributes, o Objects) (string, error) {
	changed := ""
	err := eachLimit(a, o, func(l *corev1.LimitRange) error {
		pod, ok := a.Object.(*corev1.Pod)
		if !ok {
			return nil
		}
		if set := fillIn(pod, l); len(set) > 0 {
			changed = strings.Join(set, "; ")
			if pod.Annotations == nil {
				pod.Annotations = map[string]string{}
			}
			pod.Annotations[limitRangerAnnotation] = "LimitRanger plugin set: " + changed
		}
		return nil
	})
	return changed, err
}

// fillIn says what it has set: "cpu request for container app".
func fillIn(pod *corev1.Pod, l *corev1.LimitRange) (set []string) {
	fill := func(list *corev1.ResourceList, with corev1.ResourceList) (names []string) {
		for name, q := range with {
			if _, ok := (*list)[name]; ok {
				continue
			}
			if *list == nil {
				*list = corev1.ResourceList{}
			}
			(*list)[name] = q.DeepCopy()
			names = append(names, string(name))
		}
		slices.Sort(names)
		return names
	}
	container := func(what string, c *corev1.Container) {
		var requests, limits []string
		for _, item := range l.Spec.Limits {
			if item.Type == corev1.LimitTypeContainer {
				limits = append(limits, fill(&c.Resources.Limits, item.Default)...)
				requests = append(requests, fill(&c.Resources.Requests, item.DefaultRequest)...)
			}
		}
		if len(requests) > 0 {
			set = append(set, fmt.Sprintf("%s request for %s %s", strings.Join(requests, ", "), what, c.Name))
		}
		if len(limits) > 0 {
			set = append(set, fmt.Sprintf("%s limit for %s %s", strings.Join(limits, ", "), what, c.Name))
		}
	}
	for i := range pod.Spec.Containers {
		container("container", &pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		container("init container", &pod.Spec.InitContainers[i])
	}
	return set
}

// withinLimits refuses what asks for more or less than its namespace's limit ranges allow.
func withinLimits(a *Attributes, o Objects) (string, error) {
	return "", eachLimit(a, o, func(l *corev1.LimitRange) error {
		var errs []error
		for i := range l.Spec.Limits {
			switch item := &l.Spec.Limits[i]; x := a.Object.(type) {
			case *corev1.Pod:
				errs = append(errs, limitPod(item, x)...)
			case *corev1.PersistentVolumeClaim:
				if item.Type == corev1.LimitTypePersistentVolumeClaim {
					errs = append(errs, limitClaim(item, x.Spec.Resources.Requests)...)
				}
			}
		}
		return utilerrors.NewAggregate(errs)
	})
}

func limitPod(l *corev1.LimitRangeItem, pod *corev1.Pod) (errs []error) {
	switch l.Type {
	case corev1.LimitTypeContainer:
		for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
			errs = append(errs, limitResources(l, c.Resources.Requests, c.Resources.Limits)...)
		}
	case corev1.LimitTypePod:
		options := resourcehelper.PodResourcesOptions{ExcludeOverhead: true}
		errs = limitResources(l, resourcehelper.PodRequests(pod, options), resourcehelper.PodLimits(pod, options))
	}
	return errs
}

// bound is one amount that a limit range sets, beside what was asked for.
type bound struct {
	kind              corev1.LimitType
	name              corev1.ResourceName
	set               resource.Quantity
	request, limit    resource.Quantity
	requests, limited bool // request, limit are given
}

// eachBound calls f for the amounts of a list, in the order of their names.
func eachBound(l *corev1.LimitRangeItem, set, requests, limits corev1.ResourceList, f func(b bound) error) (errs []error) {
	var names []corev1.ResourceName
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b := bound{kind: l.Type, name: name, set: set[name]}
		b.request, b.requests = requests[name]
		b.limit, b.limited = limits[name]
		if err := f(b); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func limitResources(l *corev1.LimitRangeItem, requests, limits corev1.ResourceList) []error {
	return slices.Concat(
		eachBound(l, l.Min, requests, limits, bound.atLeast),
		eachBound(l, l.Max, requests, limits, bound.atMost),
		eachBound(l, l.MaxLimitRequestRatio, requests, limits, bound.ratio),
	)
}

// limitClaim is limitResources for a claim, which has no limits.
func limitClaim(l *corev1.LimitRangeItem, requests corev1.ResourceList) []error {
	return slices.Concat(
		eachBound(l, l.Min, requests, nil, bound.atLeast),
		eachBound(l, l.Max, requests, nil, func(b bound) error {
			switch {
			case !b.requests:
				return b.missing("maximum", "request")
			case b.request.Cmp(b.set) > 0:
				return b.beyond("maximum", "request", b.request)
			}
			return nil
		}),
	)
}

func (b bound) missing(which, what string) error {
	return fmt.Errorf("%s %s usage per %s is %s.  No %s is specified", which, b.name, b.kind, b.set.String(), what)
}

func (b bound) beyond(which, what string, q resource.Quantity) error {
	return fmt.Errorf("%s %s usage per %s is %s, but %s is %s", which, b.name, b.kind, b.set.String(), what, q.String())
}

func (b bound) atLeast() error {
	switch {
	case !b.requests:
		return b.missing("minimum", "request")
	case b.request.Cmp(b.set) < 0:
		return b.beyond("minimum", "request", b.request)
	case b.limited && b.limit.Cmp(b.set) < 0:
		return b.beyond("minimum", "limit", b.limit)
	}
	return nil
}

func (b bound) atMost() error {
	switch {
	case !b.limited:
		return b.missing("maximum", "limit")
	case b.limit.Cmp(b.set) > 0:
		return b.beyond("maximum", "limit", b.limit)
	case b.requests && b.request.Cmp(b.set) > 0:
		return b.beyond("maximum", "request", b.request)
	}
	return nil
}

func (b bound) ratio() error {
	text := fmt.Sprintf("%s max limit to request ratio per %s is %s, but ", b.name, b.kind, b.set.String())
	switch {
	case !b.requests || b.request.IsZero():
		return fmt.Errorf("%sno request is specified or request is 0", text)
	case !b.limited || b.limit.IsZero():
		return fmt.Errorf("%sno limit is specified or limit is 0", text)
	}
	if ratio := b.limit.AsApproximateFloat64() / b.request.AsApproximateFloat64(); ratio > b.set.AsApproximateFloat64() {
		return fmt.Errorf("%sprovided ratio is %f", text, ratio)
	}
	return nil
}
