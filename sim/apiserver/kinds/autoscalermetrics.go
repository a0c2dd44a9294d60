package kinds

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (f *faults) metrics(s, old *autoscalingv2.HorizontalPodAutoscalerSpec) {
	rule := anyGroup
	if old != nil && slices.ContainsFunc(old.Metrics, badMetricVersion) {
		rule = asItWas
	}
	outside := false
	for i := range s.Metrics {
		m := &s.Metrics[i]
		f.metric(specPath.Child("metrics").Index(i), m, rule)
		outside = outside || m.Type == autoscalingv2.ObjectMetricSourceType || m.Type == autoscalingv2.ExternalMetricSourceType
	}
	if s.MinReplicas != nil && *s.MinReplicas == 0 && !outside {
		f.forbidden(specPath, "metrics", "must specify at least one Object or External metric to support scaling to zero replicas")
	}
}

func badMetricVersion(m autoscalingv2.MetricSpec) bool {
	if m.Type != autoscalingv2.ObjectMetricSourceType || m.Object == nil {
		return false
	}
	try := &faults{}
	try.crossReference(nil, autoscalingv2.CrossVersionObjectReference{Kind: "k", Name: "n", APIVersion: m.Object.DescribedObject.APIVersion}, anyGroup)
	return len(try.list) > 0
}

// metricTypes in the order in which messages name them.
var metricTypes = []autoscalingv2.MetricSourceType{
	autoscalingv2.ContainerResourceMetricSourceType, autoscalingv2.ExternalMetricSourceType, autoscalingv2.ObjectMetricSourceType,
	autoscalingv2.PodsMetricSourceType, autoscalingv2.ResourceMetricSourceType,
}

// metric validates the first source that is set, that it is the one which the
// type names, and that there is no other.
func (f *faults) metric(p *field.Path, m *autoscalingv2.MetricSpec, rule apiVersionRule) {
	if m.Type == "" {
		f.required(p, "type", "must specify a metric source type")
	}
	ifSetOneOf(f, p, "type", &m.Type, metricTypes...)
	wanted, present, first := "", []string(nil), true
	source := func(kind autoscalingv2.MetricSourceType, name string, set bool, validate func(p *field.Path)) {
		if set {
			present = append(present, name)
			if first {
				validate(p.Child(name))
			}
			first = false
		}
		if m.Type == kind {
			wanted = name
		}
	}
	source(autoscalingv2.ObjectMetricSourceType, "object", m.Object != nil, func(p *field.Path) { f.objectMetric(p, m.Object, rule) })
	source(autoscalingv2.ExternalMetricSourceType, "external", m.External != nil, func(p *field.Path) { f.externalMetric(p, m.External) })
	source(autoscalingv2.PodsMetricSourceType, "pods", m.Pods != nil, func(p *field.Path) { f.podsMetric(p, m.Pods) })
	source(autoscalingv2.ResourceMetricSourceType, "resource", m.Resource != nil, func(p *field.Path) { f.resourceMetric(p, m.Resource) })
	source(autoscalingv2.ContainerResourceMetricSourceType, "containerResource", m.ContainerResource != nil, func(p *field.Path) { f.containerMetric(p, m.ContainerResource) })
	if wanted == "" {
		ifSetOneOf(f, p, "type", &m.Type, metricTypes...) // Kubernetes says it twice
	} else if !slices.Contains(present, wanted) {
		f.required(p, wanted, "must populate information for the given metric source")
	}
	if len(present) == 1 {
		return
	}
	slices.Sort(present)
	for _, name := range present {
		if name != wanted {
			f.forbidden(p, name, "must populate the given metric source only")
		}
	}
}

func (f *faults) objectMetric(p *field.Path, s *autoscalingv2.ObjectMetricSource, rule apiVersionRule) {
	f.crossReference(p.Child("describedObject"), s.DescribedObject, rule)
	f.metricName(p, s.Metric)
	f.metricTarget(p.Child("target"), &s.Target)
	if s.Target.Value == nil && s.Target.AverageValue == nil {
		f.required(p.Child("target"), "averageValue", "must set either a target value or averageValue")
	}
}

func (f *faults) externalMetric(p *field.Path, s *autoscalingv2.ExternalMetricSource) {
	f.metricName(p, s.Metric)
	f.metricTarget(p.Child("target"), &s.Target)
	if s.Target.Value == nil && s.Target.AverageValue == nil {
		f.required(p.Child("target"), "averageValue", "must set either a target value for metric or a per-pod target")
	}
	if s.Target.Value != nil && s.Target.AverageValue != nil {
		f.forbidden(p.Child("target"), "value", "may not set both a target value for metric and a per-pod target")
	}
}

func (f *faults) podsMetric(p *field.Path, s *autoscalingv2.PodsMetricSource) {
	f.metricName(p, s.Metric)
	f.metricTarget(p.Child("target"), &s.Target)
	if s.Target.AverageValue == nil {
		f.required(p.Child("target"), "averageValue", "must specify a positive target averageValue")
	}
}

func (f *faults) resourceMetric(p *field.Path, s *autoscalingv2.ResourceMetricSource) {
	if s.Name == "" {
		f.required(p, "name", "must specify a resource name")
	}
	f.utilization(p.Child("target"), &s.Target)
}

func (f *faults) containerMetric(p *field.Path, s *autoscalingv2.ContainerResourceMetricSource) {
	if s.Name == "" {
		f.required(p, "name", "must specify a resource name")
	} else {
		f.containerResourceName(p.Child("name"), s.Name)
	}
	if s.Container == "" {
		f.required(p, "container", "must specify a container")
	} else {
		f.rule(p, "container", s.Container, dnsLabel)
	}
	f.utilization(p.Child("target"), &s.Target)
}

// utilization validates a target that is a share of the request or an amount.
func (f *faults) utilization(p *field.Path, t *autoscalingv2.MetricTarget) {
	f.metricTarget(p, t)
	if t.AverageUtilization == nil && t.AverageValue == nil {
		f.required(p, "averageUtilization", "must set either a target raw value or a target utilization")
	}
	if t.AverageUtilization != nil && t.AverageValue != nil {
		f.forbidden(p, "averageValue", "may not set both a target raw value and a target utilization")
	}
}

func (f *faults) metricName(p *field.Path, m autoscalingv2.MetricIdentifier) {
	if m.Name == "" {
		f.required(p.Child("metric"), "name", "must specify a metric name")
		return
	}
	f.pathSegment(p.Child("metric"), "name", m.Name)
}

func (f *faults) metricTarget(p *field.Path, t *autoscalingv2.MetricTarget) {
	switch t.Type {
	case autoscalingv2.UtilizationMetricType, autoscalingv2.ValueMetricType, autoscalingv2.AverageValueMetricType:
	default:
		if t.Type == "" {
			f.required(p, "type", "must specify a metric target type")
		}
		f.invalid(p, "type", t.Type, "must be either Utilization, Value, or AverageValue")
	}
	if t.Value != nil && t.Value.Sign() != 1 {
		f.invalid(p, "value", t.Value, "must be positive")
	}
	if t.AverageValue != nil && t.AverageValue.Sign() != 1 {
		f.invalid(p, "averageValue", t.AverageValue, "must be positive")
	}
	if t.AverageUtilization != nil && *t.AverageUtilization < 1 {
		f.invalid(p, "averageUtilization", *t.AverageUtilization, "must be greater than 0")
	}
}
