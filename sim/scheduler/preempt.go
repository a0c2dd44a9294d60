package scheduler

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/scheduler/framework"
)

// preempt has the victims deleted and takes the node from pods of lower
// priority that had been promised it.
func (s *Scheduler) preempt(w *waiting, p *framework.Preemption) error {
	for _, victim := range p.Victims {
		if err := s.evict(w.PodInfo, victim, p.Nominated); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	for _, other := range append([]*framework.PodInfo(nil), s.view.Nominated(p.Nominated)...) {
		if other.Priority >= w.Priority || other.Key == w.Key {
			continue
		}
		s.view.Unnominate(other.Key)
		if _, err := api.PatchStatus(s.process.Client, api.Pods, apiKey(other.Pod), func(pod *v1.Pod) error {
			pod.Status.NominatedNodeName = ""
			return nil
		}); err != nil {
			s.lost(err)
		}
	}
	return nil
}

// evict marks a victim as disrupted and deletes it with its own grace period. A
// victim that is on its way already is left alone.
func (s *Scheduler) evict(preemptor, victim *framework.PodInfo, node string) error {
	key := apiKey(victim.Pod)
	condition := v1.PodCondition{
		Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: v1.PodReasonPreemptionByScheduler,
		Message:            fmt.Sprintf("%s: preempting to accommodate a higher priority pod", preemptor.Pod.Spec.SchedulerName),
		ObservedGeneration: victim.Pod.Generation,
	}
	if _, err := api.PatchStatus(s.process.Client, api.Pods, key, func(pod *v1.Pod) error {
		setCondition(pod, condition, metav1.NewTime(s.now()))
		return nil
	}); err != nil {
		return err
	}
	uid := victim.Pod.UID
	if err := api.Delete(s.process.Client, api.Pods, key, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}); err != nil {
		return err
	}
	s.process.Events.Event(victim.Pod, v1.EventTypeNormal, "Preempted",
		fmt.Sprintf("Preempted by pod %s on node %s", preemptor.Pod.UID, node))
	return nil
}
