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

// job is one as the API's defaults make it.
func job(name string, completions, parallelism int32) *batchv1.Job {
	l := map[string]string{batchv1.JobNameLabel: name}
	limit := int32(6)
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{
			Completions: &completions, Parallelism: &parallelism, BackoffLimit: &limit, Selector: &metav1.LabelSelector{MatchLabels: l},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: l}, Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever}},
		},
	}
}

// runPods ends each pod after d as phase says for the n-th one; in the meantime it runs.
func runPods(b *bench, d time.Duration, phase func(n int) corev1.PodPhase) {
	n := 0
	b.ready = -1
	b.observe = append(b.observe, func(old, new api.Object) {
		pod, ok := new.(*corev1.Pod)
		if !ok || old != nil {
			return
		}
		n++
		name, end := pod.Name, phase(n)
		at := b.engine.Now() + d
		b.later(at, "end "+name, func() {
			if _, ok := b.objects[api.Pods][api.Key{Namespace: "default", Name: name}]; ok {
				b.setPod(name, end, false)
			}
		})
	})
}

func jobStatus(b *bench, name string) string {
	s := get[*batchv1.Job](b, api.Jobs, name).Status
	var c []string
	for _, x := range s.Conditions {
		c = append(c, fmt.Sprintf("%s=%s %s", x.Type, x.Status, x.Reason))
	}
	return fmt.Sprintf("%d active, %d succeeded, %d failed; %s", s.Active, s.Succeeded, s.Failed, strings.Join(c, ", "))
}

func TestJobs(t *testing.T) {
	always := func(p corev1.PodPhase) func(int) corev1.PodPhase { return func(int) corev1.PodPhase { return p } }
	for _, c := range []struct {
		name   string
		adjust func(*batchv1.Job)
		phase  func(int) corev1.PodPhase
		status string
		event  string
		most   int // pods at once
	}{
		{"one", func(*batchv1.Job) {}, always(corev1.PodSucceeded),
			"0 active, 1 succeeded, 0 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "Completed: Job completed", 1},
		{"five, two at once", func(j *batchv1.Job) { *j.Spec.Completions = 5; *j.Spec.Parallelism = 2 }, always(corev1.PodSucceeded),
			"0 active, 5 succeeded, 0 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "Completed: Job completed", 2},
		{"some fail", func(j *batchv1.Job) { *j.Spec.Completions = 3 }, func(n int) corev1.PodPhase {
			if n%2 == 1 {
				return corev1.PodFailed
			}
			return corev1.PodSucceeded
		}, "0 active, 3 succeeded, 3 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "Completed: Job completed", 1},
		{"too many fail", func(j *batchv1.Job) { *j.Spec.BackoffLimit = 2 }, always(corev1.PodFailed),
			"0 active, 0 succeeded, 3 failed; FailureTarget=True BackoffLimitExceeded, Failed=True BackoffLimitExceeded", "BackoffLimitExceeded: Job has reached the specified backoff limit", 1},
		{"too long", func(j *batchv1.Job) { s := int64(5); j.Spec.ActiveDeadlineSeconds = &s }, always(corev1.PodSucceeded),
			"0 active, 0 succeeded, 1 failed; FailureTarget=True DeadlineExceeded, Failed=True DeadlineExceeded", "DeadlineExceeded: Job was active longer than specified deadline", 1},
		{"work queue", func(j *batchv1.Job) { j.Spec.Completions = nil; *j.Spec.Parallelism = 3 }, always(corev1.PodSucceeded),
			"0 active, 3 succeeded, 0 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "Completed: Job completed", 3},
	} {
		for _, latency := range []time.Duration{0, 3 * time.Millisecond} {
			t.Run(fmt.Sprint(c.name, latency), func(t *testing.T) {
				b := newBench(t)
				b.latency[api.Jobs], b.latency[api.Pods] = 2*latency, latency
				runPods(b, 10*time.Second, c.phase)
				b.start()
				j := job("work", 1, 1)
				c.adjust(j)
				watchCount(b, c.most)
				add(b, j)
				b.run(10 * time.Minute)
				if got := jobStatus(b, "work"); got != c.status {
					t.Errorf("got  %s\nwant %s", got, c.status)
				}
				if events := b.events("work"); !slices.Contains(events, c.event) || !strings.HasPrefix(events[0], "SuccessfulCreate: Created pod: work-") {
					t.Errorf("events %q", events)
				}
				s := get[*batchv1.Job](b, api.Jobs, "work").Status
				if s.StartTime == nil || (s.CompletionTime != nil) != strings.Contains(c.status, "Complete=") {
					t.Errorf("from %v to %v", s.StartTime, s.CompletionTime)
				}
				for _, pod := range all[*corev1.Pod](b, api.Pods) {
					if len(pod.Finalizers) > 0 {
						t.Errorf("pod %s has %v", pod.Name, pod.Finalizers)
					}
				}
			})
		}
	}
}

func TestJobWaitsLongerAfterEachFailure(t *testing.T) {
	b := newBench(t)
	runPods(b, time.Second, func(int) corev1.PodPhase { return corev1.PodFailed })
	b.start()
	add(b, job("work", 1, 1))
	b.run(5 * time.Minute)
	var gaps []time.Duration
	var last time.Time
	pods := all[*corev1.Pod](b, api.Pods)
	slices.SortFunc(pods, func(x, y *corev1.Pod) int { return x.CreationTimestamp.Compare(y.CreationTimestamp.Time) })
	for _, pod := range pods {
		if !last.IsZero() {
			gaps = append(gaps, pod.CreationTimestamp.Sub(last).Round(time.Second))
		}
		last = pod.CreationTimestamp.Time
	}
	if got := fmt.Sprint(gaps); got != "[11s 21s 41s 1m21s]" {
		t.Errorf("gaps %s", got)
	}
}

func TestJobCountsWhatWasDeleted(t *testing.T) {
	b := newBench(t)
	runPods(b, 10*time.Second, func(int) corev1.PodPhase { return corev1.PodSucceeded })
	b.start()
	add(b, job("work", 2, 1))
	b.run(15 * time.Second)
	for _, pod := range all[*corev1.Pod](b, api.Pods) {
		if podTerminal(pod) {
			b.delete(pod, metav1.DeletePropagationBackground)
		}
	}
	b.run(time.Minute)
	if got := jobStatus(b, "work"); !strings.HasPrefix(got, "0 active, 2 succeeded, 0 failed; ") {
		t.Errorf("status %s", got)
	}
}

func TestJobIsSuspendedAndResumed(t *testing.T) {
	b := newBench(t)
	runPods(b, 10*time.Second, func(int) corev1.PodPhase { return corev1.PodSucceeded })
	b.start()
	yes := true
	j := job("work", 1, 1)
	j.Spec.Suspend = &yes
	j = add(b, j)
	b.run(time.Minute)
	if got := jobStatus(b, "work"); got != "0 active, 0 succeeded, 0 failed; Suspended=True JobSuspended" || len(all[*corev1.Pod](b, api.Pods)) != 0 {
		t.Errorf("suspended: %s", got)
	}
	change(b, j, func(j *batchv1.Job) { j.Spec.Suspend = nil })
	b.run(time.Minute)
	if got := jobStatus(b, "work"); !strings.Contains(got, "Suspended=False JobResumed") || !strings.Contains(got, "Complete=True") {
		t.Errorf("resumed: %s", got)
	}
}

func TestDeletedJobLetsItsPodsGo(t *testing.T) {
	b := newBench(t)
	runPods(b, time.Hour, func(int) corev1.PodPhase { return corev1.PodSucceeded })
	b.start()
	j := add(b, job("work", 1, 1))
	b.run(time.Second)
	b.delete(j, metav1.DeletePropagationBackground)
	b.run(time.Minute)
	if got := left(b, api.Jobs, api.Pods); got != "0(0) jobs, 0(0) pods" {
		t.Errorf("left %s", got)
	}
}

func TestJobSurvivesStops(t *testing.T) {
	for stop := 1; stop < 50; stop++ {
		j := job("work", 3, 2)
		if stop%2 == 0 {
			j = indexedJob("work", 3, 2)
		}
		b := newBench(t)
		runPods(b, time.Second, func(int) corev1.PodPhase { return corev1.PodSucceeded })
		m := b.start()
		watchCount(b, 2)
		add(b, j)
		n := 0
		b.refuse = func(r api.Request) error {
			if r.Resource == api.Pods && r.Subresource != "" {
				return nil
			}
			if n++; n >= stop/2+1 {
				return api.ErrStopped
			}
			return nil
		}
		b.run(1500 * time.Millisecond)
		m.Process.Stop()
		b.refuse = nil
		b.start()
		b.run(time.Minute)
		if got := jobStatus(b, "work"); !strings.HasPrefix(got, "0 active, 3 succeeded, 0 failed; ") {
			t.Errorf("stopped at request %d, %s: %s", stop/2+1, deref(j.Spec.CompletionMode), got)
		}
	}
}
