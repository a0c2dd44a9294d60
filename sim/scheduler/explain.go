package scheduler

import (
	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Explain runs a pod through its cycle without any consequence and returns the
// decision with all nodes and all failing plugins: for a pod that waits, what
// would be decided now; for one that has a node, what would be decided if it
// came anew. It returns nil for a pod that the scheduler does not know.
func (s *Scheduler) Explain(podKey string) *framework.Decision {
	pod, profile := s.Pod(podKey)
	if pod == nil {
		return nil
	}
	view := s.view
	if placed, _ := view.Placed(podKey); placed != nil {
		view = view.Clone()
		view.RemovePod(podKey)
	}
	return framework.Decide(profile.Evaluate(view, pod)).Table()
}

// Pod returns a pod that the scheduler knows, as it would come anew, and the
// profile that decides on it; nil if there is none.
func (s *Scheduler) Pod(podKey string) (*framework.PodInfo, *framework.Profile) {
	if w := s.queue.pods[podKey]; w != nil {
		return w.PodInfo, s.profiles[w.Pod.Spec.SchedulerName]
	}
	placed, _ := s.view.Placed(podKey)
	if placed == nil || s.profiles[placed.Pod.Spec.SchedulerName] == nil {
		return nil, nil
	}
	return unbound(placed.Pod), s.profiles[placed.Pod.Spec.SchedulerName]
}

// unbound is a pod as it was before it was bound.
func unbound(pod *v1.Pod) *framework.PodInfo {
	anew := *pod
	anew.Spec.NodeName = ""
	return framework.NewPodInfo(&anew)
}
