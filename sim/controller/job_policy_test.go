package controller

import (
	"fmt"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestJudge(t *testing.T) {
	main, none := "main", "none"
	codes := func(action batchv1.PodFailurePolicyAction, container *string, op batchv1.PodFailurePolicyOnExitCodesOperator, values ...int32) batchv1.PodFailurePolicyRule {
		return batchv1.PodFailurePolicyRule{Action: action, OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{ContainerName: container, Operator: op, Values: values}}
	}
	disrupted := batchv1.PodFailurePolicyRule{Action: batchv1.PodFailurePolicyActionIgnore, OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
		{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}}
	ends := func(code int32) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}}
	}
	const failJob, failIndex, in, notIn = batchv1.PodFailurePolicyActionFailJob, batchv1.PodFailurePolicyActionFailIndex, batchv1.PodFailurePolicyOnExitCodesOpIn, batchv1.PodFailurePolicyOnExitCodesOpNotIn
	for _, c := range []struct {
		name   string
		rule   batchv1.PodFailurePolicyRule
		status corev1.PodStatus
		want   verdict
	}{
		{"code listed", codes(failJob, nil, in, 3, 42), corev1.PodStatus{ContainerStatuses: ends(42)},
			verdict{failJob, "Container main for pod default/p failed with exit code 42 matching FailJob rule at index 1"}},
		{"code not listed", codes(failJob, nil, in, 3), corev1.PodStatus{ContainerStatuses: ends(42)}, verdict{}},
		{"not in", codes(failIndex, &main, notIn, 3), corev1.PodStatus{ContainerStatuses: ends(42)},
			verdict{failIndex, "Container main for pod default/p failed with exit code 42 matching FailIndex rule at index 1"}},
		{"success matches nothing", codes(failJob, nil, notIn, 3), corev1.PodStatus{ContainerStatuses: ends(0)}, verdict{}},
		{"another container", codes(failJob, &none, notIn, 3), corev1.PodStatus{ContainerStatuses: ends(1)}, verdict{}},
		{"init container", codes(failJob, nil, in, 7), corev1.PodStatus{ContainerStatuses: ends(0), InitContainerStatuses: ends(7)},
			verdict{failJob, "Container main for pod default/p failed with exit code 7 matching FailJob rule at index 1"}},
		{"condition", disrupted, corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}},
			verdict{batchv1.PodFailurePolicyActionIgnore, "Pod default/p has condition DisruptionTarget matching Ignore rule at index 1"}},
		{"condition of another status", disrupted, corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionFalse}}}, verdict{}},
	} {
		policy := &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{codes(batchv1.PodFailurePolicyActionCount, nil, in, 99), c.rule}}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p"}, Status: c.status}
		if got := judge(policy, pod); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestJobPolicies(t *testing.T) {
	limit := func(n int32) *int32 { return &n }
	text := func(s string) *string { return &s }
	fails := func(which ...string) func(string, int) corev1.PodPhase {
		return func(index string, _ int) corev1.PodPhase {
			switch {
			case slices.Contains(which, index):
				return corev1.PodFailed
			case index == "9":
				return ""
			}
			return corev1.PodSucceeded
		}
	}
	once := func(index string, attempt int) corev1.PodPhase {
		if index == "1" && attempt == 1 {
			return corev1.PodFailed
		}
		return corev1.PodSucceeded
	}
	rule := func(action batchv1.PodFailurePolicyAction) *batchv1.PodFailurePolicy {
		return &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{Action: action, OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
			{Type: corev1.PodReady, Status: corev1.ConditionFalse}}}}}
	}
	for _, c := range []struct {
		name               string
		completions        int32
		phase              func(string, int) corev1.PodPhase
		adjust             func(*batchv1.JobSpec)
		status, done, lost string
		message            string // of the last condition
		made               string
	}{
		{"an index has a second chance", 3, once, func(s *batchv1.JobSpec) { s.BackoffLimitPerIndex = limit(1) },
			"0 active, 3 succeeded, 1 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "0-2", "", jobReached, "[0 1 2 1]"},
		{"an index is lost, the others go on", 3, fails("1"), func(s *batchv1.JobSpec) { s.BackoffLimitPerIndex = limit(1) },
			"0 active, 2 succeeded, 2 failed; FailureTarget=True FailedIndexes, Failed=True FailedIndexes", "0,2", "1", jobLost, "[0 1 2 1]"},
		{"too many indexes are lost", 10, fails("1", "3"), func(s *batchv1.JobSpec) { s.BackoffLimitPerIndex, s.MaxFailedIndexes = limit(0), limit(1) },
			"0 active, 7 succeeded, 3 failed; FailureTarget=True MaxFailedIndexesExceeded, Failed=True MaxFailedIndexesExceeded", "0,2,4-8", "1,3", jobLostMany, "[0 1 2 3 4 5 6 7 8 9]"},
		{"a rule lets an index fail", 3, fails("1"), func(s *batchv1.JobSpec) {
			s.BackoffLimitPerIndex, s.PodFailurePolicy = limit(5), rule(batchv1.PodFailurePolicyActionFailIndex)
		}, "0 active, 2 succeeded, 1 failed; FailureTarget=True FailedIndexes, Failed=True FailedIndexes", "0,2", "1", jobLost, "[0 1 2]"},
		{"a rule lets the Job fail", 3, fails("1"), func(s *batchv1.JobSpec) { s.PodFailurePolicy = rule(batchv1.PodFailurePolicyActionFailJob) },
			"0 active, 2 succeeded, 1 failed; FailureTarget=True PodFailurePolicy, Failed=True PodFailurePolicy", "0,2", "", "", "[0 1 2]"},
		{"a rule ignores failures", 3, once, func(s *batchv1.JobSpec) {
			s.PodFailurePolicy, s.BackoffLimit = rule(batchv1.PodFailurePolicyActionIgnore), limit(0)
		}, "0 active, 3 succeeded, 0 failed; SuccessCriteriaMet=True CompletionsReached, Complete=True CompletionsReached", "0-2", "", jobReached, "[0 1 2 1]"},
		{"a rule counts failures", 3, once, func(s *batchv1.JobSpec) {
			s.PodFailurePolicy, s.BackoffLimit = rule(batchv1.PodFailurePolicyActionCount), limit(0)
		}, "0 active, 2 succeeded, 1 failed; FailureTarget=True BackoffLimitExceeded, Failed=True BackoffLimitExceeded", "0,2", "", jobBackedUp, "[0 1 2]"},
		{"the leader's success is enough", 10, fails(), func(s *batchv1.JobSpec) {
			s.SuccessPolicy = &batchv1.SuccessPolicy{Rules: []batchv1.SuccessPolicyRule{{SucceededIndexes: text("9")}, {SucceededIndexes: text("0,9"), SucceededCount: limit(1)}}}
		}, "0 active, 9 succeeded, 0 failed; SuccessCriteriaMet=True SuccessPolicy, Complete=True SuccessPolicy", "0-8", "", "Matched rules at index 1", "[0 1 2 3 4 5 6 7 8 9]"},
		{"some successes are enough", 10, fails(), func(s *batchv1.JobSpec) {
			s.SuccessPolicy = &batchv1.SuccessPolicy{Rules: []batchv1.SuccessPolicyRule{{SucceededCount: limit(5)}}}
		}, "0 active, 9 succeeded, 0 failed; SuccessCriteriaMet=True SuccessPolicy, Complete=True SuccessPolicy", "0-8", "", "Matched rules at index 0", "[0 1 2 3 4 5 6 7 8 9]"},
	} {
		for _, latency := range []time.Duration{0, 3 * time.Millisecond} {
			t.Run(fmt.Sprint(c.name, latency), func(t *testing.T) {
				b := newBench(t)
				b.latency[api.Jobs], b.latency[api.Pods] = 2*latency, latency
				if latency > 0 && c.completions > 3 {
					t.Skip("which of ten pods is seen first is not what this test is about")
				}
				endBy(b, c.phase)
				made := attempts(b)
				b.start()
				j := indexedJob("work", c.completions, c.completions)
				c.adjust(&j.Spec)
				add(b, j)
				b.run(10 * time.Minute)
				s := get[*batchv1.Job](b, api.Jobs, "work").Status
				if got := jobStatus(b, "work"); got != c.status || s.CompletedIndexes != c.done || deref(s.FailedIndexes) != c.lost {
					t.Errorf("got  %s; %s; %s\nwant %s; %s; %s", got, s.CompletedIndexes, deref(s.FailedIndexes), c.status, c.done, c.lost)
				}
				if n := len(s.Conditions); n > 0 && c.message != "" && s.Conditions[n-1].Message != c.message {
					t.Errorf("message %q", s.Conditions[n-1].Message)
				}
				if got := fmt.Sprint(*made); got != c.made {
					t.Errorf("pods %s, want %s", got, c.made)
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

func TestFailuresOfAnIndexStayWithIt(t *testing.T) {
	b := newBench(t)
	endBy(b, func(index string, _ int) corev1.PodPhase {
		if index == "1" {
			return corev1.PodFailed
		}
		return ""
	})
	var counts []string
	var at []time.Duration
	b.observe = append(b.observe, func(old, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && old == nil && pod.Annotations[batchv1.JobCompletionIndexAnnotation] == "1" {
			counts, at = append(counts, pod.Annotations[batchv1.JobIndexFailureCountAnnotation]), append(at, b.engine.Now().Round(time.Second))
		}
	})
	b.start()
	j := indexedJob("work", 2, 2)
	limit := int32(3)
	j.Spec.BackoffLimitPerIndex = &limit
	add(b, j)
	b.run(10 * time.Minute)
	if got := fmt.Sprint(counts, at); got != "[0 1 2 3] [0s 11s 32s 1m13s]" {
		t.Errorf("failures before each pod: %s", got)
	}
	if s := get[*batchv1.Job](b, api.Jobs, "work").Status; deref(s.FailedIndexes) != "1" || s.Failed != 4 || s.Active != 1 {
		t.Errorf("status %+v", s)
	}
}

func TestPodReplacementPolicy(t *testing.T) {
	for policy, want := range map[batchv1.PodReplacementPolicy]string{
		batchv1.TerminatingOrFailed: "pods [0 0] at once, 1 failed",
		batchv1.Failed:              "pods [0] at once, 0 failed",
	} {
		b := newBench(t)
		b.gone = time.Minute
		made := attempts(b)
		b.start()
		j := indexedJob("work", 1, 1)
		j.Spec.PodReplacementPolicy = &policy
		add(b, j)
		b.run(5 * time.Second)
		b.delete(all[*corev1.Pod](b, api.Pods)[0], metav1.DeletePropagationBackground)
		b.run(20 * time.Second)
		s := get[*batchv1.Job](b, api.Jobs, "work").Status
		if got := fmt.Sprintf("pods %v at once, %d failed", *made, s.Failed); got != want || *s.Terminating != 1 {
			t.Errorf("%s: got %s, want %s; %d terminating", policy, got, want, *s.Terminating)
		}
		for _, pod := range all[*corev1.Pod](b, api.Pods) {
			if pod.DeletionTimestamp != nil {
				b.setPod(pod.Name, corev1.PodFailed, false)
			}
		}
		b.run(3 * time.Minute)
		if s := get[*batchv1.Job](b, api.Jobs, "work").Status; fmt.Sprint(*made) != "[0 0]" || s.Failed != 1 || s.Active != 1 {
			t.Errorf("%s: at last pods %v, %d failed", policy, *made, s.Failed)
		}
	}
}
