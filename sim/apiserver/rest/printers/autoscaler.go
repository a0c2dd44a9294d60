package printers

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
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

func metric(m autoscalingv2.MetricSpec, now *autoscalingv2.MetricStatus) string {
	if m.Type != autoscalingv2.ResourceMetricSourceType || m.Resource == nil {
		return "<unknown type>"
	}
	name, have := string(m.Resource.Name), unknown
	if u := m.Resource.Target.AverageUtilization; u != nil {
		if now != nil && now.Resource != nil && now.Resource.Current.AverageUtilization != nil {
			have = fmt.Sprintf("%d%%", *now.Resource.Current.AverageUtilization)
		}
		return fmt.Sprintf("%s: %s/%d%%", name, have, *u)
	}
	want := "<auto>"
	if v := m.Resource.Target.AverageValue; v != nil {
		q := v.DeepCopy()
		want = q.String()
	}
	if now != nil && now.Resource != nil && now.Resource.Current.AverageValue != nil {
		q := now.Resource.Current.AverageValue.DeepCopy()
		have = q.String()
	}
	return fmt.Sprintf("%s: %s/%s", name, have, want)
}

func groupOf(apiVersion string) string {
	gv, _ := schema.ParseGroupVersion(apiVersion)
	return gv.Group
}
