package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// indexedJob is an indexed Job as the API's defaults make it.
func indexedJob(name string, completions, parallelism int32) *batchv1.Job {
	j := job(name, completions, parallelism)
	mode := batchv1.IndexedCompletion
	j.Spec.CompletionMode = &mode
	j.Spec.Template.Spec.Containers = []corev1.Container{{Name: "main"}}
	return j
}

// attempts are the indexes of all pods ever made, in the order of their creation.
func attempts(b *bench) *[]string {
	var out []string
	b.observe = append(b.observe, func(old, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && old == nil {
			out = append(out, pod.Annotations[batchv1.JobCompletionIndexAnnotation])
		}
	})
	return &out
}

// endBy ends each pod a second after it was made as its index and the number of the attempt say.
func endBy(b *bench, phase func(index string, attempt int) corev1.PodPhase) {
	tries := map[string]int{}
	b.ready = -1
	b.observe = append(b.observe, func(old, new api.Object) {
		pod, ok := new.(*corev1.Pod)
		if !ok || old != nil {
			return
		}
		index := pod.Annotations[batchv1.JobCompletionIndexAnnotation]
		tries[index]++
		end, name := phase(index, tries[index]), pod.Name
		if end == "" {
			return
		}
		b.later(b.engine.Now()+time.Second, "end "+name, func() {
			if _, ok := b.objects[api.Pods][api.Key{Namespace: "default", Name: name}]; ok {
				b.setPod(name, end, false)
			}
		})
	})
}

func succeed(string, int) corev1.PodPhase { return corev1.PodSucceeded }

func TestIndexedJobs(t *testing.T) {
	for _, c := range []struct {
		name                     string
		completions, parallelism int32
		phase                    func(string, int) corev1.PodPhase
		status, indexes, made    string
	}{
		{"all at once", 3, 3, succeed, "0 active, 3 succeeded, 0 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "0-2", "[0 1 2]"},
		{"one by one", 3, 1, succeed, "0 active, 3 succeeded, 0 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "0-2", "[0 1 2]"},
		{"nothing to do", 0, 1, succeed, "0 active, 0 succeeded, 0 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "", "[]"},
		{"a failed index is made again", 3, 3, func(index string, attempt int) corev1.PodPhase {
			if index == "1" && attempt == 1 {
				return corev1.PodFailed
			}
			return corev1.PodSucceeded
		}, "0 active, 3 succeeded, 1 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "0-2", "[0 1 2 1]"},
		{"one index never ends", 4, 2, func(index string, _ int) corev1.PodPhase {
			if index == "1" {
				return ""
			}
			return corev1.PodSucceeded
		}, "1 active, 3 succeeded, 0 failed; ", "0,2,3", "[0 1 2 3]"},
	} {
		for _, latency := range []time.Duration{0, 3 * time.Millisecond} {
			t.Run(fmt.Sprint(c.name, latency), func(t *testing.T) {
				b := newBench(t)
				b.latency[api.Jobs], b.latency[api.Pods] = 2*latency, latency
				endBy(b, c.phase)
				made := attempts(b)
				b.start()
				watchCount(b, int(c.parallelism))
				add(b, indexedJob("work", c.completions, c.parallelism))
				b.run(10 * time.Minute)
				s := get[*batchv1.Job](b, api.Jobs, "work").Status
				if got := jobStatus(b, "work"); got != c.status || s.CompletedIndexes != c.indexes {
					t.Errorf("got  %s %s\nwant %s %s", got, s.CompletedIndexes, c.status, c.indexes)
				}
				if got := fmt.Sprint(*made); got != c.made {
					t.Errorf("pods %s, want %s", got, c.made)
				}
				for _, pod := range all[*corev1.Pod](b, api.Pods) {
					if len(pod.Finalizers) > 0 && podTerminal(pod) {
						t.Errorf("pod %s has %v", pod.Name, pod.Finalizers)
					}
				}
			})
		}
	}
}

func TestPodsOfAnIndexedJobKnowTheirIndex(t *testing.T) {
	b := newBench(t)
	b.ready = -1
	b.start()
	j := indexedJob(strings.Repeat("w", 60), 1, 1)
	own := []corev1.EnvVar{{Name: completionIndexVariable, Value: "mine"}}
	j.Spec.Template.Spec.InitContainers = []corev1.Container{{Name: "first"}, {Name: "own", Env: own}}
	add(b, j)
	b.run(time.Second)
	pod := all[*corev1.Pod](b, api.Pods)[0]
	if !strings.HasPrefix(pod.Name, strings.Repeat("w", 55)+"-0-") || pod.Spec.Hostname != j.Name+"-0" {
		t.Errorf("name %s, host %s", pod.Name, pod.Spec.Hostname)
	}
	if a, l := pod.Annotations[batchv1.JobCompletionIndexAnnotation], pod.Labels[batchv1.JobCompletionIndexAnnotation]; a != "0" || l != "0" {
		t.Errorf("annotation %q, label %q", a, l)
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers[:1], pod.Spec.Containers) {
		if len(c.Env) != 1 || c.Env[0].Name != completionIndexVariable || c.Env[0].ValueFrom.FieldRef.FieldPath != "metadata.labels['batch.kubernetes.io/job-completion-index']" {
			t.Errorf("container %s: %v", c.Name, c.Env)
		}
	}
	if e := pod.Spec.InitContainers[1].Env; !slices.Equal(e, own) {
		t.Errorf("the template's own variable: %v", e)
	}
	if len(get[*batchv1.Job](b, api.Jobs, j.Name).Spec.Template.Spec.Containers[0].Env) != 0 {
		t.Error("the Job's template was changed")
	}
}

func TestIndexedJobKeepsOnePodPerIndex(t *testing.T) {
	b := newBench(t)
	b.start()
	j := add(b, indexedJob("work", 2, 2))
	b.run(5 * time.Second)
	model := all[*corev1.Pod](b, api.Pods)[0]
	for name, index := range map[string]string{"twin": "0", "beyond": "7", "none": ""} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: model.Labels, OwnerReferences: model.OwnerReferences, Annotations: map[string]string{}}}
		if index != "" {
			pod.Annotations[batchv1.JobCompletionIndexAnnotation] = index
		}
		add(b, pod)
	}
	b.run(time.Minute)
	var left []string
	for _, pod := range all[*corev1.Pod](b, api.Pods) {
		left = append(left, pod.Annotations[batchv1.JobCompletionIndexAnnotation])
	}
	if fmt.Sprint(left) != "[0 1]" || get[*corev1.Pod](b, api.Pods, model.Name).UID != model.UID {
		t.Errorf("left %v", left)
	}
	if got := jobStatus(b, j.Name); got != "2 active, 0 succeeded, 0 failed; " {
		t.Errorf("status %s", got)
	}
}

func TestIndexedJobIsElastic(t *testing.T) {
	b := newBench(t)
	endBy(b, func(index string, _ int) corev1.PodPhase {
		if index == "0" {
			return ""
		}
		return corev1.PodSucceeded
	})
	made := attempts(b)
	b.start()
	j := add(b, indexedJob("work", 3, 3))
	resize := func(n int32, want string) {
		change(b, j, func(j *batchv1.Job) { j.Spec.Completions, j.Spec.Parallelism = &n, &n })
		b.run(time.Minute)
		if s := get[*batchv1.Job](b, api.Jobs, "work").Status; s.CompletedIndexes != want || int(s.Succeeded) != parseIndexes(want, 9).len() || s.Active != 1 {
			t.Errorf("with %d: done %q, %d succeeded, %d active", n, s.CompletedIndexes, s.Succeeded, s.Active)
		}
	}
	b.run(time.Minute)
	resize(2, "1")
	resize(4, "1-3")
	if got := fmt.Sprint(*made); got != "[0 1 2 2 3]" {
		t.Errorf("pods %s", got)
	}
}

func TestSuspendedPodsHaveNotFailed(t *testing.T) {
	b := newBench(t)
	b.start()
	j := add(b, indexedJob("work", 2, 2))
	b.run(5 * time.Second)
	yes := true
	change(b, j, func(j *batchv1.Job) { j.Spec.Suspend = &yes })
	b.run(time.Minute)
	if got := jobStatus(b, "work"); got != "0 active, 0 succeeded, 0 failed; Suspended=True JobSuspended" {
		t.Errorf("status %s", got)
	}
}
