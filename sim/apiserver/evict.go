package apiserver

import (
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
)

// evict deletes a pod if the budget that covers it allows a disruption.
func (c *call) evict() (api.Object, error) {
	e, ok := c.Object.(*policyv1.Eviction)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Eviction object: %T", c.Object))
	}
	if e.Name != c.Key.Name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Eviction object")
	}
	if err := c.admit(api.VerbCreate, e.DeepCopy(), nil); err != nil {
		return nil, err
	}
	var opts metav1.DeleteOptions
	if e.DeleteOptions != nil {
		opts = *e.DeleteOptions
	}
	c.DryRun = c.DryRun || len(opts.DryRun) > 0
	it, err := c.current()
	if err != nil {
		return nil, err
	}
	pod := it.object.(*corev1.Pod)
	if err := c.precondition(pod, opts.Preconditions); err != nil {
		return nil, err
	}
	if !unguarded(pod) {
		if err := c.spend(pod); err != nil {
			return nil, err
		}
	}
	return nil, c.disrupt(it, &opts)
}

// unguarded pods can go without asking a budget: they serve nobody.
func unguarded(pod *corev1.Pod) bool {
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed, corev1.PodPending:
		return true
	}
	return pod.DeletionTimestamp != nil
}

// disrupt marks the pod as evicted, so that its end can be told from others, and deletes it.
func (c *call) disrupt(it *item, opts *metav1.DeleteOptions) error {
	if c.DryRun {
		c.outcome = DryRun
		return nil
	}
	pod := it.object.(*corev1.Pod).DeepCopy()
	setPodCondition(pod, corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, ObservedGeneration: pod.Generation,
		Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting", LastTransitionTime: c.server.now(),
	})
	if _, err := c.replace(it, pod); err != nil {
		return err
	}
	rest := *opts
	rest.Preconditions = nil // it was met before the mark
	_, err := c.remove(&rest)
	return err
}

// spend takes one disruption from the budget that covers the pod. The error is
// TooManyRequests when there is none to take.
func (c *call) spend(pod *corev1.Pod) error {
	budgets := c.server.budgetsOf(pod)
	switch len(budgets) {
	case 0:
		return nil
	case 1:
	default:
		return plain("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
	}
	b := budgets[0]
	if !ready(pod) {
		always := b.Spec.UnhealthyPodEvictionPolicy != nil && *b.Spec.UnhealthyPodEvictionPolicy == policyv1.AlwaysAllow
		if always || b.Status.CurrentHealthy >= b.Status.DesiredHealthy && b.Status.DesiredHealthy > 0 {
			return nil // it is not counted as healthy, so nothing is lost
		}
	}
	if err := exhausted(b); err != nil {
		return err
	}
	if c.DryRun {
		return nil
	}
	return c.decrement(b, pod.Name)
}

func (c *call) decrement(b *policyv1.PodDisruptionBudget, pod string) error {
	b = b.DeepCopy()
	if b.Status.DisruptionsAllowed--; b.Status.DisruptionsAllowed == 0 {
		meta.SetStatusCondition(&b.Status.Conditions, metav1.Condition{
			Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.InsufficientPodsReason,
			ObservedGeneration: b.Status.ObservedGeneration, LastTransitionTime: c.server.now(),
		})
	}
	if b.Status.DisruptedPods == nil {
		b.Status.DisruptedPods = map[string]metav1.Time{}
	}
	b.Status.DisruptedPods[pod] = c.server.now()
	sub := &call{Request: api.Request{Verb: api.VerbUpdate, Resource: api.PodDisruptionBudgets, Key: api.KeyOf(b)}, server: c.server, id: c.id}
	it, err := sub.current()
	if err != nil {
		return err
	}
	_, err = sub.replace(it, b)
	c.changes = append(c.changes, sub.changes...)
	return err
}

// maxDisruptedPods is how many evictions may be under way in one budget.
const maxDisruptedPods = 2000

// exhausted says why a budget allows no disruption, nil if it allows one.
func exhausted(b *policyv1.PodDisruptionBudget) error {
	switch {
	case b.Status.ObservedGeneration < b.Generation:
		return tooMany(10, fmt.Sprintf("The disruption budget %s is still being processed by the server.", b.Name))
	case b.Status.DisruptionsAllowed < 0:
		return apierrors.NewForbidden(policyv1.Resource("poddisruptionbudget"), b.Name, fmt.Errorf("pdb disruptions allowed is negative"))
	case len(b.Status.DisruptedPods) > maxDisruptedPods:
		return apierrors.NewForbidden(policyv1.Resource("poddisruptionbudget"), b.Name, fmt.Errorf("DisruptedPods map too big - too many evictions not confirmed by PDB controller"))
	case b.Status.DisruptionsAllowed > 0:
		return nil
	}
	why := fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", b.Name, b.Status.DesiredHealthy, b.Status.CurrentHealthy)
	if f := meta.FindStatusCondition(b.Status.Conditions, policyv1.DisruptionAllowedCondition); f != nil && f.Status == metav1.ConditionFalse && f.Reason == policyv1.SyncFailedReason {
		why = fmt.Sprintf("The disruption budget %s does not allow evicting pods currently because it failed sync: %v", b.Name, f.Message)
	}
	return tooMany(0, why)
}

func tooMany(retryAfter int, cause string) error {
	err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfter)
	err.ErrStatus.Code = http.StatusTooManyRequests
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: policyv1.DisruptionBudgetCause, Message: cause})
	return err
}

// budgetsOf are the budgets whose selectors match the pod. An empty selector
// matches every pod of the namespace, one that is missing none.
func (s *Server) budgetsOf(pod *corev1.Pod) []*policyv1.PodDisruptionBudget {
	var out []*policyv1.PodDisruptionBudget
	s.Each(api.PodDisruptionBudgets, pod.Namespace, func(o api.Object) bool {
		b := o.(*policyv1.PodDisruptionBudget)
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err == nil && selector.Matches(labels.Set(pod.Labels)) {
			out = append(out, b)
		}
		return true
	})
	return out
}

func ready(pod *corev1.Pod) bool {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
