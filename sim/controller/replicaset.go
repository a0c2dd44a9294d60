package controller

import (
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/component"
)

// burstReplicas is how many pods one reconcile creates or deletes at most.
const burstReplicas = 500

// replicaSets keeps as many pods of each ReplicaSet as it asks for.
type replicaSets struct {
	base
	sets   *component.Cache[*appsv1.ReplicaSet]
	pods   *component.Cache[*corev1.Pod]
	expect *expectations
}

func newReplicaSets(p *component.Process, caches *Caches) *replicaSets {
	c := &replicaSets{sets: caches.ReplicaSets, pods: caches.Pods, expect: newExpectations(p.Engine)}
	c.base = newBase(p, "replicaset-controller", "replicaset-controller", api.ReplicaSets, c)
	c.sets.OnChange(func(old, new *appsv1.ReplicaSet) {
		if o, _ := latest(old, new); new == nil || replaced(old, new) {
			c.expect.forget(api.KeyOf(o))
		}
	})
	enqueueChanges(c.sets, c.queue)
	owner := &podOwner{
		resource: api.ReplicaSets, uid: uidIn(c.sets), pods: c.pods, queue: c.queue, expect: c.expect,
		orphan: c.orphan, matters: replicaMatters,
	}
	c.pods.OnChange(owner.changed)
	return c
}

// orphan has those ReplicaSets reconciled that may adopt a pod.
func (c *replicaSets) orphan(pod *corev1.Pod) {
	selecting(c.sets, bySelector, pod.Namespace, pod.Labels, func(rs *appsv1.ReplicaSet) {
		c.queue.Add(api.KeyOf(rs))
	})
}

// Reconcile brings one ReplicaSet's pods nearer to spec.replicas and writes its status.
func (c *replicaSets) Reconcile(key api.Key) error {
	rs, ok := c.sets.Get(key)
	if !ok {
		c.writes.forget(key)
		return nil
	}
	if c.putOff(key) {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil {
		return nil // the API does not let such a selector in
	}
	active, terminating, err := c.ownPods(rs, selector)
	if err != nil {
		return err
	}
	var manageErr error
	if wait := c.expect.pending(key); wait > 0 {
		c.queue.AddAfter(key, wait)
	} else if rs.DeletionTimestamp == nil {
		manageErr = c.manage(rs, active, terminating)
	}
	if component.Unreachable(manageErr) {
		return manageErr
	}
	return errors.Join(c.report(rs, active, terminating, manageErr), manageErr)
}

// ownPods are the active pods of a ReplicaSet, after adoption and release, and
// how many are on their way out.
func (c *replicaSets) ownPods(rs *appsv1.ReplicaSet, selector labels.Selector) (active []*corev1.Pod, terminating int, err error) {
	var candidates []*corev1.Pod
	for _, pod := range c.pods.By(byOwner, string(rs.UID)) {
		if podActive(pod) {
			candidates = append(candidates, pod)
		} else if podTerminating(pod) && selector.Matches(labels.Set(pod.Labels)) {
			terminating++
		}
	}
	for _, pod := range selected(c.pods, byOrphanLabel, rs.Namespace, selector) {
		if podActive(pod) {
			candidates = append(candidates, pod)
		}
	}
	cl := &claim[*corev1.Pod]{client: c.client, owner: rs, selector: selector, tell: func(do, because string) {
		c.tell(api.KeyOf(rs), component.Reconciled{Do: do, Because: because})
	}}
	active, err = cl.of(candidates)
	return active, terminating, err
}

// manage creates or deletes pods. What it asks for is expected before it asks,
// so that a reconcile on an older cache does not ask again.
func (c *replicaSets) manage(rs *appsv1.ReplicaSet, active []*corev1.Pod, terminating int) error {
	want := int(*rs.Spec.Replicas)
	switch diff := len(active) - want; {
	case diff < 0:
		return c.create(rs, len(active), terminating, min(-diff, burstReplicas))
	case diff > 0:
		return c.remove(rs, active, min(diff, burstReplicas))
	}
	return nil
}

func (c *replicaSets) create(rs *appsv1.ReplicaSet, have, terminating, n int) error {
	key := api.KeyOf(rs)
	c.tell(key, component.Reconciled{
		Want: pods(int(*rs.Spec.Replicas)), Have: fmt.Sprint(have), Do: fmt.Sprintf("create %d", n), Because: leaving(terminating),
	})
	c.expect.expect(key, n)
	control := podControl{c.client, c.recorder}
	done, err := slowStart(n, func() error {
		err := control.create(&rs.Spec.Template, rs, nil)
		if namespaceTerminating(err) {
			c.expect.created(key) // it will not come, and trying again is of no use
			return nil
		}
		return err
	})
	for range n - done {
		c.expect.created(key)
	}
	return err
}

func (c *replicaSets) remove(rs *appsv1.ReplicaSet, active []*corev1.Pod, n int) error {
	key := api.KeyOf(rs)
	victims := firstToGo(active, c.related(rs, active), n, c.process.Engine.Clock())
	c.tell(key, component.Reconciled{
		Want: pods(int(*rs.Spec.Replicas)), Have: fmt.Sprint(len(active)), Do: fmt.Sprintf("delete %d", n),
		Because: "the order is: unassigned, pending, not ready, on a crowded node, youngest",
	})
	c.expect.expect(key, 0, podUIDs(victims)...)
	control := podControl{c.client, c.recorder}
	var first error
	for i, pod := range victims {
		err := control.remove(pod, rs)
		if err == nil {
			continue
		}
		c.expect.deleted(key, pod.UID)
		if component.Unreachable(err) {
			for _, rest := range victims[i:] {
				c.expect.deleted(key, rest.UID)
			}
			return err
		}
		if first == nil && !apierrors.IsNotFound(err) {
			first = err
		}
	}
	return first
}

// related are the pods of all ReplicaSets with the same controller, such as those of one Deployment.
func (c *replicaSets) related(rs *appsv1.ReplicaSet, own []*corev1.Pod) []*corev1.Pod {
	ref := metav1.GetControllerOfNoCopy(rs)
	if ref == nil {
		return own
	}
	var out []*corev1.Pod
	for _, sibling := range c.sets.By(byOwner, string(ref.UID)) {
		out = append(out, c.pods.By(byOwner, string(sibling.UID))...)
	}
	return out
}

// report writes the status, if it is another one than the cache has.
func (c *replicaSets) report(rs *appsv1.ReplicaSet, active []*corev1.Pod, terminating int, manageErr error) error {
	status, again := c.status(rs, active, terminating, manageErr)
	if again > 0 {
		c.queue.AddAfter(api.KeyOf(rs), again)
	}
	if sameReplicaSetStatus(rs.Status, status) {
		return nil
	}
	c.tell(api.KeyOf(rs), component.Reconciled{
		Report: true,
		Do:     fmt.Sprintf("status: %s, %d ready, %d available", pods(int(status.Replicas)), status.ReadyReplicas, status.AvailableReplicas),
	})
	rs = rs.DeepCopy()
	rs.Status = status
	stored, err := api.UpdateStatus(c.client, rs)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		wrote(c.writes, api.KeyOf(rs), c.sets, stored)
	}
	return err
}

// status counts the pods; again is when one that is ready becomes available.
func (c *replicaSets) status(rs *appsv1.ReplicaSet, active []*corev1.Pod, terminating int, manageErr error) (status appsv1.ReplicaSetStatus, again time.Duration) {
	leaving := int32(terminating)
	status = appsv1.ReplicaSetStatus{
		Replicas: int32(len(active)), TerminatingReplicas: &leaving,
		ObservedGeneration: rs.Generation, Conditions: slices.Clone(rs.Status.Conditions),
	}
	template := labels.SelectorFromSet(rs.Spec.Template.Labels)
	minReady := time.Duration(rs.Spec.MinReadySeconds) * time.Second
	now := c.process.Engine.Clock()
	for _, pod := range active {
		if template.Matches(labels.Set(pod.Labels)) {
			status.FullyLabeledReplicas++
		}
		in, ready := podAvailableIn(pod, minReady, now)
		if !ready {
			continue
		}
		status.ReadyReplicas++
		if in == 0 {
			status.AvailableReplicas++
		} else if again == 0 || in < again {
			again = in
		}
	}
	setReplicaFailure(&status, len(active)-int(*rs.Spec.Replicas), manageErr, c.now())
	return status, again
}

// setReplicaFailure keeps the condition ReplicaFailure, which stands while pods cannot be created or deleted.
func setReplicaFailure(status *appsv1.ReplicaSetStatus, diff int, err error, now metav1.Time) {
	is := func(c appsv1.ReplicaSetCondition) bool { return c.Type == appsv1.ReplicaSetReplicaFailure }
	switch had := slices.ContainsFunc(status.Conditions, is); {
	case err == nil && had:
		status.Conditions = slices.DeleteFunc(status.Conditions, is)
	case err != nil && !had:
		reason := "FailedCreate"
		if diff > 0 {
			reason = "FailedDelete"
		}
		status.Conditions = append(status.Conditions, appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue,
			LastTransitionTime: now, Reason: reason, Message: err.Error(),
		})
	}
}

func sameReplicaSetStatus(a, b appsv1.ReplicaSetStatus) bool {
	return a.Replicas == b.Replicas && a.FullyLabeledReplicas == b.FullyLabeledReplicas &&
		a.ReadyReplicas == b.ReadyReplicas && a.AvailableReplicas == b.AvailableReplicas &&
		a.TerminatingReplicas != nil && *a.TerminatingReplicas == *b.TerminatingReplicas &&
		a.ObservedGeneration == b.ObservedGeneration && len(a.Conditions) == len(b.Conditions)
}

// pods is a number of pods in words.
func pods(n int) string {
	if n == 1 {
		return "1 pod"
	}
	return fmt.Sprintf("%d pods", n)
}

// leaving says why pods that still exist are not counted, "" when there are none.
func leaving(terminating int) string {
	switch terminating {
	case 0:
		return ""
	case 1:
		return "1 pod that is terminating does not count"
	}
	return fmt.Sprintf("%d pods that are terminating do not count", terminating)
}
