package api

import (
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// What nodes and pods use of CPU and memory. No store keeps it: the API server
// asks the metrics server, where there is one.
var (
	NodeMetrics = measuredResource("nodes", "NodeMetrics", false, func() Object { return &metricsv1beta1.NodeMetrics{} })
	PodMetrics  = measuredResource("pods", "PodMetrics", true, func() Object { return &metricsv1beta1.PodMetrics{} })
)

// Measured are the resources of the metrics server, which are not among Resources.
func Measured() []*Resource { return []*Resource{NodeMetrics, PodMetrics} }

// Stored says whether the store keeps the objects of a resource.
func (r *Resource) Stored() bool { return r.Folder != "" }

func measuredResource(name, kind string, namespaced bool, make func() Object) *Resource {
	r := group(metricsv1beta1.GroupName, "v1beta1", name, kind, "", namespaced, false, make)
	r.Singular = ""
	return r
}
