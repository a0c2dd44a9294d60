package api

import (
	"slices"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
)

// HorizontalPodAutoscalersV1 are HorizontalPodAutoscalers in the version before the present one.
var HorizontalPodAutoscalersV1 = olderVersion(HorizontalPodAutoscalers, "v1", func() Object { return &autoscalingv1.HorizontalPodAutoscaler{} })

// Older are the earlier versions in which some of Resources are served, too.
func Older() []*Resource { return []*Resource{HorizontalPodAutoscalersV1} }

// Served are all resources in all versions in which they are served.
func Served() []*Resource { return slices.Concat(resources, Older()) }

// Present is the version in which the resource is stored and looked at: itself, but for those of Older.
func (r *Resource) Present() *Resource {
	if r.present != nil {
		return r.present
	}
	return r
}

func olderVersion(r *Resource, version string, make func() Object) *Resource {
	o := *r
	o.Version, o.New, o.present = version, make, r
	return &o
}
