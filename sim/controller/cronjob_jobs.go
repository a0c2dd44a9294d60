package controller

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/api/timezone"
	"minisim/sim/component"
)

// schedule makes the job that is due, if one is and may be, and sees to it that the next time is not missed.
func (s *cronSync) schedule() error {
	if name := s.cron.Spec.TimeZone; name != nil {
		if _, err := timezone.Load(*name); err != nil {
			s.recorder.Eventf(s.cron, corev1.EventTypeWarning, "UnknownTimeZone", "invalid timeZone: %q: %s", *name, err)
			return nil
		}
	}
	if deref(s.cron.Spec.Suspend) {
		return nil
	}
	schedule, err := scheduleOf(s.cron)
	if err != nil {
		s.recorder.Eventf(s.cron, corev1.EventTypeWarning, "UnparseableSchedule", "unparseable schedule: %q : %s", s.cron.Spec.Schedule, err)
		return nil
	}
	at, missed, err := due(s.cron, s.now, schedule)
	if err != nil {
		s.recorder.Eventf(s.cron, corev1.EventTypeWarning, "InvalidSchedule", "invalid schedule: %s : %s", s.cron.Spec.Schedule, err)
		return nil
	}
	if !at.IsZero() {
		if missed > manyMissed {
			s.recorder.Event(s.cron, corev1.EventTypeWarning, "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
		}
		if err := s.start(at); err != nil {
			return err
		}
	}
	s.queue.AddAfter(api.KeyOf(s.cron), untilNext(s.cron, s.now, schedule))
	return nil
}

// start makes the job of one time unless something speaks against it.
func (s *cronSync) start(at time.Time) error {
	name := cronJobName(s.cron, at)
	done := slices.ContainsFunc(s.cron.Status.Active, func(ref corev1.ObjectReference) bool { return ref.Name == name })
	if done || s.cron.Status.LastScheduleTime.Equal(&metav1.Time{Time: at}) {
		return nil
	}
	switch running := len(s.cron.Status.Active); {
	case running > 0 && s.cron.Spec.ConcurrencyPolicy == batchv1.ForbidConcurrent:
		s.tell(api.KeyOf(s.cron), component.Reconciled{
			Want: "job " + name, Do: "make none", Because: "the one before still runs, and concurrencyPolicy is Forbid",
		})
		s.recorder.Event(s.cron, corev1.EventTypeNormal, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid")
		return nil
	case s.cron.Spec.ConcurrencyPolicy == batchv1.ReplaceConcurrent:
		if err := s.replaceRunning(); err != nil {
			return err
		}
	}
	return s.create(name, at)
}

func (s *cronSync) replaceRunning() error {
	for _, ref := range slices.Clone(s.cron.Status.Active) {
		job, err := api.Get[*batchv1.Job](s.client, api.Jobs, api.Key{Namespace: ref.Namespace, Name: ref.Name})
		if err != nil {
			if !component.Unreachable(err) {
				s.recorder.Eventf(s.cron, corev1.EventTypeWarning, "FailedGet", "Get job: %v", err)
			}
			return err
		}
		if err := s.remove(job, "concurrencyPolicy Replace"); err != nil {
			return fmt.Errorf("could not replace job %s/%s: %w", job.Namespace, job.Name, err)
		}
	}
	return nil
}

// create makes the job of one time and notes it as active. Its name says which
// time it is for, so that it is never made twice.
func (s *cronSync) create(name string, at time.Time) error {
	s.tell(api.KeyOf(s.cron), component.Reconciled{
		Do: "create job " + name, Because: "schedule " + s.cron.Spec.Schedule + ", due at " + at.UTC().Format(time.DateTime),
	})
	job, err := api.Create(s.client, jobOf(s.cron, name, at))
	switch {
	case apierrors.IsAlreadyExists(err):
		job, err = api.Get[*batchv1.Job](s.client, api.Jobs, api.Key{Namespace: s.cron.Namespace, Name: name})
		if err != nil || !metav1.IsControlledBy(job, s.cron) || s.active(job.UID) {
			return err
		}
	case err != nil:
		if !component.Unreachable(err) && !namespaceTerminating(err) {
			s.recorder.Eventf(s.cron, corev1.EventTypeWarning, "FailedCreate", "Error creating job: %v", err)
		}
		return err
	default:
		s.recorder.Eventf(s.cron, corev1.EventTypeNormal, "SuccessfulCreate", "Created job %v", job.Name)
	}
	s.cron.Status.Active = append(s.cron.Status.Active, api.ObjectReference(job))
	s.cron.Status.LastScheduleTime = &metav1.Time{Time: at}
	return nil
}

// cronJobName is the name of the job of one time: it ends with that in minutes since 1970.
func cronJobName(c *batchv1.CronJob, at time.Time) string {
	return fmt.Sprintf("%s-%d", c.Name, at.Unix()/60)
}

func jobOf(c *batchv1.CronJob, name string, at time.Time) *batchv1.Job {
	t := c.Spec.JobTemplate.DeepCopy()
	if name := c.Spec.TimeZone; name == nil {
		at = at.UTC()
	} else if location, err := timezone.Load(*name); err == nil {
		at = at.In(location)
	}
	annotations := maps.Clone(t.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[batchv1.CronJobScheduledTimestampAnnotation] = at.Format(time.RFC3339)
	return &batchv1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: name, Labels: t.Labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{api.OwnedBy(c)},
		},
		Spec: t.Spec,
	}
}

// tidy deletes the oldest jobs that have ended, beyond those that are to be kept.
func (s *cronSync) tidy() {
	var good, bad []*batchv1.Job
	for _, job := range s.own {
		if jobCondition(job.Status, batchv1.JobComplete) {
			good = append(good, job)
		} else if jobCondition(job.Status, batchv1.JobFailed) {
			bad = append(bad, job)
		}
	}
	s.keep(good, s.cron.Spec.SuccessfulJobsHistoryLimit, "successfulJobsHistoryLimit")
	s.keep(bad, s.cron.Spec.FailedJobsHistoryLimit, "failedJobsHistoryLimit")
}

func (s *cronSync) keep(ended []*batchv1.Job, limit *int32, setting string) {
	if limit == nil || len(ended) <= int(*limit) {
		return
	}
	slices.SortFunc(ended, func(a, b *batchv1.Job) int {
		return cmp.Or(compareStart(a.Status.StartTime, b.Status.StartTime), strings.Compare(a.Name, b.Name))
	})
	for _, job := range ended[:len(ended)-int(*limit)] {
		s.remove(job, fmt.Sprintf("%s %d", setting, *limit)) // an error is in an Event, and the next look tries again
	}
}

// compareStart orders by time; who has not started comes last.
func compareStart(a, b *metav1.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(b.Time)
}

// remove deletes a job with its pods.
func (s *cronSync) remove(job *batchv1.Job, because string) error {
	s.tell(api.KeyOf(s.cron), component.Reconciled{Do: "delete job " + job.Name, Because: because})
	background := metav1.DeletePropagationBackground
	err := api.Delete(s.client, api.Jobs, api.KeyOf(job), metav1.DeleteOptions{PropagationPolicy: &background})
	if err != nil {
		if !component.Unreachable(err) {
			s.recorder.Eventf(s.cron, corev1.EventTypeWarning, "FailedDelete", "Deleted job: %v", err)
		}
		return err
	}
	s.drop(job.UID)
	s.recorder.Eventf(s.cron, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted job %v", job.Name)
	return nil
}
