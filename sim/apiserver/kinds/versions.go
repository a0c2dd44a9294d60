package kinds

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"minisim/sim/api"
)

// ToPresent gives an object of any version that is served in the version that is
// stored. Others are returned as they are.
func ToPresent(o api.Object) api.Object {
	switch o := o.(type) {
	case *autoscalingv1.HorizontalPodAutoscaler:
		return autoscalerFromV1(o)
	case *eventsv1.Event:
		return eventFromV1(o)
	}
	return o
}

// ToVersion gives a stored object in a version of its resource.
func ToVersion(o api.Object, r *api.Resource) api.Object {
	switch r {
	case api.HorizontalPodAutoscalersV1:
		if v2, ok := o.(*autoscalingv2.HorizontalPodAutoscaler); ok {
			return autoscalerToV1(v2)
		}
	case api.EventsV1:
		if e, ok := o.(*corev1.Event); ok {
			return eventToV1(e)
		}
	}
	return o
}
