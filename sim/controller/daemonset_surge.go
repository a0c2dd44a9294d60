package controller

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// maxSurge is on how many nodes a new pod may run beside the old one, 0 if the
// old one has to go first.
func (s *daemonSync) maxSurge() int {
	r := s.set.Spec.UpdateStrategy.RollingUpdate
	if r == nil || r.MaxSurge == nil {
		return 0
	}
	return scaled(r.MaxSurge, s.desired(), true)
}

// pair finds the oldest new and the oldest old one of some pods on a node, the
// oldest first, and the rest of them.
func (s *daemonSync) pair(on []*corev1.Pod) (fresh, old *corev1.Pod, rest []*corev1.Pod) {
	for _, pod := range on {
		switch {
		case fresh == nil && s.updated(pod):
			fresh = pod
		case old == nil && !s.updated(pod):
			old = pod
		default:
			rest = append(rest, pod)
		}
	}
	return fresh, old, rest
}

// excess are those of the pods that run on one node that are too many: all but one
// old and one new pod. The old one goes when it is not ready or the new one is available.
func (s *daemonSync) excess(running []*corev1.Pod) []*corev1.Pod {
	fresh, old, rest := s.pair(running)
	if fresh != nil && old != nil && (!podReady(old) || s.available(fresh)) {
		rest = append(rest, old)
	}
	return rest
}

// surge makes new pods beside old ones, at once where the old one is not
// available, and deletes the old ones whose successors are available.
func (s *daemonSync) surge(most int, text string) error {
	var create, candidates []string
	var remove, misplaced []*corev1.Pod
	surging, available := 0, 0
	for _, node := range s.nodes {
		on := slices.DeleteFunc(slices.Clone(s.byNode[node.Name]), func(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil })
		fresh, old, rest := s.pair(on)
		if len(rest) > 0 {
			surging++
			continue
		}
		if first := old; first != nil && s.available(first) || first == nil && fresh != nil && s.available(fresh) {
			available++
		}
		switch fits := s.fits[node.Name].run; {
		case old == nil:
		case fresh != nil && !s.available(fresh):
			surging++
		case fresh != nil:
			remove = append(remove, old)
		case !fits && !s.available(old):
			remove = append(remove, old)
		case !fits:
			misplaced = append(misplaced, old)
		case !s.available(old):
			create = append(create, node.Name)
		default:
			candidates = append(candidates, node.Name)
		}
	}
	// a pod that does not fit its node any more goes when others have taken over
	spare := min(max(0, available-s.desired()), len(misplaced))
	if err := s.remove(append(remove, misplaced[:spare]...), "old template; the new pod is available"); err != nil {
		return err
	}
	room := min(max(0, most-surging), len(candidates))
	return s.create(append(create, candidates[:room]...), s.desired(), text+": beside the old pod")
}
