package controller

import (
	"cmp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

// deployments rolls the template of each Deployment out through ReplicaSets, one per template.
type deployments struct {
	base
	list *component.Cache[*appsv1.Deployment]
	sets *component.Cache[*appsv1.ReplicaSet]
	pods *component.Cache[*corev1.Pod]

	compared map[types.UID]comparison // by ReplicaSet
}

func newDeployments(p *component.Process, caches *Caches) *deployments {
	c := &deployments{list: caches.Deployments, sets: caches.ReplicaSets, pods: caches.Pods, compared: map[types.UID]comparison{}}
	c.base = newBase(p, "deployment-controller", "deployment-controller", api.Deployments, c)
	enqueueChanges(c.list, c.queue)
	c.sets.OnChange(func(old, new *appsv1.ReplicaSet) {
		if old != nil {
			c.setChanged(old, false)
		}
		if new == nil || replaced(old, new) {
			delete(c.compared, old.UID)
		}
		if new != nil {
			c.setChanged(new, true)
		}
	})
	c.pods.OnChange(func(old, new *corev1.Pod) {
		if new == nil || replaced(old, new) {
			c.podGone(old)
		}
	})
	return c
}

// setChanged has the Deployment of a ReplicaSet reconciled, or those that may adopt it.
func (c *deployments) setChanged(rs *appsv1.ReplicaSet, adoptable bool) {
	if key, ok := api.ControllerOf(rs, api.Deployments); ok {
		c.queue.Add(key)
	} else if adoptable && metav1.GetControllerOfNoCopy(rs) == nil {
		selecting(c.list, bySelector, rs.Namespace, rs.Labels, func(d *appsv1.Deployment) { c.queue.Add(api.KeyOf(d)) })
	}
}

// podGone has a Deployment go on that recreates, and so waits for its old pods to go.
func (c *deployments) podGone(pod *corev1.Pod) {
	key, ok := api.ControllerOf(pod, api.ReplicaSets)
	if !ok {
		return
	}
	rs, ok := c.sets.Get(key)
	if !ok {
		return
	}
	if key, ok = api.ControllerOf(rs, api.Deployments); !ok {
		return
	}
	if d, ok := c.list.Get(key); ok && d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		c.queue.Add(key)
	}
}

// rollout is one reconcile of one Deployment.
type rollout struct {
	*deployments
	d    *appsv1.Deployment      // a copy of its own
	had  appsv1.DeploymentStatus // the status as it is stored
	sets []*appsv1.ReplicaSet
	now  time.Time

	newSet  *appsv1.ReplicaSet   // the one of the present template, nil if there is none yet
	oldSets []*appsv1.ReplicaSet // all others, the oldest first
}

// Reconcile carries a Deployment's rollout one step on and writes its status.
func (c *deployments) Reconcile(key api.Key) error {
	cached, ok := c.list.Get(key)
	if !ok {
		c.writes.forget(key)
		return nil
	}
	if c.putOff(key) {
		return nil
	}
	d := cached.DeepCopy()
	if len(d.Spec.Selector.MatchLabels)+len(d.Spec.Selector.MatchExpressions) == 0 {
		return c.selectsAll(d)
	}
	sets, err := c.ownSets(d)
	if err != nil {
		return err
	}
	r := &rollout{deployments: c, d: d, had: cached.Status, sets: sets, now: c.process.Engine.Clock()}
	r.find()
	if d.DeletionTimestamp != nil {
		return r.reportCounts()
	}
	r.notePause()
	switch {
	case d.Spec.Paused, r.resized():
		return r.resize()
	case d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType:
		return r.recreate()
	}
	return r.roll()
}

// selectsAll refuses to work on a Deployment whose selector is empty.
func (c *deployments) selectsAll(d *appsv1.Deployment) error {
	c.recorder.Event(d, corev1.EventTypeWarning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")
	if d.Status.ObservedGeneration >= d.Generation {
		return nil
	}
	c.tell(api.KeyOf(d), component.Reconciled{Do: "nothing but note that it was seen", Because: "its selector is empty"})
	d.Status.ObservedGeneration = d.Generation
	_, err := api.UpdateStatus(c.client, d)
	return err
}

// ownSets are the ReplicaSets that a Deployment controls, after adoption and release, the oldest first.
func (c *deployments) ownSets(d *appsv1.Deployment) ([]*appsv1.ReplicaSet, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, err
	}
	candidates := append(c.sets.By(byOwner, string(d.UID)), selected(c.sets, byOrphanLabel, d.Namespace, selector)...)
	cl := &claim[*appsv1.ReplicaSet]{client: c.client, owner: d, selector: selector, tell: func(do, because string) {
		c.tell(api.KeyOf(d), component.Reconciled{Do: do, Because: because})
	}}
	sets, err := cl.of(candidates)
	slices.SortFunc(sets, olderFirst)
	return sets, err
}

func olderFirst(a, b *appsv1.ReplicaSet) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

// all are the new ReplicaSet, if there is one, and the old ones.
func (r *rollout) all() []*appsv1.ReplicaSet {
	all := slices.Clone(r.oldSets)
	if r.newSet != nil {
		all = append(all, r.newSet)
	}
	return all
}

// tellDo leaves a record of what the rollout is about to do.
func (r *rollout) tellDo(do, because string) {
	r.tell(api.KeyOf(r.d), component.Reconciled{Do: do, Because: because})
}

// writeStatus stores the status, and goes on with what the server made of it.
func (r *rollout) writeStatus(status appsv1.DeploymentStatus) error {
	d := *r.d
	d.Status = status
	stored, err := api.UpdateStatus(r.client, &d)
	if err != nil {
		return err
	}
	wrote(r.writes, api.KeyOf(r.d), r.list, stored)
	r.d, r.had = stored.DeepCopy(), stored.Status
	return nil
}

// keep goes on with a ReplicaSet as the server answered it.
func (r *rollout) keep(set **appsv1.ReplicaSet, stored *appsv1.ReplicaSet) {
	wrote(r.writes, api.KeyOf(r.d), r.deployments.sets, stored)
	*set = stored
}
