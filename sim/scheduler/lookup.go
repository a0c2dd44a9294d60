package scheduler

import "minisim/sim/scheduler/framework"

// Lookup gives a waiting pod and the profile that decides on it, for
// explanations; false for a pod that does not wait.
func (s *Scheduler) Lookup(podKey string) (*framework.PodInfo, *framework.Profile, bool) {
	w := s.queue.pods[podKey]
	if w == nil {
		return nil, nil, false
	}
	return w.PodInfo, s.profiles[w.Pod.Spec.SchedulerName], true
}
