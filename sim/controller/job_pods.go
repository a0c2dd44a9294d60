package controller

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/component"
)

// After a pod has failed the next one waits so long, twice as long after each
// further failure in a row.
const (
	jobBackoff    = 10 * time.Second
	maxJobBackoff = 10 * time.Minute
)

// manage creates or deletes pods so that as many run as should.
func (s *jobSync) manage() error {
	want := s.wantActive()
	if victims := s.surplus(len(s.active) - want); len(victims) > 0 {
		return s.remove(victims, want)
	}
	missing := want - len(s.active)
	if replacesFailedOnly(s.job) {
		missing -= s.terminating
	}
	if missing <= 0 {
		return nil
	}
	missing = min(missing, burstReplicas)
	wait := time.Duration(0)
	if !limitsEachIndex(s.job) {
		wait = s.backoff()
	}
	var indexes []int
	if wait <= 0 && indexed(s.job) {
		indexes, wait = s.rested(s.freeIndexes(missing))
		missing = len(indexes)
	}
	switch {
	case wait > 0:
		s.queue.AddAfter(api.KeyOf(s.job), wait)
		return nil
	case missing == 0:
		return nil
	}
	return s.create(missing, indexes, want)
}

// surplus are the n pods that are too many, and in any case those of an indexed
// Job whose index somebody else has.
func (s *jobSync) surplus(n int) []*corev1.Pod {
	out := s.misplaced()
	if n <= len(out) {
		return out
	}
	rest := slices.DeleteFunc(slices.Clone(s.active), func(pod *corev1.Pod) bool { return slices.Contains(out, pod) })
	return append(out, firstToGo(rest, nil, n-len(out), s.now)...)
}

// wantActive is how many pods should run now.
func (s *jobSync) wantActive() int {
	if suspended(s.job) || s.ending() {
		return 0
	}
	parallelism := int(*s.job.Spec.Parallelism)
	succeeded := int(s.succeeded())
	if s.job.Spec.Completions == nil {
		if succeeded > 0 { // the work is done; those that still run may finish
			return min(len(s.active), parallelism)
		}
		return parallelism
	}
	return max(0, min(parallelism, int(*s.job.Spec.Completions)-succeeded))
}

func suspended(job *batchv1.Job) bool { return deref(job.Spec.Suspend) }

// create makes n pods, in an indexed Job those with the indexes.
func (s *jobSync) create(n int, indexes []int, want int) error {
	key := api.KeyOf(s.job)
	because := fmt.Sprintf("parallelism %d", *s.job.Spec.Parallelism)
	if s.job.Spec.Completions != nil {
		because += fmt.Sprintf(", %d of %d completions", s.succeeded(), *s.job.Spec.Completions)
	}
	do := fmt.Sprintf("create %d", n)
	if indexed(s.job) {
		do = fmt.Sprintf("create %d with the index %s", n, indexesOf(indexes...))
	}
	s.tell(key, component.Reconciled{Want: pods(want), Have: fmt.Sprint(len(s.active)), Do: do, Because: because})
	s.expect.expect(key, n)
	control := podControl{s.client, s.recorder}
	i := 0
	done, err := slowStart(n, func() error {
		err := control.create(&s.job.Spec.Template, s.job, func(pod *corev1.Pod) {
			pod.Finalizers = append(pod.Finalizers, batchv1.JobTrackingFinalizer)
			if indexed(s.job) {
				s.number(pod, indexes[i])
				if limitsEachIndex(s.job) {
					s.passFailures(pod, indexes[i])
				}
				i++
			}
		})
		if namespaceTerminating(err) {
			s.expect.created(key)
			return nil
		}
		return err
	})
	for range n - done {
		s.expect.created(key)
	}
	s.status.Active += int32(done)
	return err
}

// remove deletes pods before they have ended. Where the Job goes on, or has
// succeeded without them, they are let go first: they have not failed.
func (s *jobSync) remove(victims []*corev1.Pod, want int) error {
	key := api.KeyOf(s.job)
	s.tell(key, component.Reconciled{
		Want: pods(want), Have: fmt.Sprint(len(s.active)), Do: fmt.Sprintf("delete %d", len(victims)), Because: s.whyRemove(want),
	})
	s.expect.expect(key, 0, podUIDs(victims)...)
	control := podControl{s.client, s.recorder}
	var first error
	for _, pod := range victims {
		var err error
		if tracked(pod) && !jobCondition(s.status, batchv1.JobFailureTarget) {
			err = s.untrack(pod)
		}
		if err == nil {
			err = control.remove(pod, s.job)
		}
		if err != nil {
			s.expect.deleted(key, pod.UID)
		} else {
			s.status.Active--
			s.terminating++
			*s.status.Terminating++
			if podReady(pod) {
				*s.status.Ready--
			}
		}
		if first == nil && err != nil && !apierrors.IsNotFound(err) {
			first = err
		}
	}
	return first
}

// whyRemove is why pods are deleted although they run.
func (s *jobSync) whyRemove(want int) string {
	for _, c := range s.status.Conditions {
		if c.Type != batchv1.JobSuspended && c.Status == corev1.ConditionTrue {
			return c.Reason
		}
	}
	switch {
	case suspended(s.job):
		return "the Job is suspended"
	case len(s.active) <= want:
		return "another pod has the same index, or the Job has no such index"
	}
	return fmt.Sprintf("parallelism %d", *s.job.Spec.Parallelism)
}

// backoff is for how much longer no new pod is made after failures in a row.
func (s *jobSync) backoff() time.Duration {
	finished := slices.Clone(s.ended)
	slices.SortStableFunc(finished, func(a, b *corev1.Pod) int { return cmp.Compare(endOf(a).UnixNano(), endOf(b).UnixNano()) })
	failures := 0
	var last time.Time
	for _, pod := range finished {
		if pod.Status.Phase == corev1.PodSucceeded {
			failures = 0
		} else if pod.Status.Phase == corev1.PodFailed {
			failures++
			last = endOf(pod)
		}
	}
	if failures == 0 {
		return 0
	}
	return backoffAfter(failures, last).Sub(s.now)
}

// backoffAfter is when a new pod may follow after failures in a row, the last of them at a time.
func backoffAfter(failures int, last time.Time) time.Time {
	if failures < 7 { // 10 s << 6 is above the maximum
		return last.Add(jobBackoff << (failures - 1))
	}
	return last.Add(maxJobBackoff)
}

// endOf is when a pod's last container ended, or else when the pod was last known to change.
func endOf(pod *corev1.Pod) time.Time {
	end := pod.CreationTimestamp.Time
	for _, c := range pod.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil && t.FinishedAt.After(end) {
			end = t.FinishedAt.Time
		}
	}
	if c := podCondition(pod, corev1.PodReady); c != nil && end.Equal(pod.CreationTimestamp.Time) && c.LastTransitionTime.After(end) {
		end = c.LastTransitionTime.Time
	}
	return end
}

// restarts are how often a pod's containers have been started again.
func restarts(pod *corev1.Pod) int32 {
	var n int32
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, s := range statuses {
			n += s.RestartCount
		}
	}
	return n
}
