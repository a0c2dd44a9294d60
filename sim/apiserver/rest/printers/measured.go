package printers

import (
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// measured are the tables of the metrics server, which makes its own.
var measured = map[reflect.Type]printer{
	reflect.TypeFor[*metricsv1beta1.NodeMetrics](): of(measuredColumns(), func(m *metricsv1beta1.NodeMetrics, _ time.Time) []any {
		return measuredCells(m.Name, m.Window, m.Usage)
	}),
	reflect.TypeFor[*metricsv1beta1.PodMetrics](): of(measuredColumns(), func(m *metricsv1beta1.PodMetrics, _ time.Time) []any {
		sum := corev1.ResourceList{}
		for _, c := range m.Containers {
			for name, q := range c.Usage {
				q.Add(sum[name])
				sum[name] = q
			}
		}
		return measuredCells(m.Name, m.Window, sum)
	}),
}

func measuredColumns() []metav1.TableColumnDefinition {
	out := columns("Name|cpu|memory|Window", nil)
	out[0].Description = "Name of the resource"
	out[1].Format, out[2].Format, out[3].Format = "quantity", "quantity", "duration"
	return out
}

func measuredCells(name string, window metav1.Duration, use corev1.ResourceList) []any {
	return []any{name, use.Cpu().String(), use.Memory().String(), window.Duration.String()}
}
