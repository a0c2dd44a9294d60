package kinds

import (
	"encoding/json"
	"maps"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/api"
)

// What autoscaling/v1 has no fields for stands in annotations.
const (
	metricsAnnotation    = "autoscaling.alpha.kubernetes.io/metrics"
	statusesAnnotation   = "autoscaling.alpha.kubernetes.io/current-metrics"
	behaviorAnnotation   = "autoscaling.alpha.kubernetes.io/behavior"
	conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions"
)

func autoscalerToV1(in *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv1.HorizontalPodAutoscaler {
	out := &autoscalingv1.HorizontalPodAutoscaler{ObjectMeta: *in.ObjectMeta.DeepCopy()}
	out.SetGroupVersionKind(api.HorizontalPodAutoscalersV1.GVK())
	out.Spec = autoscalingv1.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv1.CrossVersionObjectReference(in.Spec.ScaleTargetRef),
		MinReplicas:    in.Spec.MinReplicas, MaxReplicas: in.Spec.MaxReplicas,
	}
	var others []autoscalingv1.MetricSpec
	for _, m := range in.Spec.Metrics {
		if !cpuShare(m) {
			others = append(others, specToV1(m))
		} else if out.Spec.TargetCPUUtilizationPercentage == nil {
			out.Spec.TargetCPUUtilizationPercentage = new(*m.Resource.Target.AverageUtilization)
		}
	}
	out.Status = autoscalingv1.HorizontalPodAutoscalerStatus{
		ObservedGeneration: in.Status.ObservedGeneration, LastScaleTime: in.Status.LastScaleTime,
		CurrentReplicas: in.Status.CurrentReplicas, DesiredReplicas: in.Status.DesiredReplicas,
	}
	var statuses []autoscalingv1.MetricStatus
	for _, m := range in.Status.CurrentMetrics {
		statuses = append(statuses, statusToV1(m))
		if r := m.Resource; r != nil && r.Name == corev1.ResourceCPU && r.Current.AverageUtilization != nil {
			out.Status.CurrentCPUUtilizationPercentage = new(*r.Current.AverageUtilization)
		}
	}
	out.Annotations = withoutV1(out.Annotations)
	annotate(&out.Annotations, metricsAnnotation, others, len(others) > 0)
	annotate(&out.Annotations, statusesAnnotation, statuses, len(statuses) > 0)
	annotate(&out.Annotations, behaviorAnnotation, behaviorToV1(in.Spec.Behavior), in.Spec.Behavior != nil)
	annotate(&out.Annotations, conditionsAnnotation, in.Status.Conditions, len(in.Status.Conditions) > 0)
	return out
}

// cpuShare is the one metric for which autoscaling/v1 has a field.
func cpuShare(m autoscalingv2.MetricSpec) bool {
	return m.Resource != nil && m.Resource.Name == corev1.ResourceCPU && m.Resource.Target.AverageUtilization != nil
}

func withoutV1(a map[string]string) map[string]string {
	a = maps.Clone(a)
	for _, key := range []string{metricsAnnotation, statusesAnnotation, behaviorAnnotation, conditionsAnnotation} {
		delete(a, key)
	}
	return a
}

func annotate(a *map[string]string, key string, v any, has bool) {
	if !has {
		return
	}
	data, err := json.Marshal(v)
	if err != nil {
		return // these types can all be written
	}
	if *a == nil {
		*a = map[string]string{}
	}
	(*a)[key] = string(data)
}

func autoscalerFromV1(in *autoscalingv1.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	out := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: *in.ObjectMeta.DeepCopy()}
	out.SetGroupVersionKind(api.HorizontalPodAutoscalers.GVK())
	out.Spec = autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference(in.Spec.ScaleTargetRef),
		MinReplicas:    in.Spec.MinReplicas, MaxReplicas: in.Spec.MaxReplicas,
	}
	var others []autoscalingv1.MetricSpec
	if json.Unmarshal([]byte(in.Annotations[metricsAnnotation]), &others) == nil {
		for _, m := range others {
			out.Spec.Metrics = append(out.Spec.Metrics, specFromV1(m))
		}
	}
	if percent := in.Spec.TargetCPUUtilizationPercentage; percent != nil {
		out.Spec.Metrics = append(out.Spec.Metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{
				Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(*percent),
			}},
		})
	}
	var behavior behaviorV1
	if json.Unmarshal([]byte(in.Annotations[behaviorAnnotation]), &behavior) == nil && behavior != (behaviorV1{}) {
		out.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: behavior.ScaleUp.present(), ScaleDown: behavior.ScaleDown.present()}
	}
	out.Status = autoscalingv2.HorizontalPodAutoscalerStatus{
		ObservedGeneration: in.Status.ObservedGeneration, LastScaleTime: in.Status.LastScaleTime,
		CurrentReplicas: in.Status.CurrentReplicas, DesiredReplicas: in.Status.DesiredReplicas,
	}
	var statuses []autoscalingv1.MetricStatus
	if json.Unmarshal([]byte(in.Annotations[statusesAnnotation]), &statuses) == nil {
		for _, m := range statuses {
			out.Status.CurrentMetrics = append(out.Status.CurrentMetrics, statusFromV1(m))
		}
	} else if percent := in.Status.CurrentCPUUtilizationPercentage; percent != nil {
		out.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{
			Type:     autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricStatus{Name: corev1.ResourceCPU, Current: autoscalingv2.MetricValueStatus{AverageUtilization: new(*percent)}},
		}}
	}
	var conditions []autoscalingv2.HorizontalPodAutoscalerCondition
	if json.Unmarshal([]byte(in.Annotations[conditionsAnnotation]), &conditions) == nil {
		out.Status.Conditions = conditions
	}
	out.Annotations = withoutV1(out.Annotations)
	return out
}

// behaviorV1 is the form of the annotation for the behavior: that of a type of the
// real server that was never meant to be seen.
type behaviorV1 struct{ ScaleUp, ScaleDown *rulesV1 }

type rulesV1 struct {
	StabilizationWindowSeconds *int32
	SelectPolicy               *autoscalingv2.ScalingPolicySelect
	Policies                   []policyV1
	Tolerance                  *resource.Quantity
}

type policyV1 struct {
	Type          autoscalingv2.HPAScalingPolicyType
	Value         int32
	PeriodSeconds int32
}

func behaviorToV1(b *autoscalingv2.HorizontalPodAutoscalerBehavior) *behaviorV1 {
	if b == nil {
		return nil
	}
	rules := func(r *autoscalingv2.HPAScalingRules) *rulesV1 {
		if r == nil {
			return nil
		}
		out := &rulesV1{StabilizationWindowSeconds: r.StabilizationWindowSeconds, SelectPolicy: r.SelectPolicy, Tolerance: r.Tolerance}
		for _, p := range r.Policies {
			out.Policies = append(out.Policies, policyV1(p))
		}
		return out
	}
	return &behaviorV1{rules(b.ScaleUp), rules(b.ScaleDown)}
}

func (r *rulesV1) present() *autoscalingv2.HPAScalingRules {
	if r == nil {
		return nil
	}
	out := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: r.StabilizationWindowSeconds, SelectPolicy: r.SelectPolicy, Tolerance: r.Tolerance}
	for _, p := range r.Policies {
		out.Policies = append(out.Policies, autoscalingv2.HPAScalingPolicy(p))
	}
	return out
}
