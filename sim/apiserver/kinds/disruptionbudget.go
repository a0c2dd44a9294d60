package kinds

import (
	policyv1 "k8s.io/api/policy/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
)

var disruptionBudgets = kind[*policyv1.PodDisruptionBudget]{
	needsVersion: true,
	create: func(b *policyv1.PodDisruptionBudget) {
		b.Status = policyv1.PodDisruptionBudgetStatus{}
		b.Generation = 1
	},
	update: func(new, old *policyv1.PodDisruptionBudget) {
		new.Status = old.Status
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	status:         func(new, old *policyv1.PodDisruptionBudget) { new.Spec = old.Spec },
	validate:       func(f *faults, b *policyv1.PodDisruptionBudget) { f.disruptionBudget(&b.Spec) },
	validateUpdate: func(f *faults, new, _ *policyv1.PodDisruptionBudget) { f.disruptionBudget(&new.Spec) },
	validateStatus: func(f *faults, new, _ *policyv1.PodDisruptionBudget) { f.budgetStatus(&new.Status) },
}

func (f *faults) disruptionBudget(s *policyv1.PodDisruptionBudgetSpec) {
	if s.MinAvailable != nil && s.MaxUnavailable != nil {
		f.invalid(specPath, "", internal{s}, "minAvailable and maxUnavailable cannot be both set")
	}
	if s.MinAvailable != nil {
		f.intOrPercent(specPath, "minAvailable", *s.MinAvailable)
		f.atMostAll(specPath, "minAvailable", *s.MinAvailable)
	}
	if s.MaxUnavailable != nil {
		f.intOrPercent(specPath, "maxUnavailable", *s.MaxUnavailable)
		f.atMostAll(specPath, "maxUnavailable", *s.MaxUnavailable)
	}
	f.selector(specPath, "selector", s.Selector)
	ifSetOneOf(f, specPath, "unhealthyPodEvictionPolicy", s.UnhealthyPodEvictionPolicy, policyv1.AlwaysAllow, policyv1.IfHealthyBudget)
}

func (f *faults) budgetStatus(s *policyv1.PodDisruptionBudgetStatus) {
	if len(s.Conditions) > 0 {
		f.add(metavalidation.ValidateConditions(s.Conditions, statusPath.Child("conditions"))...)
	}
	f.notNegative(statusPath, "disruptionsAllowed", int64(s.DisruptionsAllowed))
	f.notNegative(statusPath, "currentHealthy", int64(s.CurrentHealthy))
	f.notNegative(statusPath, "desiredHealthy", int64(s.DesiredHealthy))
	f.notNegative(statusPath, "expectedPods", int64(s.ExpectedPods))
}
