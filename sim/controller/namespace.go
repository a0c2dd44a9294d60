package controller

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// finalizerEstimate is how long an object that a finalizer holds is guessed to need.
const finalizerEstimate = 15 * time.Second

// namespaces empties namespaces that are being deleted, and then lets them go.
type namespaces struct {
	base
	list *component.Cache[*corev1.Namespace]
}

func newNamespaces(p *component.Process, caches *Caches) *namespaces {
	c := &namespaces{list: caches.Namespaces}
	c.base = newBase(p, "namespace-controller", "namespace-controller", api.Namespaces, c)
	c.list.OnChange(func(_, new *corev1.Namespace) {
		if new != nil && new.DeletionTimestamp != nil {
			c.queue.Add(api.KeyOf(new))
		}
	})
	return c
}

// Reconcile deletes what is in a terminating namespace: the pods first, when
// they are gone all else, and then the namespace's own finalizer.
func (c *namespaces) Reconcile(key api.Key) error {
	ns, ok := c.list.Get(key)
	if !ok || ns.DeletionTimestamp == nil || !slices.Contains(ns.Spec.Finalizers, corev1.FinalizerKubernetes) {
		return nil
	}
	left := &leftovers{namespaces: c, ns: ns, objects: map[string]int{}, finalizers: map[string]int{}}
	if err := left.clear(api.Pods); err != nil {
		return err
	}
	served, err := api.Preferred(c.client)
	if err != nil {
		return err
	}
	for _, r := range served {
		if !r.Namespaced || r == api.Pods || left.objects[resourceName(api.Pods)] > 0 {
			continue
		}
		if err := left.clear(r); err != nil {
			return err
		}
	}
	if ns, err = left.report(); err != nil {
		return err
	}
	if len(left.objects) > 0 {
		c.queue.AddAfter(key, left.wait/2+time.Second)
		return nil
	}
	return c.finalize(ns)
}

// finalize takes the finalizer off that holds the namespace while it has content.
func (c *namespaces) finalize(ns *corev1.Namespace) error {
	c.tell(api.KeyOf(ns), component.Reconciled{Do: "let it go", Because: "nothing is left in it"})
	ns = ns.DeepCopy()
	ns.Spec.Finalizers = slices.DeleteFunc(ns.Spec.Finalizers, func(f corev1.FinalizerName) bool { return f == corev1.FinalizerKubernetes })
	_, err := c.client.Do(api.Request{Verb: api.VerbUpdate, Resource: api.Namespaces, Subresource: "finalize", Key: api.KeyOf(ns), Object: ns})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// leftovers are what a namespace still has after one round of deletions.
type leftovers struct {
	*namespaces
	ns         *corev1.Namespace
	objects    map[string]int // by resourceName
	finalizers map[string]int // by finalizer
	wait       time.Duration  // how long the slowest is guessed to need
}

// clear deletes all objects of a resource and notes those that stay for now.
func (l *leftovers) clear(r *api.Resource) error {
	list, err := l.client.List(r, api.ListOptions{Namespace: l.ns.Name})
	if err != nil || len(list.Items) == 0 {
		return err
	}
	fresh := 0
	for _, o := range list.Items {
		if o.GetDeletionTimestamp() == nil {
			fresh++
		}
	}
	if fresh > 0 {
		l.tell(api.KeyOf(l.ns), component.Reconciled{Do: fmt.Sprintf("delete %d %s", fresh, r.Name), Because: "the namespace is being deleted"})
	}
	background := metav1.DeletePropagationBackground
	for _, o := range list.Items {
		if o.GetDeletionTimestamp() != nil {
			continue
		}
		err := api.Delete(l.client, r, api.KeyOf(o), metav1.DeleteOptions{PropagationPolicy: &background})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	if list, err = l.client.List(r, api.ListOptions{Namespace: l.ns.Name}); err != nil {
		return err
	}
	for _, o := range list.Items {
		l.objects[resourceName(r)]++
		need := finalizerEstimate
		if pod, ok := o.(*corev1.Pod); ok {
			need = time.Duration(deref(pod.DeletionGracePeriodSeconds)) * time.Second
		}
		l.wait = max(l.wait, need)
		for _, f := range o.GetFinalizers() {
			l.finalizers[f]++
		}
	}
	return nil
}

// report writes the conditions that say what the namespace waits for.
func (l *leftovers) report() (*corev1.Namespace, error) {
	ns := l.ns.DeepCopy()
	l.condition(ns, corev1.NamespaceDeletionDiscoveryFailure, "", "", "ResourcesDiscovered", "All resources successfully discovered")
	l.condition(ns, corev1.NamespaceDeletionGVParsingFailure, "", "", "ParsedGroupVersions", "All legacy kube types successfully parsed")
	l.condition(ns, corev1.NamespaceDeletionContentFailure, "", "", "ContentDeleted", "All content successfully deleted, may be waiting on finalization")
	l.condition(ns, corev1.NamespaceContentRemaining, "SomeResourcesRemain",
		listed("Some resources are remaining: ", l.objects, "%s has %d resource instances"), "ContentRemoved", "All content successfully removed")
	l.condition(ns, corev1.NamespaceFinalizersRemaining, "SomeFinalizersRemain",
		listed("Some content in the namespace has finalizers remaining: ", l.finalizers, "%s in %d resource instances"), "ContentHasNoFinalizers", "All content-preserving finalizers finished")
	if equality.Semantic.DeepEqual(ns.Status, l.ns.Status) {
		return l.ns, nil
	}
	because := ""
	if len(l.objects) > 0 {
		because = listed("", l.objects, "%s: %d left")
	}
	l.tell(api.KeyOf(ns), component.Reconciled{Report: true, Do: "status: Terminating", Because: because})
	return api.UpdateStatus(l.client, ns)
}

// condition sets one that is True with a reason and message, or, where there is no message, False with the others.
func (l *leftovers) condition(ns *corev1.Namespace, t corev1.NamespaceConditionType, reason, message, okReason, okMessage string) {
	c := corev1.NamespaceCondition{Type: t, Status: corev1.ConditionTrue, Reason: reason, Message: message, LastTransitionTime: l.now()}
	if message == "" {
		c.Status, c.Reason, c.Message = corev1.ConditionFalse, okReason, okMessage
	}
	for i, old := range ns.Status.Conditions {
		if old.Type == t {
			if old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			ns.Status.Conditions[i] = c
			return
		}
	}
	ns.Status.Conditions = append(ns.Status.Conditions, c)
}

// resourceName is how Kubernetes writes a resource in these conditions: "pods.", "deployments.apps".
func resourceName(r *api.Resource) string { return r.Name + "." + r.Group }

// listed names what there is and how much of it, in alphabetical order; "" when there is nothing.
func listed(intro string, of map[string]int, format string) string {
	if len(of) == 0 {
		return ""
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		out = append(out, fmt.Sprintf(format, name, of[name]))
	}
	return intro + strings.Join(out, ", ")
}
