package controller

import (
	"fmt"
	"slices"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// completionIndexVariable tells a container of an indexed Job which part of the work is its own.
const completionIndexVariable = "JOB_COMPLETION_INDEX"

// maxGenerateName is to how many characters the server cuts a generateName, so
// that five more fit.
const maxGenerateName = 58

func indexed(job *batchv1.Job) bool {
	return deref(job.Spec.CompletionMode) == batchv1.IndexedCompletion
}

// completionIndex is the index that a pod works on, false if it has none.
func completionIndex(pod *corev1.Pod) (int, bool) {
	n, err := strconv.Atoi(pod.Annotations[batchv1.JobCompletionIndexAnnotation])
	return n, err == nil && n >= 0
}

// index is the index of a pod, false if it is none of those that the Job has now.
func (s *jobSync) index(pod *corev1.Pod) (int, bool) {
	n, ok := completionIndex(pod)
	return n, ok && n < int(*s.job.Spec.Completions)
}

// counts says whether a pod is one whose end the Job counts: in an indexed Job,
// one with an index that the Job has now.
func (s *jobSync) counts(pod *corev1.Pod) bool {
	if !indexed(s.job) {
		return true
	}
	_, ok := s.index(pod)
	return ok
}

// indexesDone are the indexes that the status knows as done and those of pods
// that have succeeded since. A pod that was let go is in the status: where the Job
// has been made smaller and larger again, its index has to be done again.
func (s *jobSync) indexesDone() indexSet {
	done := parseIndexes(s.status.CompletedIndexes, int(*s.job.Spec.Completions))
	var fresh []int
	for _, pod := range s.ended {
		if n, ok := s.index(pod); ok && pod.Status.Phase == corev1.PodSucceeded && tracked(pod) {
			fresh = append(fresh, n)
		}
	}
	return done.with(indexesOf(fresh...)...)
}

// freeIndexes are the n lowest indexes that are neither done nor lost and that no
// pod works on; one that is being deleted does so if the Job waits for its end.
func (s *jobSync) freeIndexes(n int) []int {
	working := s.active
	if replacesFailedOnly(s.job) {
		working = slices.Concat(working, slices.DeleteFunc(slices.Clone(s.ended), podTerminal))
	}
	var taken []int
	for _, pod := range working {
		if i, ok := s.index(pod); ok {
			taken = append(taken, i)
		}
	}
	return s.done.with(s.lost...).with(indexesOf(taken...)...).missing(n, int(*s.job.Spec.Completions))
}

// misplaced are the active pods of an indexed Job that must go: those without an
// index that it has, and of those with the same one all but the one that has come furthest.
func (s *jobSync) misplaced() []*corev1.Pod {
	if !indexed(s.job) {
		return nil
	}
	var out []*corev1.Pod
	same := map[int][]*corev1.Pod{}
	var indexes []int
	for _, pod := range s.active {
		n, ok := s.index(pod)
		if !ok {
			out = append(out, pod)
			continue
		}
		if same[n] == nil {
			indexes = append(indexes, n)
		}
		same[n] = append(same[n], pod)
	}
	slices.Sort(indexes)
	for _, n := range indexes {
		if twins := same[n]; len(twins) > 1 {
			out = append(out, firstToGo(twins, nil, len(twins)-1, s.now)...)
		}
	}
	return out
}

// number makes a pod the one for an index of its Job.
func (s *jobSync) number(pod *corev1.Pod, index int) {
	text := strconv.Itoa(index)
	pod.Labels = withLabel(pod.Labels, batchv1.JobCompletionIndexAnnotation, text)
	pod.Annotations = withLabel(pod.Annotations, batchv1.JobCompletionIndexAnnotation, text)
	pod.Spec.Hostname = s.job.Name + "-" + text
	suffix := "-" + text + "-"
	pod.GenerateName = s.job.Name[:min(len(s.job.Name), maxGenerateName-len(suffix))] + suffix
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			tellIndex(&containers[i])
		}
	}
}

// tellIndex gives a container its index by an environment variable, unless the template has one of that name.
func tellIndex(c *corev1.Container) {
	if slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == completionIndexVariable }) {
		return
	}
	c.Env = append(c.Env, corev1.EnvVar{Name: completionIndexVariable, ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{FieldPath: fmt.Sprintf("metadata.labels['%s']", batchv1.JobCompletionIndexAnnotation)},
	}})
}
