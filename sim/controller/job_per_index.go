package controller

import (
	"math"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// With backoffLimitPerIndex each index of a Job has failures of its own. They are
// kept in annotations of its pods, so a failed pod is held by its finalizer until
// the next one of its index has them.

func limitsEachIndex(job *batchv1.Job) bool { return job.Spec.BackoffLimitPerIndex != nil }

// failuresBefore are how often the index of a pod had failed when the pod was
// made: those that count and those that a rule has ignored.
func failuresBefore(pod *corev1.Pod) (counted, ignored int) {
	number := func(key string) int {
		n, err := strconv.Atoi(pod.Annotations[key])
		if err != nil || n < 0 || n > math.MaxInt32 {
			return 0
		}
		return n
	}
	return number(batchv1.JobIndexFailureCountAnnotation), number(batchv1.JobIndexIgnoredFailureCountAnnotation)
}

// failuresWith are failuresBefore after a failed pod; none without a pod.
func (s *jobSync) failuresWith(pod *corev1.Pod) (counted, ignored int) {
	if pod == nil {
		return 0, 0
	}
	counted, ignored = failuresBefore(pod)
	if judge(s.job.Spec.PodFailurePolicy, pod).counts() {
		return counted + 1, ignored
	}
	return counted, ignored + 1
}

// passFailures gives a new pod the failures of its index.
func (s *jobSync) passFailures(pod *corev1.Pod, index int) {
	counted, ignored := s.failuresWith(s.held[index])
	pod.Annotations[batchv1.JobIndexFailureCountAnnotation] = strconv.Itoa(counted)
	if ignored > 0 {
		pod.Annotations[batchv1.JobIndexIgnoredFailureCountAnnotation] = strconv.Itoa(ignored)
	}
}

// indexesLost are the indexes that have failed for good: those that the status
// knows, and those of pods that have failed once too often, or by a rule, since.
func (s *jobSync) indexesLost() indexSet {
	lost := parseIndexes(deref(s.status.FailedIndexes), int(*s.job.Spec.Completions))
	if s.ending() {
		return lost // what is stopped now has not failed
	}
	var fresh []int
	for _, pod := range s.ended {
		n, ok := s.index(pod)
		if !ok || !tracked(pod) || !s.hasFailed(pod) {
			continue
		}
		before, _ := failuresBefore(pod)
		v := judge(s.job.Spec.PodFailurePolicy, pod)
		if v.action == batchv1.PodFailurePolicyActionFailIndex || v.counts() && before >= int(*s.job.Spec.BackoffLimitPerIndex) {
			fresh = append(fresh, n)
		}
	}
	return lost.with(indexesOf(fresh...)...)
}

// heldPods are, by index, the failed pods that wait for the next one of their index.
func (s *jobSync) heldPods() map[int]*corev1.Pod {
	running := map[int]bool{}
	for _, pod := range s.active {
		if n, ok := s.index(pod); ok {
			running[n] = true
		}
	}
	held := map[int]*corev1.Pod{}
	for _, pod := range s.ended {
		n, ok := s.index(pod)
		if !ok || !tracked(pod) || !s.hasFailed(pod) || running[n] || s.done.has(n) || s.lost.has(n) {
			continue
		}
		if other := held[n]; other == nil || failuresOf(other) <= failuresOf(pod) && !endOf(pod).Before(endOf(other)) {
			held[n] = pod
		}
	}
	return held
}

func failuresOf(pod *corev1.Pod) int {
	counted, ignored := failuresBefore(pod)
	return counted + ignored
}

// rested are those of some free indexes that may be tried again now. If none may,
// wait is until the first one may.
func (s *jobSync) rested(indexes []int) (now []int, wait time.Duration) {
	for _, n := range indexes {
		left := time.Duration(0)
		if pod := s.held[n]; pod != nil {
			left = backoffAfter(failuresOf(pod)+1, endOf(pod)).Sub(s.now)
		}
		switch {
		case left <= 0:
			now = append(now, n)
		case wait == 0 || left < wait:
			wait = left
		}
	}
	if len(now) > 0 {
		return now, 0
	}
	return nil, wait
}
