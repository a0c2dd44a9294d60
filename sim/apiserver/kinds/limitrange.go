package kinds

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var limitRanges = kind[*corev1.LimitRange]{
	name: subdomainName,
	defaults: func(l *corev1.LimitRange) {
		for i := range l.Spec.Limits {
			defaultLimits(&l.Spec.Limits[i])
		}
	},
	create:   nameLimitRange,
	validate: func(f *faults, l *corev1.LimitRange) { f.limitRange(l.Spec.Limits) },
	validateUpdate: func(f *faults, new, _ *corev1.LimitRange) {
		f.meta(new, true, subdomainName)
		f.limitRange(new.Spec.Limits)
	},
	createOnUpdate: true,
}

// nameLimitRange gives one without a name its UID as its name: a UUID, as Kubernetes does.
func nameLimitRange(l *corev1.LimitRange) {
	if l.Name == "" {
		l.Name = string(l.UID)
	}
}

// defaultLimits gives the limits of containers their defaults: the limit is the
// maximum, and the request the limit, or else the minimum.
func defaultLimits(l *corev1.LimitRangeItem) {
	for _, list := range []corev1.ResourceList{l.Max, l.Min, l.Default, l.DefaultRequest, l.MaxLimitRequestRatio} {
		roundUp(list)
	}
	if l.Type != corev1.LimitTypeContainer {
		return
	}
	for name, q := range l.Max {
		setMissing(&l.Default, name, q)
	}
	for name, q := range l.Default {
		setMissing(&l.DefaultRequest, name, q)
	}
	for name, q := range l.Min {
		setMissing(&l.DefaultRequest, name, q)
	}
}

func (f *faults) limitRange(limits []corev1.LimitRangeItem) {
	seen := map[corev1.LimitType]bool{}
	for i := range limits {
		l, p := &limits[i], specPath.Child("limits").Index(i)
		f.limitType(p, l.Type)
		if seen[l.Type] {
			f.duplicate(p, "type", l.Type)
		}
		seen[l.Type] = true
		f.limitItem(p, l)
	}
}

func (f *faults) limitType(p *field.Path, t corev1.LimitType) {
	if messages := qualifiedName(string(t)); len(messages) > 0 {
		f.messages(p, "type", t, messages)
		return
	}
	switch t {
	case corev1.LimitTypePod, corev1.LimitTypeContainer, corev1.LimitTypePersistentVolumeClaim:
	default:
		if !strings.Contains(string(t), "/") {
			f.invalid(p, "type", t, "must be a standard limit type or fully qualified")
		}
	}
}

func (f *faults) limitItem(p *field.Path, l *corev1.LimitRangeItem) {
	rule := func(p *field.Path, name corev1.ResourceName) { f.resourceName(p, name) }
	if l.Type == corev1.LimitTypePod || l.Type == corev1.LimitTypeContainer {
		rule = f.containerResourceName
	}
	all := map[corev1.ResourceName]bool{}
	names := func(child string, list corev1.ResourceList) {
		for _, name := range sorted(nil, list) {
			rule(p.Child(child).Key(string(name)), name)
			all[name] = true
		}
	}
	names("max", l.Max)
	names("min", l.Min)
	fallback, request := l.Default, l.DefaultRequest
	if l.Type == corev1.LimitTypePod {
		if len(fallback) > 0 {
			f.forbidden(p, "default", "may not be specified when `type` is 'Pod'")
		}
		if len(request) > 0 {
			f.forbidden(p, "defaultRequest", "may not be specified when `type` is 'Pod'")
		}
		fallback, request = nil, nil
	}
	names("default", fallback)
	names("defaultRequest", request)
	if l.Type == corev1.LimitTypePersistentVolumeClaim {
		_, least := l.Min[corev1.ResourceStorage]
		if _, most := l.Max[corev1.ResourceStorage]; !least && !most {
			f.required(p, "limits", "either minimum or maximum storage value is required, but neither was provided")
		}
	}
	names("maxLimitRequestRatio", l.MaxLimitRequestRatio)
	for _, name := range sorted(nil, all) {
		f.limitsOf(p, name, l, fallback, request)
	}
}

// limitsOf validates what is said of one resource: that the smaller is not above the larger.
func (f *faults) limitsOf(p *field.Path, name corev1.ResourceName, l *corev1.LimitRangeItem, fallbacks, requests corev1.ResourceList) {
	least, hasMin := l.Min[name]
	most, hasMax := l.Max[name]
	fallback, hasDefault := fallbacks[name]
	request, hasRequest := requests[name]
	key := func(child string) *field.Path { return p.Child(child).Key(string(name)) }
	ordered := func(both bool, p *field.Path, shown, low, high resource.Quantity, lowName, highName string) {
		if both && low.Cmp(high) > 0 {
			f.invalid(p, "", shown, fmt.Sprintf("%s value %s is greater than %s value %s", lowName, low.String(), highName, high.String()))
		}
	}
	ordered(hasMin && hasMax, key("min"), least, least, most, "min", "max")
	ordered(hasRequest && hasMin, key("defaultRequest"), request, least, request, "min", "default request")
	ordered(hasRequest && hasMax, key("defaultRequest"), request, request, most, "default request", "max")
	ordered(hasRequest && hasDefault, key("defaultRequest"), request, request, fallback, "default request", "default limit")
	ordered(hasDefault && hasMin, key("default"), least, least, fallback, "min", "default")
	ordered(hasDefault && hasMax, key("default"), most, fallback, most, "default", "max")
	if ratio, ok := l.MaxLimitRequestRatio[name]; ok {
		f.limitRatio(key("maxLimitRequestRatio"), ratio, least, most, hasMin && hasMax)
	}
	if !overcommitAllowed(name) && hasDefault && hasRequest && fallback.Cmp(request) != 0 {
		f.invalid(key("defaultRequest"), "", request, fmt.Sprintf("default value %s must equal to defaultRequest value %s in %s", fallback.String(), request.String(), name))
	}
}

func (f *faults) limitRatio(p *field.Path, ratio, least, most resource.Quantity, bounded bool) {
	if ratio.CmpInt64(1) < 0 {
		f.invalid(p, "", ratio, fmt.Sprintf("ratio %s is less than 1", ratio.String()))
	}
	if !bounded {
		return
	}
	allowed := most.AsApproximateFloat64() / least.AsApproximateFloat64()
	if ratio.AsApproximateFloat64() > allowed {
		f.invalid(p, "", ratio, fmt.Sprintf("ratio %s is greater than max/min = %f", ratio.String(), allowed))
	}
}
