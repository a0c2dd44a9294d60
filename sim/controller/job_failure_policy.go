package controller

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// verdict is what a podFailurePolicy says of a failed pod: the action of the
// first rule that matches, "" if none does, and for FailJob the Job's message.
type verdict struct {
	action  batchv1.PodFailurePolicyAction
	message string
}

// counts says whether the failure counts against the limits of the Job.
func (v verdict) counts() bool { return v.action != batchv1.PodFailurePolicyActionIgnore }

// judge holds a failed pod against the rules of its Job, the first one first.
func judge(policy *batchv1.PodFailurePolicy, pod *corev1.Pod) verdict {
	if policy == nil {
		return verdict{}
	}
	for i, rule := range policy.Rules {
		cause := ""
		if rule.OnExitCodes != nil {
			if c := exitMatching(rule.OnExitCodes, pod); c != nil {
				cause = fmt.Sprintf("Container %s for pod %s/%s failed with exit code %d", c.Name, pod.Namespace, pod.Name, c.State.Terminated.ExitCode)
			}
		} else if t := conditionMatching(rule.OnPodConditions, pod); t != "" {
			cause = fmt.Sprintf("Pod %s/%s has condition %s", pod.Namespace, pod.Name, t)
		}
		if cause != "" {
			return verdict{rule.Action, fmt.Sprintf("%s matching %s rule at index %d", cause, rule.Action, i)}
		}
	}
	return verdict{}
}

// exitMatching is the first container, of the init containers at last, that has
// failed with an exit code of those meant, nil if there is none.
func exitMatching(r *batchv1.PodFailurePolicyOnExitCodesRequirement, pod *corev1.Pod) *corev1.ContainerStatus {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i, c := range statuses {
			if c.State.Terminated == nil || c.State.Terminated.ExitCode == 0 || r.ContainerName != nil && *r.ContainerName != c.Name {
				continue
			}
			listed := slices.Contains(r.Values, c.State.Terminated.ExitCode)
			if listed == (r.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn) {
				return &statuses[i]
			}
		}
	}
	return nil
}

// conditionMatching is the type of the first condition of a pod that is among those meant, "" if none is.
func conditionMatching(patterns []batchv1.PodFailurePolicyOnPodConditionsPattern, pod *corev1.Pod) corev1.PodConditionType {
	for _, c := range pod.Status.Conditions {
		if slices.ContainsFunc(patterns, func(p batchv1.PodFailurePolicyOnPodConditionsPattern) bool {
			return p.Type == c.Type && p.Status == c.Status
		}) {
			return c.Type
		}
	}
	return ""
}

// replacesFailedOnly says whether a pod that is being deleted is replaced only
// when it has ended. Whoever judges failures has to see how they ended.
func replacesFailedOnly(job *batchv1.Job) bool {
	return job.Spec.PodFailurePolicy != nil || deref(job.Spec.PodReplacementPolicy) == batchv1.Failed
}

// hasFailed says whether a pod counts as failed: also one that is being deleted,
// unless the Job waits for its end.
func (s *jobSync) hasFailed(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed ||
		podTerminating(pod) && !replacesFailedOnly(s.job)
}

// failure is the message of the first pod that lets the whole Job fail, "" if there is none.
func (s *jobSync) failure() string {
	for _, pod := range s.ended {
		if s.hasFailed(pod) {
			if v := judge(s.job.Spec.PodFailurePolicy, pod); v.action == batchv1.PodFailurePolicyActionFailJob {
				return v.message
			}
		}
	}
	return ""
}
