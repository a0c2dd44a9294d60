package controller

import (
	"errors"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

// Messages of a Job's conditions.
const (
	jobReached  = "Reached expected number of succeeded pods"
	jobBackedUp = "Job has reached the specified backoff limit"
	jobTooLong  = "Job was active longer than specified deadline"
	jobLost     = "Job has failed indexes"
	jobLostMany = "Job has exceeded the specified maximal number of failed indexes"
)

// start notes when the Job began, and whether it is suspended.
func (s *jobSync) start() {
	now := metaTime(s.now)
	was := jobCondition(s.status, batchv1.JobSuspended)
	switch {
	case suspended(s.job) && !was:
		s.setCondition(batchv1.JobSuspended, corev1.ConditionTrue, "JobSuspended", "Job suspended")
		s.status.StartTime = nil
	case !suspended(s.job) && was:
		s.setCondition(batchv1.JobSuspended, corev1.ConditionFalse, "JobResumed", "Job resumed")
		s.status.StartTime = &now
	case !suspended(s.job) && s.status.StartTime == nil:
		s.status.StartTime = &now
	}
}

// settle makes those ends part of the status' numbers whose pods were let go. A pod
// that has ended is counted once: its UID goes into uncountedTerminatedPods, then
// its finalizer is taken off, and only when that is seen the UID becomes part of
// the number. So nothing is lost or counted twice if the controller stops anywhere
// between. A success of an indexed Job needs no UID: its index is in the status.
func (s *jobSync) settle() {
	uncounted := s.status.UncountedTerminatedPods
	if uncounted == nil {
		uncounted = &batchv1.UncountedTerminatedPods{}
	}
	finalizer := map[types.UID]bool{}
	for _, pod := range s.ended {
		finalizer[pod.UID] = tracked(pod)
	}
	settle := func(uids []types.UID, total *int32) []types.UID {
		return slices.DeleteFunc(slices.Clone(uids), func(uid types.UID) bool {
			if finalizer[uid] {
				return false
			}
			*total++
			return true
		})
	}
	next := &batchv1.UncountedTerminatedPods{
		Succeeded: settle(uncounted.Succeeded, &s.status.Succeeded),
		Failed:    settle(uncounted.Failed, &s.status.Failed),
	}
	s.status.UncountedTerminatedPods = next
}

// tally says how many pods there are and which indexes are done.
func (s *jobSync) tally() {
	ready, terminating := int32(0), int32(s.terminating)
	for _, pod := range s.active {
		if podReady(pod) {
			ready++
		}
	}
	s.status.Active, s.status.Ready, s.status.Terminating = int32(len(s.active)), &ready, &terminating
	if indexed(s.job) {
		s.done = s.indexesDone()
	}
	if limitsEachIndex(s.job) {
		s.lost = s.indexesLost()
		s.held = s.heldPods()
	}
}

// count takes note of the pods that have ended since, and says whose finalizer may go.
func (s *jobSync) count() {
	u := s.status.UncountedTerminatedPods
	for _, pod := range s.ended {
		if !tracked(pod) || !s.mayGo(pod) {
			continue
		}
		s.counted = append(s.counted, pod)
		switch {
		case slices.Contains(u.Succeeded, pod.UID) || slices.Contains(u.Failed, pod.UID) || !s.counts(pod):
		case pod.Status.Phase == corev1.PodSucceeded:
			if !indexed(s.job) {
				u.Succeeded = append(u.Succeeded, pod.UID)
			}
		case s.hasFailed(pod) || jobCondition(s.status, batchv1.JobFailureTarget): // no pod of a Job that fails succeeds after it
			if judge(s.job.Spec.PodFailurePolicy, pod).counts() {
				u.Failed = append(u.Failed, pod.UID)
			}
		}
	}
	if indexed(s.job) {
		s.status.CompletedIndexes, s.status.Succeeded = s.done.String(), int32(s.done.len())
	}
	if limitsEachIndex(s.job) {
		text := s.lost.String()
		s.status.FailedIndexes = &text
	}
}

// mayGo says whether a pod that has ended or is about to needs its finalizer no more.
func (s *jobSync) mayGo(pod *corev1.Pod) bool {
	if s.job.DeletionTimestamp != nil || s.ending() || pod.Status.Phase == corev1.PodSucceeded {
		return true
	}
	n, _ := completionIndex(pod)
	return s.hasFailed(pod) && s.held[n] != pod
}

// ending says whether it is clear how the Job ends.
func (s *jobSync) ending() bool {
	return jobCondition(s.status, batchv1.JobFailureTarget) || jobCondition(s.status, batchv1.JobSuccessCriteriaMet)
}

// succeeded is how many pods have succeeded, or indexes are done.
func (s *jobSync) succeeded() int32 {
	if indexed(s.job) {
		return int32(s.done.len())
	}
	return s.status.Succeeded + int32(len(s.status.UncountedTerminatedPods.Succeeded)) + s.fresh(func(pod *corev1.Pod) bool {
		return pod.Status.Phase == corev1.PodSucceeded
	})
}

// failed is how many pods have failed.
func (s *jobSync) failed() int32 {
	return s.status.Failed + int32(len(s.status.UncountedTerminatedPods.Failed)) + s.fresh(func(pod *corev1.Pod) bool {
		return s.hasFailed(pod) && judge(s.job.Spec.PodFailurePolicy, pod).counts()
	})
}

// fresh is how many pods have ended in a certain way that the status does not know of.
func (s *jobSync) fresh(so func(*corev1.Pod) bool) int32 {
	u := s.status.UncountedTerminatedPods
	n := int32(0)
	for _, pod := range s.ended {
		if tracked(pod) && s.counts(pod) && so(pod) && !slices.Contains(u.Succeeded, pod.UID) && !slices.Contains(u.Failed, pod.UID) {
			n++
		}
	}
	return n
}

// decide sets the condition that says how the Job will end, as soon as that is clear.
func (s *jobSync) decide() {
	if s.ending() {
		return
	}
	deadline, has := s.untilDeadline()
	fail := func(reason, message string) {
		s.setCondition(batchv1.JobFailureTarget, corev1.ConditionTrue, reason, message)
	}
	failure, success := s.failure(), ""
	if indexed(s.job) {
		success = succeededBy(s.job.Spec.SuccessPolicy, s.done, int(*s.job.Spec.Completions))
	}
	switch {
	case failure != "":
		fail(batchv1.JobReasonPodFailurePolicy, failure)
	case s.failed() > *s.job.Spec.BackoffLimit || s.tooManyRestarts():
		fail(batchv1.JobReasonBackoffLimitExceeded, jobBackedUp)
	case has && deadline <= 0:
		fail(batchv1.JobReasonDeadlineExceeded, jobTooLong)
	case s.job.Spec.MaxFailedIndexes != nil && s.lost.len() > int(*s.job.Spec.MaxFailedIndexes):
		fail(batchv1.JobReasonMaxFailedIndexesExceeded, jobLostMany)
	case s.lost.len() > 0 && s.lost.len()+s.done.len() >= int(*s.job.Spec.Completions):
		fail(batchv1.JobReasonFailedIndexes, jobLost)
	case success != "":
		s.setCondition(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue, batchv1.JobReasonSuccessPolicy, success)
	case s.reached():
		s.setCondition(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue, batchv1.JobReasonCompletionsReached, jobReached)
	case has:
		s.queue.AddAfter(api.KeyOf(s.job), deadline)
	}
}

// reached says whether enough pods have succeeded. Without completions that is
// one, when all others have ended, too.
func (s *jobSync) reached() bool {
	if s.job.Spec.Completions == nil {
		return s.succeeded() > 0 && len(s.active) == 0
	}
	return s.succeeded() >= *s.job.Spec.Completions && (*s.job.Spec.Completions > 0 || len(s.active) == 0)
}

// tooManyRestarts says whether containers that are started again within their
// pods have failed more often than backoffLimit allows.
func (s *jobSync) tooManyRestarts() bool {
	if s.job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyOnFailure {
		return false
	}
	var n int32
	for _, pod := range s.active {
		n += restarts(pod)
	}
	if limit := *s.job.Spec.BackoffLimit; limit > 0 {
		return n >= limit
	}
	return n > 0
}

func (s *jobSync) untilDeadline() (time.Duration, bool) {
	if s.job.Spec.ActiveDeadlineSeconds == nil || s.status.StartTime == nil || suspended(s.job) {
		return 0, false
	}
	return s.status.StartTime.Add(time.Duration(*s.job.Spec.ActiveDeadlineSeconds) * time.Second).Sub(s.now), true
}

// conclude ends the Job when it is clear how, no pod is left and all are counted.
func (s *jobSync) conclude() {
	u := s.status.UncountedTerminatedPods
	if s.status.Active > 0 || s.terminating > 0 || len(u.Succeeded)+len(u.Failed)+len(s.counted) > 0 {
		return
	}
	for _, c := range s.status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailureTarget:
			s.setCondition(batchv1.JobFailed, corev1.ConditionTrue, c.Reason, c.Message)
			return
		case c.Type == batchv1.JobSuccessCriteriaMet:
			s.setCondition(batchv1.JobComplete, corev1.ConditionTrue, c.Reason, c.Message)
			now := metaTime(s.now)
			s.status.CompletionTime = &now
			return
		}
	}
}

// announce tells by Events what the status that was just written has changed.
func (s *jobSync) announce() {
	before, after := s.job.Status, s.status
	if is, was := jobCondition(after, batchv1.JobSuspended), jobCondition(before, batchv1.JobSuspended); is && !was {
		s.recorder.Event(s.job, corev1.EventTypeNormal, "Suspended", "Job suspended")
	} else if was && !is {
		s.recorder.Event(s.job, corev1.EventTypeNormal, "Resumed", "Job resumed")
	}
	for _, c := range after.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue || jobCondition(before, c.Type):
		case c.Type == batchv1.JobComplete:
			s.recorder.Event(s.job, corev1.EventTypeNormal, "Completed", "Job completed")
		case c.Type == batchv1.JobFailed:
			s.recorder.Event(s.job, corev1.EventTypeWarning, c.Reason, c.Message)
		}
	}
}

// release takes the finalizers off the pods that the stored status has taken note of.
func (s *jobSync) release() error {
	var errs []error
	for _, pod := range s.counted {
		s.tell(api.KeyOf(s.job), component.Reconciled{Report: true, Do: "let go of pod " + pod.Name, Because: "its end is in the status"})
		errs = append(errs, s.untrack(pod))
	}
	return errors.Join(errs...)
}

func (s *jobSync) setCondition(t batchv1.JobConditionType, status corev1.ConditionStatus, reason, message string) {
	now := metaTime(s.now)
	c := batchv1.JobCondition{Type: t, Status: status, Reason: reason, Message: message, LastProbeTime: now, LastTransitionTime: now}
	s.status.Conditions = slices.Clone(s.status.Conditions)
	for i := range s.status.Conditions {
		if s.status.Conditions[i].Type == t {
			s.status.Conditions[i] = c
			return
		}
	}
	s.status.Conditions = append(s.status.Conditions, c)
}

// jobCondition says whether a condition holds.
func jobCondition(s batchv1.JobStatus, t batchv1.JobConditionType) bool {
	return slices.ContainsFunc(s.Conditions, func(c batchv1.JobCondition) bool { return c.Type == t && c.Status == corev1.ConditionTrue })
}

// jobCounts is for example "1 active, 2 succeeded, 0 failed; Complete".
func jobCounts(s batchv1.JobStatus) string {
	u := s.UncountedTerminatedPods
	text := fmt.Sprintf("%d active, %d succeeded, %d failed", s.Active, int(s.Succeeded)+len(u.Succeeded), int(s.Failed)+len(u.Failed))
	if s.CompletedIndexes != "" {
		text += "; done: index " + s.CompletedIndexes
	}
	if lost := deref(s.FailedIndexes); lost != "" {
		text += "; failed for good: index " + lost
	}
	for _, c := range s.Conditions {
		if c.Status == corev1.ConditionTrue {
			text += "; " + string(c.Type)
		}
	}
	return text
}
