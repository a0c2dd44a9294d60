package controller

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/component"
)

// enqueueSelecting has the Services reconciled that select a pod, before or after
// a change of it, if the change can be seen in their endpoints.
func enqueueSelecting(services *component.Cache[*corev1.Service], pods *component.Cache[*corev1.Pod], q *component.Queue) {
	enqueue := func(pod *corev1.Pod) {
		if pod.Status.PodIP == "" {
			return
		}
		selecting(services, bySelector, pod.Namespace, pod.Labels, func(s *corev1.Service) {
			if labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)) {
				n := pods.CountBy(byLabel, selectorPair(s.Namespace, s.Spec.Selector)[0])
				q.AddAfter(api.KeyOf(s), gather(n))
			}
		})
	}
	pods.OnChange(func(old, new *corev1.Pod) {
		switch {
		case old == nil || new == nil || replaced(old, new) || !maps.Equal(old.Labels, new.Labels):
			if old != nil {
				enqueue(old)
			}
			if new != nil {
				enqueue(new)
			}
		case endpointMatters(old, new):
			enqueue(new)
		}
	})
}

func endpointMatters(old, new *corev1.Pod) bool {
	return podReady(old) != podReady(new) || podTerminal(old) != podTerminal(new) ||
		old.DeletionTimestamp.IsZero() != new.DeletionTimestamp.IsZero() ||
		old.Spec.NodeName != new.Spec.NodeName || old.Status.PodIP != new.Status.PodIP ||
		!slices.Equal(old.Status.PodIPs, new.Status.PodIPs)
}
