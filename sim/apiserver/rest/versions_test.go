package rest_test

import (
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applyautoscaling "k8s.io/client-go/applyconfigurations/autoscaling/v1"
)

// TestOlderVersion has one client speak autoscaling/v1 of what another sees in v2.
func TestOlderVersion(t *testing.T) {
	w := build(t, config(), 10)
	for _, contentType := range []string{"application/json", protobuf} {
		t.Run(contentType, func(t *testing.T) {
			ctx := t.Context()
			client := w.client(contentType)
			v1, v2 := client.AutoscalingV1().HorizontalPodAutoscalers("default"), client.AutoscalingV2().HorizontalPodAutoscalers("default")
			changes, err := v1.Watch(ctx, metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer changes.Stop()
			percent := func(want int32) {
				t.Helper()
				now, err := v2.Get(ctx, "web", metav1.GetOptions{})
				if err != nil || *now.Spec.Metrics[0].Resource.Target.AverageUtilization != want {
					t.Fatalf("v2 has %+v: %v", now.Spec, err)
				}
				ev := <-changes.ResultChan()
				if seen, ok := ev.Object.(*autoscalingv1.HorizontalPodAutoscaler); !ok || *seen.Spec.TargetCPUUtilizationPercentage != want {
					t.Fatalf("the watch of v1 has seen %s %+v", ev.Type, ev.Object)
				}
			}
			made, err := v1.Create(ctx, &autoscalingv1.HorizontalPodAutoscaler{
				ObjectMeta: metav1.ObjectMeta{Name: "web"},
				Spec: autoscalingv1.HorizontalPodAutoscalerSpec{
					MaxReplicas: 5, ScaleTargetRef: autoscalingv1.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
				},
			}, metav1.CreateOptions{})
			if err != nil || *made.Spec.TargetCPUUtilizationPercentage != 80 || *made.Spec.MinReplicas != 1 {
				t.Fatalf("%+v: %v", made, err)
			}
			percent(80)
			*made.Spec.TargetCPUUtilizationPercentage = 70
			if _, err := v1.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			percent(70)
			if _, err := v1.Update(ctx, made, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
				t.Errorf("an old version was taken: %v", err)
			}
			if _, err := v1.Patch(ctx, "web", types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/targetCPUUtilizationPercentage","value":60}]`), metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
			percent(60)
			mine := applyautoscaling.HorizontalPodAutoscaler("web", "default").WithSpec(applyautoscaling.HorizontalPodAutoscalerSpec().WithTargetCPUUtilizationPercentage(50))
			got, err := v1.Apply(ctx, mine, metav1.ApplyOptions{FieldManager: "me", Force: true})
			if err != nil || len(got.ManagedFields) == 0 || got.ManagedFields[0].APIVersion != "autoscaling/v1" {
				t.Fatalf("%+v: %v", got, err)
			}
			percent(50)
			list, err := v1.List(ctx, metav1.ListOptions{})
			if err != nil || len(list.Items) != 1 || *list.Items[0].Spec.TargetCPUUtilizationPercentage != 50 {
				t.Errorf("%+v: %v", list, err)
			}
			if err := v1.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := v2.Get(ctx, "web", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("it is still there: %v", err)
			}
		})
	}
}
