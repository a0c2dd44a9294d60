package controller

import (
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

// cronJobs makes a Job of each CronJob whenever its schedule says so, and keeps
// a few of those that have ended.
type cronJobs struct {
	base
	list *component.Cache[*batchv1.CronJob]
	jobs *component.Cache[*batchv1.Job]
}

func newCronJobs(p *component.Process, caches *Caches) *cronJobs {
	c := &cronJobs{list: caches.CronJobs, jobs: caches.Jobs}
	c.base = newBase(p, "cronjob-controller", "cronjob-controller", api.CronJobs, c)
	c.list.OnChange(c.changed)
	c.jobs.OnChange(func(old, new *batchv1.Job) {
		for _, job := range []*batchv1.Job{old, new} {
			if job == nil {
				continue
			}
			if key, ok := api.ControllerOf(job, api.CronJobs); ok {
				c.queue.Add(key)
			}
		}
	})
	return c
}

// changed has a CronJob looked at: now, or when only its schedule is another one, at the next time.
func (c *cronJobs) changed(old, new *batchv1.CronJob) {
	if old != nil && (new == nil || replaced(old, new)) {
		c.writes.forget(api.KeyOf(old))
	}
	if old != nil && new != nil && (old.Spec.Schedule != new.Spec.Schedule || deref(old.Spec.TimeZone) != deref(new.Spec.TimeZone)) {
		if schedule, err := scheduleOf(new); err == nil {
			c.queue.AddAfter(api.KeyOf(new), untilNext(new, c.process.Engine.Clock(), schedule))
			return
		}
	}
	if cron, ok := latest(old, new); ok {
		c.queue.Add(api.KeyOf(cron))
	}
}

// cronSync is one reconcile of one CronJob.
type cronSync struct {
	*cronJobs
	seen *batchv1.CronJob // as it was read
	cron *batchv1.CronJob // its status as it is to be
	own  []*batchv1.Job
	now  time.Time
}

// Reconcile takes note of how the jobs of one CronJob go, deletes old ones and makes the one that is due.
func (c *cronJobs) Reconcile(key api.Key) error {
	cron, ok := c.list.Get(key)
	if !ok || c.putOff(key) {
		return nil
	}
	s := &cronSync{
		cronJobs: c, seen: cron, cron: cron.DeepCopy(),
		own: c.jobs.By(byOwner, string(cron.UID)), now: c.process.Engine.Clock().UTC(),
	}
	s.tidy()
	err := s.follow()
	if err == nil && cron.DeletionTimestamp == nil {
		err = s.schedule()
	}
	if component.Unreachable(err) {
		return err
	}
	if writeErr := s.write(); writeErr != nil {
		return writeErr
	}
	return err
}

// follow brings the list of active jobs and the last success up to date.
func (s *cronSync) follow() error {
	for _, job := range s.own {
		if !finished(job) {
			if err := s.unfinished(job); err != nil {
				return err
			}
			continue
		}
		if s.drop(job.UID) {
			how := batchv1.JobFailed
			if jobCondition(job.Status, batchv1.JobComplete) {
				how = batchv1.JobComplete
			}
			s.recorder.Eventf(s.cron, corev1.EventTypeNormal, "SawCompletedJob", "Saw completed job: %s, condition: %v", job.Name, how)
		}
		last := s.cron.Status.LastSuccessfulTime
		if end := job.Status.CompletionTime; end != nil && jobCondition(job.Status, batchv1.JobComplete) && (last == nil || end.After(last.Time)) {
			s.cron.Status.LastSuccessfulTime = end
		}
	}
	for _, ref := range slices.Clone(s.cron.Status.Active) {
		if slices.ContainsFunc(s.own, func(job *batchv1.Job) bool { return job.UID == ref.UID }) {
			continue
		}
		// The cache may only be late: the server knows.
		_, err := api.Get[*batchv1.Job](s.client, api.Jobs, api.Key{Namespace: ref.Namespace, Name: ref.Name})
		switch {
		case apierrors.IsNotFound(err):
			s.recorder.Eventf(s.cron, corev1.EventTypeNormal, "MissingJob", "Active job went missing: %v", ref.Name)
			s.drop(ref.UID)
		case err != nil:
			return err
		}
	}
	return nil
}

// unfinished is for a job that runs: the list of active ones should have it. If
// not, the cache may be behind; otherwise somebody else made the job, or this
// controller did and stopped before it could write that down.
func (s *cronSync) unfinished(job *batchv1.Job) error {
	if s.active(job.UID) {
		return nil
	}
	now, err := api.Get[*batchv1.CronJob](s.client, api.CronJobs, api.KeyOf(s.cron))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(now.Status.Active, func(ref corev1.ObjectReference) bool { return ref.UID == job.UID }) {
		s.seen, s.cron = now, now.DeepCopy()
		return nil
	}
	s.recorder.Eventf(s.cron, corev1.EventTypeWarning, "UnexpectedJob", "Saw a job that the controller did not create or forgot: %s", job.Name)
	return nil
}

func (s *cronSync) active(uid types.UID) bool {
	return slices.ContainsFunc(s.cron.Status.Active, func(ref corev1.ObjectReference) bool { return ref.UID == uid })
}

// drop takes a job off the list of active ones and says whether it was on it.
func (s *cronSync) drop(uid types.UID) bool {
	before := len(s.cron.Status.Active)
	s.cron.Status.Active = slices.DeleteFunc(s.cron.Status.Active, func(ref corev1.ObjectReference) bool { return ref.UID == uid })
	return len(s.cron.Status.Active) < before
}

// write stores the status if it has changed.
func (s *cronSync) write() error {
	if equality.Semantic.DeepEqual(s.seen.Status, s.cron.Status) {
		return nil
	}
	s.tell(api.KeyOf(s.cron), component.Reconciled{Report: true, Do: fmt.Sprintf("status: %d active", len(s.cron.Status.Active))})
	stored, err := api.UpdateStatus(s.client, s.cron)
	if err == nil {
		wrote(s.writes, api.KeyOf(s.cron), s.list, stored)
	}
	return err
}
