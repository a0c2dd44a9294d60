package controller

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// firstToGo picks n pods to delete. related are all pods of the same
// application: a node that has more of them gives one up first.
func firstToGo(pods, related []*corev1.Pod, n int, now time.Time) []*corev1.Pod {
	if n >= len(pods) {
		return pods
	}
	r := podRank{now: now, together: map[string]int{}}
	for _, pod := range related {
		if podActive(pod) {
			r.together[pod.Spec.NodeName]++
		}
	}
	return slices.SortedFunc(slices.Values(pods), r.compare)[:n]
}

// podRank orders pods by how little is lost with them.
type podRank struct {
	now      time.Time
	together map[string]int // active pods of the same application by node
}

// compare follows Kubernetes' order for scaling down: unassigned before assigned,
// Pending before Unknown before Running, not ready before ready, lower deletion
// cost, more crowded node, ready for a shorter time, more restarts, younger.
func (r podRank) compare(a, b *corev1.Pod) int {
	return cmp.Or(
		falseFirst(a.Spec.NodeName != "", b.Spec.NodeName != ""),
		cmp.Compare(phaseRank(a), phaseRank(b)),
		falseFirst(podReady(a), podReady(b)),
		cmp.Compare(deletionCost(a), deletionCost(b)),
		-cmp.Compare(r.together[a.Spec.NodeName], r.together[b.Spec.NodeName]),
		r.shorterFirst(a, b, readySince(a), readySince(b)),
		-cmp.Compare(maxRestarts(a), maxRestarts(b)),
		r.shorterFirst(a, b, a.CreationTimestamp, b.CreationTimestamp),
		cmp.Compare(a.UID, b.UID),
	)
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func phaseRank(pod *corev1.Pod) int {
	switch pod.Status.Phase {
	case corev1.PodPending, "":
		return 0
	case corev1.PodUnknown:
		return 1
	}
	return 2
}

// deletionCost is the annotation by which a person says which pods to spare; 0 when it is missing or no number.
func deletionCost(pod *corev1.Pod) int32 {
	n, err := strconv.ParseInt(pod.Annotations[corev1.PodDeletionCost], 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

// readySince is when a pod became ready, zero if it is not.
func readySince(pod *corev1.Pod) metav1.Time {
	if c := podCondition(pod, corev1.PodReady); c != nil && c.Status == corev1.ConditionTrue {
		return c.LastTransitionTime
	}
	return metav1.Time{}
}

// shorterFirst compares two pods by how long ago ta and tb are, on a logarithmic
// scale: among pods of about one age the UID decides, so that the victims are spread.
func (r podRank) shorterFirst(a, b *corev1.Pod, ta, tb metav1.Time) int {
	if ta.Equal(&tb) {
		return 0
	}
	return cmp.Or(cmp.Compare(r.logAge(ta), r.logAge(tb)), cmp.Compare(a.UID, b.UID))
}

// logAge is the binary logarithm of an age in nanoseconds, rounded down; -1 for an instant that lies ahead.
func (r podRank) logAge(t metav1.Time) int {
	return bits.Len64(uint64(max(0, r.now.Sub(t.Time)))) - 1
}

func maxRestarts(pod *corev1.Pod) int32 {
	var n int32
	for _, s := range pod.Status.ContainerStatuses {
		n = max(n, s.RestartCount)
	}
	return n
}
