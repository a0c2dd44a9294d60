package kinds

import corev1 "k8s.io/api/core/v1"

// dropDisabled drops from a spec what belongs to features that are off in v1.36.
// What the object had before, as old says, may stay.
func dropDisabled(s, old *corev1.PodSpec) {
	if old == nil || old.SchedulingGroup == nil {
		s.SchedulingGroup = nil
	}
	if old == nil || !hasStopSignal(old.Containers) && !hasStopSignal(old.InitContainers) {
		dropStopSignal(s.Containers)
		dropStopSignal(s.InitContainers)
	}
}

func hasStopSignal(containers []corev1.Container) bool {
	for i := range containers {
		if l := containers[i].Lifecycle; l != nil && l.StopSignal != nil {
			return true
		}
	}
	return false
}

func dropStopSignal(containers []corev1.Container) {
	for i := range containers {
		l := &containers[i].Lifecycle
		if *l == nil || (*l).StopSignal == nil {
			continue
		}
		(*l).StopSignal = nil
		if **l == (corev1.Lifecycle{}) {
			*l = nil
		}
	}
}
