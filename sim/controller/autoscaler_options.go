package controller

import "time"

// AutoscalerOptions are flags of the kube-controller-manager for its autoscaler of pods, under its own names.
type AutoscalerOptions struct {
	// SyncPeriod is --horizontal-pod-autoscaler-sync-period: how often each autoscaler is looked at.
	SyncPeriod time.Duration
	// DownscaleStabilization is --horizontal-pod-autoscaler-downscale-stabilization: for how long the
	// highest number of replicas that was asked for is kept.
	DownscaleStabilization time.Duration
	// CPUInitializationPeriod is --horizontal-pod-autoscaler-cpu-initialization-period: for how long after
	// its start a pod may use more CPU than it will.
	CPUInitializationPeriod time.Duration
	// InitialReadinessDelay is --horizontal-pod-autoscaler-initial-readiness-delay: a pod that became not
	// ready within it was never ready.
	InitialReadinessDelay time.Duration
	// Tolerance is --horizontal-pod-autoscaler-tolerance: how far from 1 the ratio of what is and what should be may lie.
	Tolerance float64
}

// DefaultAutoscalerOptions are the flags' defaults in Kubernetes v1.36.
func DefaultAutoscalerOptions() AutoscalerOptions {
	return AutoscalerOptions{
		SyncPeriod:              15 * time.Second,
		DownscaleStabilization:  5 * time.Minute,
		CPUInitializationPeriod: 5 * time.Minute,
		InitialReadinessDelay:   30 * time.Second,
		Tolerance:               0.1,
	}
}
