package controller

import (
	"errors"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
)

// measure is the largest number of replicas that any metric asks for, that
// metric's name, and the state of all metrics. With an error below 0 is no
// number: what some metrics ask for counts only if none is lost by scaling down.
func (s *scaleSync) measure() (n int32, name string, found []autoscalingv2.MetricStatus, err error) {
	selector, err := s.parseSelector()
	if err != nil {
		return -1, "", nil, err
	}
	specs := s.hpa.Spec.Metrics
	found = make([]autoscalingv2.MetricStatus, len(specs))
	invalid := 0
	var first *badMetric
	for i, spec := range specs {
		proposed, what, err := s.propose(spec, selector, &found[i])
		if err != nil {
			if invalid++; first == nil {
				first = err
			}
			continue
		}
		if n == 0 || proposed > n {
			n, name = proposed, what
		}
	}
	if first != nil {
		err = fmt.Errorf("invalid metrics (%d invalid out of %d), first error is: %w", invalid, len(specs), first)
	}
	if invalid >= len(specs) || invalid > 0 && n < s.current {
		s.condition(autoscalingv2.ScalingActive, corev1.ConditionFalse, first.reason, "the HPA was unable to compute the replica count: "+first.why.Error())
		return -1, "", found, err
	}
	s.condition(autoscalingv2.ScalingActive, corev1.ConditionTrue, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from "+name)
	return n, name, found, err
}

// parseSelector reads what selects the target's pods, which no other autoscaler may have.
func (s *scaleSync) parseSelector() (labels.Selector, error) {
	refuse := func(event, reason, message, text string) (labels.Selector, error) {
		s.recorder.Event(s.hpa, corev1.EventTypeWarning, event, text)
		s.condition(autoscalingv2.ScalingActive, corev1.ConditionFalse, reason, message)
		return nil, errors.New(text)
	}
	text := s.scale.Status.Selector
	if text == "" {
		return refuse("SelectorRequired", "InvalidSelector", "the HPA target's scale is missing a selector", "selector is required")
	}
	selector, err := labels.Parse(text)
	if err != nil {
		why := fmt.Sprintf("couldn't convert selector into a corresponding internal selector object: %v", err)
		return refuse("InvalidSelector", "InvalidSelector", why, why)
	}
	s.selector = selector
	if rivals := s.selecting(selected(s.pods, byLabel, s.hpa.Namespace, selector)); len(rivals) > 1 {
		why := fmt.Sprintf("pods by selector %v are controlled by multiple HPAs: %v", text, rivals)
		return refuse("AmbiguousSelector", "AmbiguousSelector", why, why)
	}
	return selector, nil
}

// named is a key as Kubernetes writes it in lists of autoscalers: the name first.
type named struct{ Name, Namespace string }

// selecting are the autoscalers whose targets have some of the pods, sorted by key.
func (s *scaleSync) selecting(pods []*corev1.Pod) (out []named) {
	for _, hpa := range s.list.List() {
		m := s.memory[api.KeyOf(hpa)]
		if m == nil || m.selector == nil || hpa.Namespace != s.hpa.Namespace {
			continue
		}
		for _, pod := range pods {
			if m.selector.Matches(labels.Set(pod.Labels)) {
				out = append(out, named{hpa.Name, hpa.Namespace})
				break
			}
		}
	}
	return out
}

// badMetric is why a metric gives no number of replicas.
type badMetric struct {
	reason string // of the Event and the condition
	why    error
	text   string // what the error is of
}

func (b *badMetric) Error() string { return b.text + ": " + b.why.Error() }

func (b *badMetric) Unwrap() error { return b.why }

// propose is how many replicas one metric asks for, and its name.
func (s *scaleSync) propose(spec autoscalingv2.MetricSpec, selector labels.Selector, state *autoscalingv2.MetricStatus) (n int32, name string, bad *badMetric) {
	bad = &badMetric{}
	var value *autoscalingv2.MetricValueStatus
	switch spec.Type {
	case autoscalingv2.ResourceMetricSourceType:
		m := spec.Resource
		bad.reason, bad.text = "FailedGetResourceMetric", fmt.Sprintf("failed to get %s resource metric value", m.Name)
		if n, value, name, bad.why = s.byResource(m.Name, m.Target, "", selector, ""); bad.why == nil {
			*state = autoscalingv2.MetricStatus{Type: spec.Type, Resource: &autoscalingv2.ResourceMetricStatus{Name: m.Name, Current: *value}}
		}
	case autoscalingv2.ContainerResourceMetricSourceType:
		m := spec.ContainerResource
		bad.reason, bad.text = "FailedGetContainerResourceMetric", fmt.Sprintf("failed to get %s container metric value", m.Container)
		if n, value, name, bad.why = s.byResource(m.Name, m.Target, m.Container, selector, " container"); bad.why == nil {
			*state = autoscalingv2.MetricStatus{Type: spec.Type, ContainerResource: &autoscalingv2.ContainerResourceMetricStatus{Name: m.Name, Container: m.Container, Current: *value}}
		}
	case autoscalingv2.PodsMetricSourceType:
		bad.reason, bad.text = "FailedGetPodsMetric", "failed to get pods metric value"
		bad.why = fmt.Errorf("unable to get metric %s: %w", spec.Pods.Metric.Name, errNoCustomMetrics)
	case autoscalingv2.ObjectMetricSourceType:
		bad.reason, bad.text = "FailedGetObjectMetric", "failed to get object metric value"
		bad.why = fmt.Errorf("unable to get metric %s: %w on %s %s/%s", spec.Object.Metric.Name, errNoCustomMetrics, spec.Object.DescribedObject.Kind, s.hpa.Namespace, spec.Object.DescribedObject.Name)
	case autoscalingv2.ExternalMetricSourceType:
		m := spec.External.Metric
		bad.reason, bad.text = "FailedGetExternalMetric", fmt.Sprintf("failed to get %s external metric value", m.Name)
		bad.why = fmt.Errorf("unable to get external metric %s/%s/%+v: unable to fetch metrics from external metrics API: the server could not find the requested resource (get %s.external.metrics.k8s.io)",
			s.hpa.Namespace, m.Name, m.Selector, m.Name)
	default:
		bad.reason, bad.text = "InvalidMetricSourceType", "invalid metric"
		bad.why = fmt.Errorf("unknown metric source type %q", spec.Type)
	}
	if bad.why == nil {
		return n, name, nil
	}
	s.recorder.Event(s.hpa, corev1.EventTypeWarning, bad.reason, bad.why.Error())
	return 0, "", bad
}

var errNoCustomMetrics = errors.New("unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered")

// byResource is how many replicas what pods use of a resource asks for: of its
// share in what they request, or as it is. container is "" for whole pods; kind is put into the metric's name.
func (s *scaleSync) byResource(r corev1.ResourceName, target autoscalingv2.MetricTarget, container string, selector labels.Selector, kind string) (int32, *autoscalingv2.MetricValueStatus, string, error) {
	m := measurement{scaleSync: s, resource: r, container: container, selector: selector}
	switch {
	case target.AverageValue != nil:
		m.target = target.AverageValue.MilliValue()
		n, err := m.replicas()
		if err != nil {
			return 0, nil, "", fmt.Errorf("failed to get %s usage: %w", r, err)
		}
		return n, &autoscalingv2.MetricValueStatus{AverageValue: m.average(m.shown)}, fmt.Sprintf("%s resource", r), nil
	case target.AverageUtilization != nil:
		m.target, m.percent = int64(*target.AverageUtilization), true
		n, err := m.replicas()
		if err != nil {
			return 0, nil, "", fmt.Errorf("failed to get %s utilization: %w", r, err)
		}
		return n, &autoscalingv2.MetricValueStatus{AverageUtilization: new(int32(m.shown)), AverageValue: m.average(m.mean)},
			fmt.Sprintf("%s%s resource utilization (percentage of request)", r, kind), nil
	}
	return 0, nil, "", errors.New("invalid resource metric source: neither an average utilization target nor an average value (usage) target was set")
}

// average is a mean amount, in thousandths, as it is shown.
func (m *measurement) average(milli int64) *resource.Quantity {
	format := resource.DecimalSI
	if m.resource == corev1.ResourceMemory {
		format = resource.BinarySI
	}
	return resource.NewMilliQuantity(milli, format)
}
