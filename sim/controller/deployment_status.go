package controller

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"minisim/sim/api"
	"minisim/sim/component"
)

// Reasons of the condition Progressing that are asked for again.
const (
	reasonAvailable = "NewReplicaSetAvailable"
	reasonTimedOut  = "ProgressDeadlineExceeded"
	reasonPaused    = "DeploymentPaused"
)

// noDeadline is the progressDeadlineSeconds that stands for none.
const noDeadline = 1<<31 - 1

func (r *rollout) hasDeadline() bool {
	return r.d.Spec.ProgressDeadlineSeconds != nil && *r.d.Spec.ProgressDeadlineSeconds != noDeadline
}

func (r *rollout) deadline() time.Duration {
	return time.Duration(*r.d.Spec.ProgressDeadlineSeconds) * time.Second
}

// counts is the status as the ReplicaSets' own add up to it, with the condition Available.
func (r *rollout) counts() appsv1.DeploymentStatus {
	s := appsv1.DeploymentStatus{
		ObservedGeneration: r.d.Generation, CollisionCount: r.d.Status.CollisionCount,
		Conditions: slices.Clone(r.d.Status.Conditions),
	}
	leaving, known := int32(0), true
	for _, rs := range r.all() {
		s.Replicas += rs.Status.Replicas
		s.ReadyReplicas += rs.Status.ReadyReplicas
		s.AvailableReplicas += rs.Status.AvailableReplicas
		if rs.Status.TerminatingReplicas == nil {
			known = false
		} else {
			leaving += *rs.Status.TerminatingReplicas
		}
	}
	if known {
		s.TerminatingReplicas = &leaving
	}
	if r.newSet != nil {
		s.UpdatedReplicas = r.newSet.Status.Replicas
	}
	s.UnavailableReplicas = max(0, size(r.all())-s.AvailableReplicas)
	if s.AvailableReplicas >= *r.d.Spec.Replicas-r.maxUnavailable() {
		r.setCondition(&s, appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.")
	} else {
		r.setCondition(&s, appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
	}
	return s
}

// reportCounts writes the counts without judging the progress.
func (r *rollout) reportCounts() error {
	return r.writeIfChanged(r.counts())
}

// report writes the status with the condition Progressing.
func (r *rollout) report() error {
	s := r.counts()
	progress := deploymentCondition(r.d.Status, appsv1.DeploymentProgressing)
	if !r.hasDeadline() {
		removeCondition(&s, appsv1.DeploymentProgressing)
	} else if done := s.Replicas == s.UpdatedReplicas && progress != nil && progress.Reason == reasonAvailable; !done {
		r.judge(&s, progress)
	}
	r.passOnFailure(&s)
	if equality.Semantic.DeepEqual(r.had, s) {
		r.checkAgain(&s)
		return nil
	}
	return r.writeIfChanged(s)
}

// judge sets the condition Progressing of a rollout that was not complete so far.
func (r *rollout) judge(s *appsv1.DeploymentStatus, before *appsv1.DeploymentCondition) {
	who := fmt.Sprintf("Deployment %q", r.d.Name)
	if r.newSet != nil {
		who = fmt.Sprintf("ReplicaSet %q", r.newSet.Name)
	}
	switch {
	case complete(r.d, s):
		r.setCondition(s, appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonAvailable, who+" has successfully progressed.")
	case progressed(&r.d.Status, s):
		now := metaTime(r.now)
		c := appsv1.DeploymentCondition{
			Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "ReplicaSetUpdated",
			Message: who + " is progressing.", LastUpdateTime: now, LastTransitionTime: now,
		}
		if before != nil && before.Status == corev1.ConditionTrue {
			c.LastTransitionTime = before.LastTransitionTime
		}
		// put anew even with the same reason: the time of the update is what the deadline counts from
		removeCondition(s, appsv1.DeploymentProgressing)
		s.Conditions = append(s.Conditions, c)
	case r.timedOut(s):
		r.setCondition(s, appsv1.DeploymentProgressing, corev1.ConditionFalse, reasonTimedOut, who+" has timed out progressing.")
	}
}

// complete says whether all pods are of the new template and available, and no old ones are left.
func complete(d *appsv1.Deployment, s *appsv1.DeploymentStatus) bool {
	want := *d.Spec.Replicas
	return s.UpdatedReplicas == want && s.Replicas == want && s.AvailableReplicas == want && s.ObservedGeneration >= d.Generation
}

func progressed(old, new *appsv1.DeploymentStatus) bool {
	return new.UpdatedReplicas > old.UpdatedReplicas || new.Replicas-new.UpdatedReplicas < old.Replicas-old.UpdatedReplicas ||
		new.ReadyReplicas > old.ReadyReplicas || new.AvailableReplicas > old.AvailableReplicas
}

func (r *rollout) timedOut(s *appsv1.DeploymentStatus) bool {
	c := deploymentCondition(*s, appsv1.DeploymentProgressing)
	if c == nil || c.Reason == reasonAvailable {
		return false
	}
	return c.Reason == reasonTimedOut || r.now.After(c.LastUpdateTime.Add(r.deadline()))
}

// checkAgain has a rollout that is stuck looked at again when its deadline has passed.
func (r *rollout) checkAgain(s *appsv1.DeploymentStatus) {
	c := deploymentCondition(r.d.Status, appsv1.DeploymentProgressing)
	if c == nil || !r.hasDeadline() || complete(r.d, s) || c.Reason == reasonTimedOut || c.Reason == reasonAvailable {
		return // a rollout that was complete once cannot time out, whatever becomes of its pods
	}
	// a second more, because the times in conditions are whole seconds
	r.queue.AddAfter(api.KeyOf(r.d), c.LastUpdateTime.Add(r.deadline()).Sub(r.now)+time.Second)
}

// passOnFailure makes the failure of a ReplicaSet, the new one's first, the Deployment's own.
func (r *rollout) passOnFailure(s *appsv1.DeploymentStatus) {
	removeCondition(s, appsv1.DeploymentReplicaFailure)
	sets := r.all()
	slices.Reverse(sets)
	for _, rs := range sets {
		for _, c := range rs.Status.Conditions {
			if c.Type == appsv1.ReplicaSetReplicaFailure {
				s.Conditions = append(s.Conditions, appsv1.DeploymentCondition{
					Type: appsv1.DeploymentReplicaFailure, Status: c.Status, Reason: c.Reason, Message: c.Message,
					LastTransitionTime: c.LastTransitionTime, LastUpdateTime: c.LastTransitionTime,
				})
				return
			}
		}
	}
}

// notePause keeps the condition Progressing in step with spec.paused, so that
// the time of a pause does not count against the deadline.
func (r *rollout) notePause() {
	c := deploymentCondition(r.d.Status, appsv1.DeploymentProgressing)
	if c != nil && c.Reason == reasonTimedOut {
		return
	}
	switch was := c != nil && c.Reason == reasonPaused; {
	case r.d.Spec.Paused && !was:
		r.noteProgress(corev1.ConditionUnknown, reasonPaused, "Deployment is paused")
	case !r.d.Spec.Paused && was:
		r.noteProgress(corev1.ConditionUnknown, "DeploymentResumed", "Deployment is resumed")
	}
}

// noteProgress sets the condition Progressing; the report at the end of the reconcile writes it.
func (r *rollout) noteProgress(status corev1.ConditionStatus, reason, message string) {
	if r.hasDeadline() {
		r.setCondition(&r.d.Status, appsv1.DeploymentProgressing, status, reason, message)
	}
}

func (r *rollout) writeIfChanged(s appsv1.DeploymentStatus) error {
	if equality.Semantic.DeepEqual(r.had, s) {
		return nil
	}
	do := fmt.Sprintf("status: %s, %d updated, %d available", pods(int(s.Replicas)), s.UpdatedReplicas, s.AvailableReplicas)
	because := ""
	if c := deploymentCondition(s, appsv1.DeploymentProgressing); c != nil {
		because = "Progressing: " + c.Reason
	}
	r.tell(api.KeyOf(r.d), component.Reconciled{Report: true, Do: do, Because: because})
	return r.writeStatus(s)
}

func deploymentCondition(s appsv1.DeploymentStatus, t appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}

// setCondition leaves a condition that says the same already as it is; its
// transition time is that of the last change of its status.
func (r *rollout) setCondition(s *appsv1.DeploymentStatus, t appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) {
	now := metaTime(r.now)
	c := appsv1.DeploymentCondition{Type: t, Status: status, Reason: reason, Message: message, LastUpdateTime: now, LastTransitionTime: now}
	if old := deploymentCondition(*s, t); old != nil {
		if old.Status == status && old.Reason == reason {
			return
		}
		if old.Status == status {
			c.LastTransitionTime = old.LastTransitionTime
		}
	}
	removeCondition(s, t)
	s.Conditions = append(s.Conditions, c)
}

func removeCondition(s *appsv1.DeploymentStatus, t appsv1.DeploymentConditionType) {
	s.Conditions = slices.DeleteFunc(slices.Clone(s.Conditions), func(c appsv1.DeploymentCondition) bool { return c.Type == t })
}
