package kinds

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var resourceQuotas = kind[*corev1.ResourceQuota]{
	name: subdomainName,
	defaults: func(q *corev1.ResourceQuota) {
		roundUp(q.Spec.Hard)
		roundUp(q.Status.Hard)
		roundUp(q.Status.Used)
	},
	create:   func(q *corev1.ResourceQuota) { q.Status = corev1.ResourceQuotaStatus{} },
	update:   func(new, old *corev1.ResourceQuota) { new.Status = old.Status },
	status:   func(new, old *corev1.ResourceQuota) { new.Spec = old.Spec },
	validate: func(f *faults, q *corev1.ResourceQuota) { f.resourceQuota(&q.Spec) },
	validateUpdate: func(f *faults, new, old *corev1.ResourceQuota) {
		f.metaUpdate(new, old)
		f.resourceQuota(&new.Spec)
		if !sameScopes(new.Spec.Scopes, old.Spec.Scopes) {
			f.invalid(specPath, "scopes", new.Spec.Scopes, apivalidation.FieldImmutableErrorMsg)
		}
	},
	validateStatus: func(f *faults, new, _ *corev1.ResourceQuota) {
		f.notEmpty(nil, "resourceVersion", new.ResourceVersion)
		f.quotaAmounts(statusPath.Child("hard"), new.Status.Hard)
		f.quotaAmounts(statusPath.Child("used"), new.Status.Used)
	},
	warnings:       quotaWarnings,
	updateWarnings: func(_, _ *corev1.ResourceQuota) []string { return nil },
}

func sameScopes(a, b []corev1.ResourceQuotaScope) bool {
	within := func(a, b []corev1.ResourceQuotaScope) bool {
		return !slices.ContainsFunc(a, func(s corev1.ResourceQuotaScope) bool { return !slices.Contains(b, s) })
	}
	return within(a, b) && within(b, a)
}

func (f *faults) resourceQuota(s *corev1.ResourceQuotaSpec) {
	f.quotaAmounts(specPath.Child("hard"), s.Hard)
	if len(s.Scopes) > 0 {
		f.quotaScopes(s)
	}
	if s.ScopeSelector != nil {
		f.scopeSelector(s)
	}
}

func (f *faults) quotaAmounts(p *field.Path, amounts corev1.ResourceList) {
	for _, name := range sorted(nil, amounts) {
		key := p.Key(string(name))
		f.resourceName(key, name)
		if !strings.Contains(string(name), "/") && !inQuotas(name) {
			f.invalid(key, "", name, "must be a standard resource for quota")
		}
		f.quantity(key, name, amounts[name])
	}
}

// inQuotas reports whether a name without a domain is of something that quotas limit.
func inQuotas(name corev1.ResourceName) bool {
	return name != corev1.ResourceStorage && name != "limits.storage" && isStandard(name)
}

var knownScopes = []corev1.ResourceQuotaScope{
	corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeBestEffort,
	corev1.ResourceQuotaScopeNotBestEffort, corev1.ResourceQuotaScopePriorityClass,
	corev1.ResourceQuotaScopeVolumeAttributesClass, corev1.ResourceQuotaScopeCrossNamespacePodAffinity,
}

// scopeAppliesTo reports whether a scope can narrow what is counted of a resource.
func scopeAppliesTo(scope corev1.ResourceQuotaScope, name corev1.ResourceName) bool {
	switch scope {
	case corev1.ResourceQuotaScopeBestEffort:
		return name == corev1.ResourcePods
	case corev1.ResourceQuotaScopeVolumeAttributesClass:
		return name == corev1.ResourcePersistentVolumeClaims || name == corev1.ResourceRequestsStorage
	}
	switch name {
	case corev1.ResourcePods, corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory,
		corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory:
		return true
	}
	return !slices.Contains(knownScopes, scope)
}

// inapplicable are how many of a quota's standard resources a scope does not apply to.
func inapplicable(s *corev1.ResourceQuotaSpec, scope corev1.ResourceQuotaScope) (n int) {
	for name := range s.Hard {
		if inQuotas(name) && !scopeAppliesTo(scope, name) {
			n++
		}
	}
	return n
}

func (f *faults) quotaScopes(s *corev1.ResourceQuotaSpec) {
	for _, scope := range s.Scopes {
		if !slices.Contains(knownScopes, scope) {
			f.invalid(specPath, "scopes", s.Scopes, "unsupported scope")
		}
		for range inapplicable(s, scope) {
			f.invalid(specPath, "scopes", s.Scopes, "unsupported scope applied to resource")
		}
	}
	f.scopesTogether(specPath.Child("scopes"), s.Scopes, s.Scopes)
}

// scopesTogether forbids scopes that exclude each other; shown is what messages show.
func (f *faults) scopesTogether(p *field.Path, scopes, shown []corev1.ResourceQuotaScope) {
	for _, pair := range [][2]corev1.ResourceQuotaScope{
		{corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeNotBestEffort},
		{corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating},
	} {
		if slices.Contains(scopes, pair[0]) && slices.Contains(scopes, pair[1]) {
			f.invalid(p, "", shown, "conflicting scopes")
		}
	}
}

func (f *faults) scopeSelector(s *corev1.ResourceQuotaSpec) {
	p := specPath.Child("scopeSelector", "matchExpressions")
	var scopes []corev1.ResourceQuotaScope
	for i := range s.ScopeSelector.MatchExpressions {
		r := &s.ScopeSelector.MatchExpressions[i]
		if !slices.Contains(knownScopes, r.ScopeName) {
			f.invalid(p, "scopeName", r.ScopeName, "unsupported scope")
		}
		for range inapplicable(s, r.ScopeName) {
			f.invalid(p, "", internal{s.ScopeSelector}, "unsupported scope applied to resource")
		}
		f.scopeRequirement(p, r)
		scopes = append(scopes, r.ScopeName)
	}
	f.scopesTogether(p, scopes, s.Scopes)
}

func (f *faults) scopeRequirement(p *field.Path, r *corev1.ScopedResourceSelectorRequirement) {
	switch r.ScopeName {
	case corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeNotBestEffort, corev1.ResourceQuotaScopeTerminating,
		corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		if r.Operator != corev1.ScopeSelectorOpExists {
			f.invalid(p, "operator", r.Operator, "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "+
				"ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity")
		}
	}
	switch r.Operator {
	case corev1.ScopeSelectorOpIn, corev1.ScopeSelectorOpNotIn:
		if len(r.Values) == 0 {
			f.required(p, "values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
		}
	case corev1.ScopeSelectorOpExists, corev1.ScopeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			f.invalid(p, "values", r.Values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
		}
	default:
		f.invalid(p, "operator", r.Operator, "not a valid selector operator")
	}
}

// quotaWarnings remarks upon a quota that allows more to be requested than the
// limits it allows.
func quotaWarnings(q *corev1.ResourceQuota) (warnings []string) {
	find := func(names ...corev1.ResourceName) (corev1.ResourceName, resource.Quantity, bool) {
		for _, name := range names {
			if q, ok := q.Spec.Hard[name]; ok {
				return name, q, true
			}
		}
		return "", resource.Quantity{}, false
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceStorage, corev1.ResourceEphemeralStorage} {
		names := []corev1.ResourceName{"requests." + name}
		if name == corev1.ResourceCPU || name == corev1.ResourceMemory {
			names = append(names, name)
		}
		requestName, request, requests := find(names...)
		limitName, limit, limits := find("limits." + name)
		if requests && limits && request.Cmp(limit) > 0 {
			warnings = append(warnings, fmt.Sprintf("ResourceQuota %s (%s) should be less than %s (%s)", requestName, request.String(), limitName, limit.String()))
		}
	}
	return warnings
}
