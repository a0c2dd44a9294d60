package framework

import "time"

// QueuedPod is a pod that waits to be scheduled.
type QueuedPod struct {
	*PodInfo
	// Since is the virtual time at which the pod came into the queue this time.
	Since time.Time
	// Attempts counts the cycles it has been through.
	Attempts int
	// Cause names the trace record that made the pod ready to be scheduled.
	Cause uint64
	// Order is the pod's place among those that came at the same instant.
	Order uint64
	// RejectedBy names the plugins that rejected it in its last cycle.
	RejectedBy map[string]bool
}
