package controller

import "time"

// Options are flags of the kube-controller-manager, under its own names.
type Options struct {
	NodeOptions
	AutoscalerOptions

	// RootCA is what --root-ca-file holds: the certificate of whoever signs the API server's, PEM.
	RootCA string

	// MaxEndpointsPerSlice is --max-endpoints-per-slice: how many endpoints an EndpointSlice has at most.
	MaxEndpointsPerSlice int

	// NodeMonitorPeriod is --node-monitor-period: how often the state of the nodes is looked at.
	NodeMonitorPeriod time.Duration
	// NodeMonitorGracePeriod is --node-monitor-grace-period: how long a node may be silent before it is marked unknown.
	NodeMonitorGracePeriod time.Duration
	// NodeStartupGracePeriod is --node-startup-grace-period: the same for a node that has never reported.
	NodeStartupGracePeriod time.Duration
	// NodeEvictionRate is --node-eviction-rate: nodes per second whose pods may be evicted in a healthy zone.
	NodeEvictionRate float32
	// SecondaryNodeEvictionRate is --secondary-node-eviction-rate: the same in a zone that is not healthy.
	SecondaryNodeEvictionRate float32
	// LargeClusterSizeThreshold is --large-cluster-size-threshold: up to so many nodes SecondaryNodeEvictionRate is 0.
	LargeClusterSizeThreshold int32
	// UnhealthyZoneThreshold is --unhealthy-zone-threshold: the fraction of nodes that are not ready that makes a zone unhealthy.
	UnhealthyZoneThreshold float32

	// TerminatedPodGCThreshold is --terminated-pod-gc-threshold: how many terminated pods may exist before the oldest are deleted; 0 and less is no limit.
	TerminatedPodGCThreshold int

	// AttachDetachReconcilerSyncPeriod is --attach-detach-reconcile-sync-period: how often attached volumes are compared with the driver's.
	AttachDetachReconcilerSyncPeriod time.Duration
	// DisableForceDetachOnTimeout is --disable-force-detach-on-timeout: never detach from a node that has not said that it unmounted.
	DisableForceDetachOnTimeout bool
}

// DefaultOptions are the flags' defaults in Kubernetes v1.36.
func DefaultOptions() Options {
	return Options{
		NodeOptions:                      DefaultNodeOptions(256),
		AutoscalerOptions:                DefaultAutoscalerOptions(),
		MaxEndpointsPerSlice:             100,
		NodeMonitorPeriod:                5 * time.Second,
		NodeMonitorGracePeriod:           50 * time.Second,
		NodeStartupGracePeriod:           60 * time.Second,
		NodeEvictionRate:                 0.1,
		SecondaryNodeEvictionRate:        0.01,
		LargeClusterSizeThreshold:        50,
		UnhealthyZoneThreshold:           0.55,
		TerminatedPodGCThreshold:         12500,
		AttachDetachReconcilerSyncPeriod: time.Minute,
	}
}
