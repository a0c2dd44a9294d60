package kinds

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var autoscalers = kind[*autoscalingv2.HorizontalPodAutoscaler]{
	name:     subdomainName,
	defaults: defaultAutoscaler,
	create: func(a *autoscalingv2.HorizontalPodAutoscaler) {
		a.Status = autoscalingv2.HorizontalPodAutoscalerStatus{}
	},
	update:   func(new, old *autoscalingv2.HorizontalPodAutoscaler) { new.Status = old.Status },
	status:   func(new, old *autoscalingv2.HorizontalPodAutoscaler) { new.Spec = old.Spec },
	validate: func(f *faults, a *autoscalingv2.HorizontalPodAutoscaler) { f.autoscaler(&a.Spec, nil) },
	validateUpdate: func(f *faults, new, old *autoscalingv2.HorizontalPodAutoscaler) {
		f.metaUpdate(new, old)
		f.autoscaler(&new.Spec, &old.Spec)
	},
	validateStatus: func(f *faults, new, _ *autoscalingv2.HorizontalPodAutoscaler) {
		f.notNegative(statusPath, "currentReplicas", int64(new.Status.CurrentReplicas))
		f.notNegative(statusPath, "desiredReplicas", int64(new.Status.DesiredReplicas))
	},
}

// What an autoscaler aims at and how fast it moves if it does not say.
const (
	targetCPU      = 80 // percent of the request
	scalingPeriod  = 15 // seconds
	scaleUpPods    = 4
	scalingPercent = 100
	longestPeriod  = 1800 // seconds
	longestWindow  = 3600 // seconds
)

func defaultAutoscaler(a *autoscalingv2.HorizontalPodAutoscaler) {
	s := &a.Spec
	orNew(&s.MinReplicas, 1)
	if len(s.Metrics) == 0 {
		s.Metrics = []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{
				Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(targetCPU)),
			}},
		}}
	}
	if s.Behavior == nil {
		return
	}
	percent := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: scalingPercent, PeriodSeconds: scalingPeriod}
	pods := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: scaleUpPods, PeriodSeconds: scalingPeriod}
	defaultScaling(&s.Behavior.ScaleUp, pods, percent)
	orNew(&s.Behavior.ScaleUp.StabilizationWindowSeconds, 0)
	defaultScaling(&s.Behavior.ScaleDown, percent) // its window is the controller's affair
}

func defaultScaling(rules **autoscalingv2.HPAScalingRules, policies ...autoscalingv2.HPAScalingPolicy) {
	orNew(rules, autoscalingv2.HPAScalingRules{})
	orNew(&(*rules).SelectPolicy, autoscalingv2.MaxChangePolicySelect)
	if (*rules).Policies == nil {
		(*rules).Policies = policies
	}
}

// apiVersionRule is how strict to be with the version of what a reference names.
type apiVersionRule int

const (
	needsGroup apiVersionRule = iota
	anyGroup
	asItWas // it may stay as it was, however it is written
)

func (f *faults) autoscaler(s, old *autoscalingv2.HorizontalPodAutoscalerSpec) {
	least := int32(1)
	if old != nil && old.MinReplicas != nil && *old.MinReplicas == 0 {
		least = 0
	}
	if s.MinReplicas != nil && *s.MinReplicas < least {
		f.invalid(specPath, "minReplicas", *s.MinReplicas, fmt.Sprintf("must be greater than or equal to %d", least))
	}
	if s.MaxReplicas == 0 {
		f.required(specPath, "maxReplicas", "must be set and greater than 0")
	} else if s.MaxReplicas < 0 {
		f.invalid(specPath, "maxReplicas", s.MaxReplicas, "must be greater than or equal to 1")
	}
	if s.MinReplicas != nil && s.MaxReplicas < *s.MinReplicas {
		f.invalid(specPath, "maxReplicas", s.MaxReplicas, "must be greater than or equal to `minReplicas`")
	}
	rule := needsGroup
	switch target := s.ScaleTargetRef; {
	case old != nil && old.ScaleTargetRef.APIVersion == target.APIVersion && old.ScaleTargetRef.Kind == target.Kind:
		rule = asItWas
	case target.Kind == "ReplicationController":
		rule = anyGroup
	}
	f.crossReference(specPath.Child("scaleTargetRef"), s.ScaleTargetRef, rule)
	f.metrics(s, old)
	if s.Behavior != nil {
		f.scalingRules(specPath.Child("behavior", "scaleUp"), s.Behavior.ScaleUp)
		f.scalingRules(specPath.Child("behavior", "scaleDown"), s.Behavior.ScaleDown)
	}
}

func (f *faults) crossReference(p *field.Path, r autoscalingv2.CrossVersionObjectReference, rule apiVersionRule) {
	f.pathSegment(p, "kind", r.Kind)
	f.pathSegment(p, "name", r.Name)
	if rule == asItWas {
		return
	}
	gv, err := schema.ParseGroupVersion(r.APIVersion)
	if err != nil {
		f.invalid(p, "apiVersion", r.APIVersion, err.Error())
	} else if rule == needsGroup && gv.Group == "" {
		f.invalid(p, "apiVersion", r.APIVersion, "apiVersion must specify API group")
	}
}

func (f *faults) scalingRules(p *field.Path, r *autoscalingv2.HPAScalingRules) {
	if r == nil {
		return
	}
	if w := r.StabilizationWindowSeconds; w != nil && *w < 0 {
		f.invalid(p, "stabilizationWindowSeconds", *w, "must be greater than or equal to zero")
	} else if w != nil && *w > longestWindow {
		f.invalid(p, "stabilizationWindowSeconds", *w, fmt.Sprintf("must be less than or equal to %d", longestWindow))
	}
	ifSetOneOf(f, p, "selectPolicy", r.SelectPolicy, autoscalingv2.DisabledPolicySelect, autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect)
	if len(r.Policies) == 0 {
		f.required(p, "policies", "must specify at least one Policy")
	}
	for i := range r.Policies {
		idx, policy := p.Child("policies").Index(i), &r.Policies[i]
		ifSetOneOf(f, idx, "type", &policy.Type, autoscalingv2.PercentScalingPolicy, autoscalingv2.PodsScalingPolicy)
		if policy.Value <= 0 {
			f.invalid(idx, "value", policy.Value, "must be greater than zero")
		}
		if policy.PeriodSeconds <= 0 {
			f.invalid(idx, "periodSeconds", policy.PeriodSeconds, "must be greater than zero")
		} else if policy.PeriodSeconds > longestPeriod {
			f.invalid(idx, "periodSeconds", policy.PeriodSeconds, fmt.Sprintf("must be less than or equal to %d", longestPeriod))
		}
	}
	if r.Tolerance != nil && r.Tolerance.Sign() < 0 {
		f.invalid(p, "tolerance", r.Tolerance.String(), apivalidation.IsNegativeErrorMsg)
	}
}
