package controller

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
)

// podOwner tells a controller of the changes of the pods that its objects own:
// it notes expected creations and deletions as seen and has the owner reconciled.
type podOwner struct {
	resource *api.Resource           // of the owners
	uid      func(api.Key) types.UID // of the owner in the cache, "" if there is none
	pods     *component.Cache[*corev1.Pod]
	queue    *component.Queue
	expect   *expectations
	orphan   func(*corev1.Pod)               // told of pods that nobody controls; nil: nobody adopts
	matters  func(old, new *corev1.Pod) bool // whether an update can change what the owner does
}

// changed is a handler of the cache of pods.
func (w *podOwner) changed(old, new *corev1.Pod) {
	switch {
	case replaced(old, new):
		w.gone(old)
		w.came(new)
	case old == nil:
		w.came(new)
	case new == nil:
		w.gone(old)
	default:
		w.updated(old, new)
	}
}

func (w *podOwner) came(pod *corev1.Pod) {
	if pod.DeletionTimestamp != nil {
		w.gone(pod)
		return
	}
	if k, ok := w.owner(pod); ok {
		w.enqueue(k, w.expect.created(k))
		return
	}
	w.orphaned(pod)
}

func (w *podOwner) gone(pod *corev1.Pod) {
	if k, ok := w.owner(pod); ok {
		w.enqueue(k, w.expect.deleted(k, pod.UID))
	}
}

func (w *podOwner) updated(old, new *corev1.Pod) {
	k, owned := w.owner(new)
	before, wasOwned := w.owner(old)
	if wasOwned && (!owned || before != k) {
		w.queue.Add(before)
	}
	switch {
	case owned && new.DeletionTimestamp != nil:
		w.enqueue(k, w.expect.deleted(k, new.UID))
	case owned && (!wasOwned || w.matters(old, new)):
		w.enqueue(k, false)
	case !owned && (wasOwned || !maps.Equal(old.Labels, new.Labels)):
		w.orphaned(new)
	}
}

// enqueue has an owner reconciled: at once if it waited for this very event.
func (w *podOwner) enqueue(k api.Key, now bool) {
	if now {
		w.queue.Add(k)
		return
	}
	w.queue.AddAfter(k, gather(w.pods.CountBy(byOwner, string(w.uid(k)))))
}

func (w *podOwner) owner(pod *corev1.Pod) (api.Key, bool) {
	k, ok := api.ControllerOf(pod, w.resource)
	if !ok {
		return k, false
	}
	return k, w.uid(k) == metav1.GetControllerOfNoCopy(pod).UID
}

func (w *podOwner) orphaned(pod *corev1.Pod) {
	if w.orphan != nil && metav1.GetControllerOfNoCopy(pod) == nil && pod.DeletionTimestamp == nil {
		w.orphan(pod)
	}
}

// uidIn gives the UID of an owner in a cache.
func uidIn[T api.Object](c *component.Cache[T]) func(api.Key) types.UID {
	return func(k api.Key) types.UID {
		if o, ok := c.Get(k); ok {
			return o.GetUID()
		}
		return ""
	}
}

// replicaMatters says whether an update changes a pod's worth as a replica.
func replicaMatters(old, new *corev1.Pod) bool {
	return old.DeletionTimestamp.IsZero() != new.DeletionTimestamp.IsZero() ||
		podTerminal(old) != podTerminal(new) ||
		!equality.Semantic.DeepEqual(podCondition(old, corev1.PodReady), podCondition(new, corev1.PodReady)) ||
		!maps.Equal(old.Labels, new.Labels)
}
