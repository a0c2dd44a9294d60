package printers

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// targets is what an autoscaler measures and what it aims at: up to two metrics.
func targets(h *autoscalingv2.HorizontalPodAutoscaler) string {
	const most = 2
	var words []string
	for i, m := range h.Spec.Metrics {
		if i == most {
			break
		}
		var now *autoscalingv2.MetricStatus
		if i < len(h.Status.CurrentMetrics) {
			now = &h.Status.CurrentMetrics[i]
		}
		words = append(words, metric(m, now))
	}
	if len(words) == 0 {
		return none
	}
	s := strings.Join(words, ", ")
	if more := len(h.Spec.Metrics) - most; more > 0 {
		s += fmt.Sprintf(" + %d more...", more)
	}
	return s
}

// metric is what one metric of an autoscaler is by now, and should be; now is nil
// as long as nobody has measured it.
func metric(m autoscalingv2.MetricSpec, now *autoscalingv2.MetricStatus) string {
	if now == nil {
		now = &autoscalingv2.MetricStatus{}
	}
	switch {
	case m.Resource != nil && m.Type == autoscalingv2.ResourceMetricSourceType:
		have := autoscalingv2.MetricValueStatus{}
		if now.Resource != nil {
			have = now.Resource.Current
		}
		return usage(m.Resource.Name, m.Resource.Target, have)
	case m.ContainerResource != nil && m.Type == autoscalingv2.ContainerResourceMetricSourceType:
		have := autoscalingv2.MetricValueStatus{}
		if now.ContainerResource != nil {
			have = now.ContainerResource.Current
		}
		return usage(m.ContainerResource.Name, m.ContainerResource.Target, have)
	case m.Pods != nil && m.Type == autoscalingv2.PodsMetricSourceType:
		have := unknown
		if now.Pods != nil {
			have = quantity(now.Pods.Current.AverageValue, unknown)
		}
		return have + "/" + quantity(m.Pods.Target.AverageValue, unset)
	case m.Object != nil && m.Type == autoscalingv2.ObjectMetricSourceType:
		have := autoscalingv2.MetricValueStatus{}
		if now.Object != nil {
			have = now.Object.Current
		}
		return amount(m.Object.Target, have)
	case m.External != nil && m.Type == autoscalingv2.ExternalMetricSourceType:
		have := autoscalingv2.MetricValueStatus{}
		if now.External != nil {
			have = now.External.Current
		}
		return amount(m.External.Target, have)
	}
	return "<unknown type>"
}

// usage is of a resource that pods use: an amount, or a share of what they request.
func usage(name corev1.ResourceName, want autoscalingv2.MetricTarget, have autoscalingv2.MetricValueStatus) string {
	if want.AverageValue != nil {
		return fmt.Sprintf("%s: %s/%s", name, quantity(have.AverageValue, unknown), quantity(want.AverageValue, unset))
	}
	return fmt.Sprintf("%s: %s/%s", name, percent(have.AverageUtilization, unknown), percent(want.AverageUtilization, "<auto>"))
}

// amount is of something that is not the pods' own: for each of them, or in all.
func amount(want autoscalingv2.MetricTarget, have autoscalingv2.MetricValueStatus) string {
	if want.AverageValue != nil {
		return quantity(have.AverageValue, unknown) + "/" + quantity(want.AverageValue, unset) + " (avg)"
	}
	return quantity(have.Value, unknown) + "/" + quantity(want.Value, unset)
}

func percent(n *int32, instead string) string {
	if n == nil {
		return instead
	}
	return fmt.Sprintf("%d%%", *n)
}

// quantity writes q without changing it, as its own String does.
func quantity(q *resource.Quantity, instead string) string {
	if q == nil {
		return instead
	}
	return new(q.DeepCopy()).String()
}

func groupOf(apiVersion string) string {
	gv, _ := schema.ParseGroupVersion(apiVersion)
	return gv.Group
}
