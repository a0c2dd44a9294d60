package api

import (
	"slices"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	eventsv1 "k8s.io/api/events/v1"
)

// HorizontalPodAutoscalersV1 are HorizontalPodAutoscalers in the version before the present one.
var HorizontalPodAutoscalersV1 = otherVersion(HorizontalPodAutoscalers, "autoscaling", "v1", func() Object { return &autoscalingv1.HorizontalPodAutoscaler{} })

// EventsV1 are Events as the group has them that was made for them. What is
// written there is held to stricter rules.
var EventsV1 = otherVersion(Events, "events.k8s.io", "v1", func() Object { return &eventsv1.Event{} })

// Others are further versions in which some of Resources are served, too.
func Others() []*Resource { return []*Resource{HorizontalPodAutoscalersV1, EventsV1} }

// Served are all resources in all versions in which they are served.
func Served() []*Resource { return slices.Concat(resources, Others()) }

// Present is the version in which the resource is stored and looked at: itself, but for those of Others.
func (r *Resource) Present() *Resource {
	if r.present != nil {
		return r.present
	}
	return r
}

func otherVersion(r *Resource, group, version string, make func() Object) *Resource {
	o := *r
	o.Group, o.Version, o.New, o.present = group, version, make, r
	return &o
}
