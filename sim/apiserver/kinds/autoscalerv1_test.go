package kinds

import (
	"encoding/json"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// What goes through the older version comes back as it was.
func TestAutoscalerRoundTrip(t *testing.T) {
	ten, window, most, q := int32(10), int32(60), autoscalingv2.MaxChangePolicySelect, resource.MustParse("100m")
	object := autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "web"}
	metric := autoscalingv2.MetricIdentifier{Name: "hits", Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}}
	share := autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &ten}
	value := autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &q}
	average := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &q}
	now := autoscalingv2.MetricValueStatus{AverageValue: &q, AverageUtilization: &ten}
	in := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", Annotations: map[string]string{"mine": "too"}},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
			MinReplicas:    &ten, MaxReplicas: 20,
			Metrics: []autoscalingv2.MetricSpec{ // what v1 has a field for comes last
				{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{DescribedObject: object, Metric: metric, Target: value}},
				{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{Metric: metric, Target: average}},
				{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{Metric: metric, Target: average}},
				{Type: autoscalingv2.ContainerResourceMetricSourceType, ContainerResource: &autoscalingv2.ContainerResourceMetricSource{Name: corev1.ResourceCPU, Container: "c", Target: share}},
				{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceMemory, Target: average}},
				{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: share}},
			},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: &window, SelectPolicy: &most, Tolerance: &q,
				Policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 2, PeriodSeconds: 15}},
			}},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{
			CurrentReplicas: 3, DesiredReplicas: 4,
			CurrentMetrics: []autoscalingv2.MetricStatus{
				{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricStatus{Name: corev1.ResourceCPU, Current: now}},
				{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricStatus{Metric: metric, Current: autoscalingv2.MetricValueStatus{AverageValue: &q}}},
			},
			Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue, Reason: "Why", Message: "not"}},
		},
	}
	in.SetGroupVersionKind(api.HorizontalPodAutoscalers.GVK())
	before := in.DeepCopy()
	v1 := ToVersion(in, api.HorizontalPodAutoscalersV1).(*autoscalingv1.HorizontalPodAutoscaler)
	data, err := json.Marshal(v1) // as a client gets it and sends it back
	if err != nil {
		t.Fatal(err)
	}
	v1 = &autoscalingv1.HorizontalPodAutoscaler{}
	if err := json.Unmarshal(data, v1); err != nil {
		t.Fatal(err)
	}
	if *v1.Spec.TargetCPUUtilizationPercentage != 10 || *v1.Status.CurrentCPUUtilizationPercentage != 10 || len(v1.Annotations) != 5 {
		t.Errorf("v1: %s", data)
	}
	const behavior = `{"ScaleUp":{"StabilizationWindowSeconds":60,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":2,"PeriodSeconds":15}],"Tolerance":"100m"},"ScaleDown":null}`
	if got := v1.Annotations[behaviorAnnotation]; got != behavior {
		t.Errorf("behavior %s", got)
	}
	if out := ToPresent(v1); !equality.Semantic.DeepEqual(out, before) {
		t.Errorf("it came back as\n%+v\nwant\n%+v", out, before)
	}
	if !equality.Semantic.DeepEqual(in, before) {
		t.Error("the object itself was changed")
	}
}
