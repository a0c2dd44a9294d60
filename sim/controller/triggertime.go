package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// triggerTimes know since when the endpoints of each Service should have been as
// they are written: the first change of a pod's readiness, or the Service's
// creation, that has not been seen before. From the annotation of this time others learn how late they are.
type triggerTimes map[api.Key]triggerTime

type triggerTime struct {
	service time.Time
	pods    map[string]time.Time // by name
}

// since takes a look at a Service and its pods. It is zero if nothing is new.
func (t triggerTimes) since(service *corev1.Service, pods []*corev1.Pod) time.Time {
	key := api.KeyOf(service)
	before, known := t[key]
	now := triggerTime{service: service.CreationTimestamp.Time, pods: make(map[string]time.Time, len(pods))}
	var first time.Time
	note := func(at, before time.Time) {
		if at.After(before) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, pod := range pods {
		if c := podCondition(pod, corev1.PodReady); c != nil && !c.LastTransitionTime.IsZero() {
			now.pods[pod.Name] = c.LastTransitionTime.Time
			note(now.pods[pod.Name], before.pods[pod.Name])
		}
	}
	note(now.service, before.service)
	t[key] = now
	if !known {
		return now.service
	}
	return first
}

// annotate sets the annotation on what is about to be written, or takes it off.
func annotate(o metav1.Object, since time.Time) {
	annotations := o.GetAnnotations()
	if since.IsZero() {
		delete(annotations, corev1.EndpointsLastChangeTriggerTime)
		return
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[corev1.EndpointsLastChangeTriggerTime] = since.UTC().Format(time.RFC3339Nano)
	o.SetAnnotations(annotations)
}
