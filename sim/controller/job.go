package controller

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/component"
)

// jobs runs the pods of each Job until enough of them have succeeded, or too
// many failed. In an indexed Job each pod does one numbered part of the work.
type jobs struct {
	base
	list    *component.Cache[*batchv1.Job]
	pods    *component.Cache[*corev1.Pod]
	expect  *expectations
	orphans *component.Queue // pods that a Job left behind with the tracking finalizer
}

func newJobs(p *component.Process, caches *Caches) *jobs {
	c := &jobs{list: caches.Jobs, pods: caches.Pods, expect: newExpectations(p.Engine)}
	c.base = newBase(p, "job-controller", "job-controller", api.Jobs, c)
	c.orphans = component.NewQueue(p, "job-controller-orphan-pods", component.ReconcilerFunc(c.releaseOrphan))
	c.list.OnChange(func(old, new *batchv1.Job) {
		if old != nil && (new == nil || replaced(old, new)) {
			c.expect.forget(api.KeyOf(old))
			c.writes.forget(api.KeyOf(old))
			for _, pod := range c.pods.By(byOwner, string(old.UID)) {
				c.checkOrphan(pod)
			}
		}
	})
	enqueueChanges(c.list, c.queue)
	owner := &podOwner{
		resource: api.Jobs, uid: uidIn(c.list), pods: c.pods, queue: c.queue, expect: c.expect, matters: jobMatters,
	}
	c.pods.OnChange(owner.changed)
	c.pods.OnChange(func(_, new *corev1.Pod) {
		if new != nil {
			c.checkOrphan(new)
		}
	})
	return c
}

// jobMatters says whether an update of a pod can be seen in its Job.
func jobMatters(old, new *corev1.Pod) bool {
	return replicaMatters(old, new) || old.Status.Phase != new.Status.Phase ||
		restarts(old) != restarts(new) || tracked(old) != tracked(new)
}

// tracked says whether a pod's end has yet to be counted in its Job's status.
func tracked(pod *corev1.Pod) bool {
	return slices.Contains(pod.Finalizers, batchv1.JobTrackingFinalizer)
}

// checkOrphan has a pod let go whose Job is gone and will not count it any more.
func (c *jobs) checkOrphan(pod *corev1.Pod) {
	if c.orphaned(pod) {
		c.orphans.Add(api.KeyOf(pod))
	}
}

func (c *jobs) orphaned(pod *corev1.Pod) bool {
	if !tracked(pod) {
		return false
	}
	key, ok := api.ControllerOf(pod, api.Jobs)
	if !ok {
		return true
	}
	job, ok := c.list.Get(key)
	return !ok || job.UID != metav1.GetControllerOfNoCopy(pod).UID
}

func (c *jobs) releaseOrphan(key api.Key) error {
	pod, ok := c.pods.Get(key)
	if !ok || !c.orphaned(pod) {
		return nil
	}
	c.process.Trace.Then(component.Reconciled{
		Controller: c.name, Resource: api.Pods.Singular, Key: key.String(),
		Do: "take the finalizer " + batchv1.JobTrackingFinalizer + " off", Because: "its Job is gone",
	})
	return c.untrack(pod)
}

// jobSync is one reconcile of one Job.
type jobSync struct {
	*jobs
	job    *batchv1.Job
	status batchv1.JobStatus // as it is to be
	now    time.Time

	active      []*corev1.Pod       // run or are about to
	terminating int                 // are being deleted and have not ended
	ended       []*corev1.Pod       // have succeeded or failed
	done        indexSet            // of an indexed Job: what has succeeded
	lost        indexSet            // with backoffLimitPerIndex: what has failed for good
	held        map[int]*corev1.Pod // with backoffLimitPerIndex: failed pods that wait for their successor, by index
	counted     []*corev1.Pod       // those of the ended whose finalizer goes once the status is stored
}

// Reconcile counts what has ended, creates or deletes pods and writes the status.
func (c *jobs) Reconcile(key api.Key) error {
	job, ok := c.list.Get(key)
	if !ok || finished(job) || c.putOff(key) {
		return nil
	}
	if wait := c.expect.pending(key); wait > 0 {
		c.queue.AddAfter(key, wait)
		return nil
	}
	if by := job.Spec.ManagedBy; by != nil && *by != batchv1.JobControllerName {
		return nil
	}
	s := &jobSync{jobs: c, job: job, status: *job.Status.DeepCopy(), now: c.process.Engine.Clock()}
	if err := s.sort(); err != nil {
		return err
	}
	s.start()
	s.settle()
	s.tally()
	s.decide()
	var manageErr error
	if job.DeletionTimestamp == nil {
		manageErr = s.manage()
	}
	if component.Unreachable(manageErr) {
		return manageErr
	}
	s.count()
	s.conclude()
	if err := s.write(); err != nil {
		return err
	}
	if err := s.release(); err != nil {
		return err
	}
	return manageErr
}

// finished says whether a Job has ended, well or badly.
func finished(job *batchv1.Job) bool {
	return jobCondition(job.Status, batchv1.JobComplete) || jobCondition(job.Status, batchv1.JobFailed)
}

// sort tells the Job's own pods apart, after adoption and release.
func (s *jobSync) sort() error {
	candidates := s.pods.By(byOwner, string(s.job.UID))
	selector := labels.Everything()
	if s.job.Spec.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(s.job.Spec.Selector); err != nil {
			return err
		}
		candidates = append(candidates, selected(s.pods, byOrphanLabel, s.job.Namespace, selector)...)
	}
	cl := &claim[*corev1.Pod]{client: s.client, owner: s.job, selector: selector, tell: func(do, because string) {
		s.tell(api.KeyOf(s.job), component.Reconciled{Do: do, Because: because})
	}}
	pods, err := cl.of(candidates)
	for _, pod := range pods {
		switch {
		case podActive(pod):
			s.active = append(s.active, pod)
		case podTerminating(pod):
			s.terminating++
			s.ended = append(s.ended, pod)
		default:
			s.ended = append(s.ended, pod)
		}
	}
	return err
}

// untrack takes the tracking finalizer off a pod.
func (c *jobs) untrack(pod *corev1.Pod) error {
	_, err := api.Patch(c.client, api.Pods, api.KeyOf(pod), func(now *corev1.Pod) error {
		if now.UID != pod.UID {
			return apierrors.NewNotFound(api.Pods.GroupResource(), pod.Name)
		}
		now.Finalizers = slices.DeleteFunc(now.Finalizers, func(f string) bool { return f == batchv1.JobTrackingFinalizer })
		return nil
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// write stores the status if it is another one than the cache has.
func (s *jobSync) write() error {
	if equality.Semantic.DeepEqual(s.job.Status, s.status) {
		return nil
	}
	s.tell(api.KeyOf(s.job), component.Reconciled{Report: true, Do: "status: " + jobCounts(s.status)})
	job := s.job.DeepCopy()
	job.Status = s.status
	stored, err := api.UpdateStatus(s.client, job)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	wrote(s.writes, api.KeyOf(job), s.list, stored)
	s.announce()
	return nil
}
