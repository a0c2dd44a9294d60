package controller

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
	"minisim/sim/component"
)

// evictionTimeout is how long an eviction that was allowed counts as a
// disruption although nobody has deleted the pod yet.
const evictionTimeout = 2 * time.Minute

// disruption keeps the status of each PodDisruptionBudget, by which the API
// decides whether a pod may be evicted.
type disruption struct {
	base
	budgets *component.Cache[*policyv1.PodDisruptionBudget]
	caches  *Caches
}

func newDisruption(p *component.Process, caches *Caches) *disruption {
	c := &disruption{budgets: caches.PodDisruptionBudgets, caches: caches}
	c.base = newBase(p, "disruption-controller", "controllermanager", api.PodDisruptionBudgets, c)
	enqueueChanges(c.budgets, c.queue)
	caches.Pods.OnChange(func(old, new *corev1.Pod) {
		if old != nil && new != nil && !replaced(old, new) && !replicaMatters(old, new) {
			return
		}
		if old != nil && (new == nil || !maps.Equal(old.Labels, new.Labels)) {
			c.selecting(old)
		}
		if new != nil {
			c.selecting(new)
		}
	})
	return c
}

func (c *disruption) selecting(pod *corev1.Pod) {
	selecting(c.budgets, bySelector, pod.Namespace, pod.Labels, func(b *policyv1.PodDisruptionBudget) {
		n := c.caches.Pods.CountBy(byLabel, matchLabelsPair(b.Namespace, b.Spec.Selector)[0])
		c.queue.AddAfter(api.KeyOf(b), gather(n))
	})
}

// Reconcile counts the pods of one budget and writes its status.
func (c *disruption) Reconcile(key api.Key) error {
	b, ok := c.budgets.Get(key)
	if !ok {
		c.writes.forget(key)
		return nil
	}
	if c.putOff(key) {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
	if err != nil {
		return nil // the API does not let such a selector in
	}
	pods := selected(c.caches.Pods, byLabel, b.Namespace, selector)
	if len(pods) == 0 && b.Status.ObservedGeneration == 0 {
		c.recorder.Event(b, corev1.EventTypeNormal, "NoPods", "No matching pods found")
	}
	expected, desired, because, err := c.expected(b, pods)
	if err != nil {
		c.recorder.Eventf(b, corev1.EventTypeWarning, "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: %v", err)
		return c.failSafe(b, err)
	}
	status := policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: b.Generation, ExpectedPods: expected, DesiredHealthy: desired, Conditions: b.Status.Conditions,
	}
	status.DisruptedPods = c.disrupted(b, pods)
	for _, pod := range pods {
		_, disrupted := status.DisruptedPods[pod.Name]
		if pod.DeletionTimestamp == nil && !disrupted && podReady(pod) {
			status.CurrentHealthy++
		}
	}
	if expected > 0 {
		status.DisruptionsAllowed = max(0, status.CurrentHealthy-desired)
	}
	if status.DisruptionsAllowed > 0 {
		c.setAllowed(&status, metav1.ConditionTrue, policyv1.SufficientPodsReason, "")
	} else {
		c.setAllowed(&status, metav1.ConditionFalse, policyv1.InsufficientPodsReason, "")
	}
	return c.write(b, status, because)
}

// expected is how many pods there should be, how many of them healthy, and by which setting.
func (c *disruption) expected(b *policyv1.PodDisruptionBudget, pods []*corev1.Pod) (expected, desired int32, because string, err error) {
	if v := b.Spec.MaxUnavailable; v != nil {
		if expected, err = c.scale(b, pods); err != nil {
			return 0, 0, "", err
		}
		n := int32(scaled(v, int(expected), true))
		return expected, max(0, expected-n), fencepostText("maxUnavailable", v, expected, n), nil
	}
	v := intstr.ValueOrDefault(b.Spec.MinAvailable, intstr.FromInt32(0))
	if v.Type == intstr.Int {
		return int32(len(pods)), v.IntVal, fencepostText("minAvailable", v, 0, v.IntVal), nil
	}
	if expected, err = c.scale(b, pods); err != nil {
		return 0, 0, "", err
	}
	n := int32(scaled(v, int(expected), true))
	return expected, n, fencepostText("minAvailable", v, expected, n), nil
}

// scale is the sum of the sizes that the pods' controllers want. Pods without a controller do not count.
func (c *disruption) scale(b *policyv1.PodDisruptionBudget, pods []*corev1.Pod) (int32, error) {
	sizes := map[types.UID]int32{}
	var unmanaged []string
	for _, pod := range pods {
		ref := metav1.GetControllerOfNoCopy(pod)
		if ref == nil {
			unmanaged = append(unmanaged, pod.Name)
			continue
		}
		if _, known := sizes[ref.UID]; known {
			continue
		}
		uid, n, ok := c.scaleOf(pod, ref)
		if !ok {
			return 0, fmt.Errorf("found no controllers for pod %q", pod.Name)
		}
		sizes[ref.UID] = 0 // seen; what counts stands under the UID of the top
		sizes[uid] = n
	}
	if len(unmanaged) > 0 {
		c.recorder.Eventf(b, corev1.EventTypeWarning, "UnmanagedPods",
			"Pods selected by this PodDisruptionBudget (selector: %v) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
			metav1.FormatLabelSelector(b.Spec.Selector))
	}
	var total int32
	for _, n := range sizes {
		total += n
	}
	return total, nil
}

// scaleOf is the size that the controller of a pod wants: a StatefulSet, or a ReplicaSet or its Deployment.
func (c *disruption) scaleOf(pod *corev1.Pod, ref *metav1.OwnerReference) (types.UID, int32, bool) {
	if key, ok := api.ControllerOf(pod, api.StatefulSets); ok {
		set, ok := c.caches.StatefulSets.Get(key)
		if !ok || set.UID != ref.UID {
			return "", 0, false
		}
		return set.UID, *set.Spec.Replicas, true
	}
	key, ok := api.ControllerOf(pod, api.ReplicaSets)
	if !ok {
		return "", 0, false
	}
	rs, ok := c.caches.ReplicaSets.Get(key)
	if !ok || rs.UID != ref.UID {
		return "", 0, false
	}
	if key, ok = api.ControllerOf(rs, api.Deployments); !ok {
		return rs.UID, *rs.Spec.Replicas, true
	}
	d, ok := c.caches.Deployments.Get(key)
	if !ok {
		return "", 0, false
	}
	return d.UID, *d.Spec.Replicas, true
}

// disrupted are those pods whose eviction was allowed and that still wait for
// their deletion. When the time is up they count as healthy again.
func (c *disruption) disrupted(b *policyv1.PodDisruptionBudget, pods []*corev1.Pod) map[string]metav1.Time {
	var out map[string]metav1.Time
	now := c.process.Engine.Clock()
	for _, pod := range pods {
		since, ok := b.Status.DisruptedPods[pod.Name]
		if !ok || pod.DeletionTimestamp != nil {
			continue
		}
		left := since.Add(evictionTimeout).Sub(now)
		if left <= 0 {
			c.recorder.Eventf(pod, corev1.EventTypeWarning, "NotDeleted", "Pod was expected by PDB %s/%s to be deleted but it wasn't", b.Namespace, b.Name)
			continue
		}
		if out == nil {
			out = map[string]metav1.Time{}
		}
		out[pod.Name] = since
		c.queue.AddAfter(api.KeyOf(b), left)
	}
	return out
}

// failSafe allows no disruption while the pods cannot be counted, and has it tried again.
func (c *disruption) failSafe(b *policyv1.PodDisruptionBudget, err error) error {
	status := *b.Status.DeepCopy()
	status.DisruptionsAllowed = 0
	c.setAllowed(&status, metav1.ConditionFalse, policyv1.SyncFailedReason, err.Error())
	if e := c.write(b, status, "the pods cannot be counted"); e != nil {
		return e
	}
	return err
}

func (c *disruption) setAllowed(s *policyv1.PodDisruptionBudgetStatus, status metav1.ConditionStatus, reason, message string) {
	condition := metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: status, Reason: reason, Message: message,
		ObservedGeneration: s.ObservedGeneration, LastTransitionTime: c.now(),
	}
	s.Conditions = slices.Clone(s.Conditions)
	for i, old := range s.Conditions {
		if old.Type == condition.Type {
			if old.Status == status {
				condition.LastTransitionTime = old.LastTransitionTime
			}
			s.Conditions[i] = condition
			return
		}
	}
	s.Conditions = append(s.Conditions, condition)
}

func (c *disruption) write(b *policyv1.PodDisruptionBudget, status policyv1.PodDisruptionBudgetStatus, because string) error {
	if sameBudget(&b.Status, &status) {
		return nil
	}
	c.tell(api.KeyOf(b), component.Reconciled{
		Report: true,
		Do: fmt.Sprintf("status: %s expected, %d healthy, %d needed, %d may be disrupted",
			pods(int(status.ExpectedPods)), status.CurrentHealthy, status.DesiredHealthy, status.DisruptionsAllowed),
		Because: because,
	})
	b = b.DeepCopy()
	b.Status = status
	stored, err := api.UpdateStatus(c.client, b)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		wrote(c.writes, api.KeyOf(b), c.budgets, stored)
	}
	return err
}

func sameBudget(a, b *policyv1.PodDisruptionBudgetStatus) bool {
	return a.ObservedGeneration == b.ObservedGeneration && a.ExpectedPods == b.ExpectedPods && a.DesiredHealthy == b.DesiredHealthy &&
		a.CurrentHealthy == b.CurrentHealthy && a.DisruptionsAllowed == b.DisruptionsAllowed &&
		maps.EqualFunc(a.DisruptedPods, b.DisruptedPods, func(x, y metav1.Time) bool { return x.Equal(&y) }) &&
		slices.Equal(a.Conditions, b.Conditions)
}
