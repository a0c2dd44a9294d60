package kinds

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podStatusUpdate validates a report of a pod's state.
func (f *faults) podStatusUpdate(new, old *corev1.Pod) {
	f.annotationChanges(new, old)
	f.conditions(new.Status.Conditions)
	if new.Spec.NodeName != old.Spec.NodeName {
		f.forbidden(statusPath, "nodeName", "may not be changed directly")
	}
	if n := new.Status.NominatedNodeName; n != old.Status.NominatedNodeName {
		ifGiven(f, statusPath, "nominatedNodeName", n, dnsSubdomain)
	}
	f.immutable(statusPath, "qosClass", new.Status.QOSClass, old.Status.QOSClass)
	f.endedContainers(statusPath.Child("containerStatuses"), new.Status.ContainerStatuses, old.Status.ContainerStatuses, &old.Spec, old.Spec.Containers)
	f.endedContainers(statusPath.Child("initContainerStatuses"), new.Status.InitContainerStatuses, old.Status.InitContainerStatuses, &old.Spec, old.Spec.InitContainers)
	f.endedContainers(statusPath.Child("ephemeralContainerStatuses"), new.Status.EphemeralContainerStatuses, old.Status.EphemeralContainerStatuses,
		&corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever}, nil)
	f.podIPs(new, old)
}

func (f *faults) conditions(conditions []corev1.PodCondition) {
	for i, c := range conditions {
		idx := statusPath.Child("conditions").Index(i)
		if c.ObservedGeneration < 0 {
			f.invalid(idx, "observedGeneration", c.ObservedGeneration, "must be a non-negative integer")
		}
		f.rule(idx, "Type", string(c.Type), qualifiedName)
	}
}

// endedContainers forbids containers that will not run again to run again.
func (f *faults) endedContainers(p *field.Path, new, old []corev1.ContainerStatus, spec *corev1.PodSpec, containers []corev1.Container) {
	for i, was := range old {
		if was.State.Terminated == nil || mayRestart(spec.RestartPolicy, containers, was) {
			continue
		}
		for _, is := range new {
			if is.Name == was.Name && is.State.Terminated == nil {
				f.forbidden(p.Index(i), "state", "may not be transitioned to non-terminated state")
			}
		}
	}
}

// mayRestart reports whether a container that has ended can start again, by its
// own policy or else by the pod's.
func mayRestart(policy corev1.RestartPolicy, containers []corev1.Container, was corev1.ContainerStatus) bool {
	for i := range containers {
		if c := &containers[i]; c.Name == was.Name && c.RestartPolicy != nil {
			if len(c.RestartPolicyRules) > 0 {
				return true
			}
			policy = corev1.RestartPolicy(*c.RestartPolicy)
		}
	}
	return policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && was.State.Terminated.ExitCode != 0
}
