package controller

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// finishedJobs deletes Jobs some time after they have ended, if they ask for it (ttlSecondsAfterFinished).
type finishedJobs struct {
	base
	list *component.Cache[*batchv1.Job]
}

func newFinishedJobs(p *component.Process, caches *Caches) *finishedJobs {
	c := &finishedJobs{list: caches.Jobs}
	c.base = newBase(p, "ttl-after-finished-controller", "ttl-after-finished-controller", api.Jobs, c)
	c.list.OnChange(func(_, new *batchv1.Job) {
		if new != nil && new.Spec.TTLSecondsAfterFinished != nil && finished(new) {
			c.queue.Add(api.KeyOf(new))
		}
	})
	return c
}

// Reconcile deletes one Job if its time has come.
func (c *finishedJobs) Reconcile(key api.Key) error {
	job, ok := c.list.Get(key)
	if !ok || job.DeletionTimestamp != nil || job.Spec.TTLSecondsAfterFinished == nil {
		return nil
	}
	ttl := *job.Spec.TTLSecondsAfterFinished
	for _, cond := range job.Status.Conditions {
		if cond.Type != batchv1.JobComplete && cond.Type != batchv1.JobFailed {
			continue
		}
		if left := cond.LastTransitionTime.Add(time.Duration(ttl) * time.Second).Sub(c.process.Engine.Clock()); left > 0 {
			c.queue.AddAfter(key, left)
			return nil
		}
		c.tell(key, component.Reconciled{Do: "delete", Because: fmt.Sprintf("ttlSecondsAfterFinished %d", ttl)})
		foreground := metav1.DeletePropagationForeground
		err := api.Delete(c.client, api.Jobs, key, metav1.DeleteOptions{
			PropagationPolicy: &foreground, Preconditions: &metav1.Preconditions{UID: &job.UID, ResourceVersion: &job.ResourceVersion},
		})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	return nil
}
