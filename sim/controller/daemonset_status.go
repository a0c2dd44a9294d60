package controller

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/component"
)

// update replaces pods of an old template, those that are not available first,
// and of the others as many as maxUnavailable leaves.
func (s *daemonSync) update() error {
	if s.set.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType {
		return nil
	}
	if most := s.maxSurge(); most > 0 {
		return s.surge(most, fencepostText("maxSurge", s.set.Spec.UpdateStrategy.RollingUpdate.MaxSurge, int32(s.desired()), int32(most)))
	}
	most, text := 1, "maxUnavailable 1"
	if r := s.set.Spec.UpdateStrategy.RollingUpdate; r != nil && r.MaxUnavailable != nil {
		most = scaled(r.MaxUnavailable, s.desired(), true)
		text = fencepostText("maxUnavailable", r.MaxUnavailable, int32(s.desired()), int32(most))
	}
	unavailable := 0
	var broken, old []*corev1.Pod
	for _, node := range s.nodes {
		on := s.byNode[node.Name]
		switch {
		case !s.fits[node.Name].run:
		case len(on) != 1 || on[0].DeletionTimestamp != nil:
			unavailable++
		case s.updated(on[0]):
			if !s.available(on[0]) {
				unavailable++
			}
		case !s.available(on[0]):
			unavailable++
			broken = append(broken, on[0])
		default:
			old = append(old, on[0])
		}
	}
	room := max(0, min(most-unavailable, len(old)))
	return s.remove(append(broken, old[:room]...), "old template; "+text)
}

// desired is on how many nodes a pod should be.
func (s *daemonSync) desired() int {
	n := 0
	for _, f := range s.fits {
		if f.run {
			n++
		}
	}
	return n
}

func (s *daemonSync) updated(pod *corev1.Pod) bool {
	generation := s.set.Annotations[appsv1.DeprecatedTemplateGeneration]
	return pod.Labels[appsv1.DefaultDaemonSetUniqueLabelKey] == s.hash() ||
		generation != "" && pod.Labels[templateGenerationLabel] == generation
}

func (s *daemonSync) available(pod *corev1.Pod) bool {
	in, ready := podAvailableIn(pod, time.Duration(s.set.Spec.MinReadySeconds)*time.Second, s.now)
	if in > 0 {
		s.queue.AddAfter(api.KeyOf(s.set), in)
	}
	return ready && in == 0
}

// report writes the status, if it is another one than the cache has.
func (s *daemonSync) report() error {
	status := appsv1.DaemonSetStatus{
		ObservedGeneration: s.set.Generation, CollisionCount: s.history.collisions,
		Conditions: s.set.Status.Conditions, DesiredNumberScheduled: int32(s.desired()),
	}
	for _, node := range s.nodes {
		on := s.byNode[node.Name]
		switch {
		case len(on) == 0:
		case !s.fits[node.Name].run:
			status.NumberMisscheduled++
		default:
			status.CurrentNumberScheduled++
			if podReady(on[0]) {
				status.NumberReady++
			}
			if s.available(on[0]) {
				status.NumberAvailable++
			}
			if s.updated(on[0]) {
				status.UpdatedNumberScheduled++
			}
		}
	}
	status.NumberUnavailable = status.DesiredNumberScheduled - status.NumberAvailable
	if equality.Semantic.DeepEqual(s.set.Status, status) {
		return nil
	}
	s.tell(api.KeyOf(s.set), component.Reconciled{
		Report: true, Do: fmt.Sprintf("status: on %d of %d nodes, %d ready", status.CurrentNumberScheduled, status.DesiredNumberScheduled, status.NumberReady),
	})
	set := s.set.DeepCopy()
	set.Status = status
	stored, err := api.UpdateStatus(s.client, set)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		wrote(s.writes, api.KeyOf(set), s.list, stored)
	}
	return err
}
