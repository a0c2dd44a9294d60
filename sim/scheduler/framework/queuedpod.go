package framework

import "time"

// QueuedPod is a pod that waits to be scheduled.
type QueuedPod struct {
	*PodInfo
	// Since is the virtual time at which the pod came into the queue this time.
	Since time.Time
	// First is the virtual time of its first attempt; zero before it.
	First time.Time
	// Attempts counts the cycles it has been through.
	Attempts int
	// Order is the pod's place among those that came at the same instant.
	Order uint64
	// RejectedBy names the plugins that rejected it in its last cycle.
	RejectedBy map[string]bool
}
