package scenario

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Standing is how a compose service stands at the end of a run.
type Standing struct {
	Service string `json:"service"`
	Ready   int64  `json:"ready"`         // pods that are ready, or that have done their work
	Pods    int64  `json:"pods"`          // pods that are not being deleted
	Why     string `json:"why,omitempty"` // what the first pod waits for that is not ready
}

func (s Standing) String() string {
	text := fmt.Sprintf("%s: %d of %s ready", s.Service, s.Ready, count(s.Pods, "pod"))
	if s.Pods == 0 {
		text = s.Service + ": no pods"
	}
	if s.Why != "" {
		text += "; " + s.Why
	}
	return text
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Standings tells of every service, in the order of the file.
func (r *Runner) Standings() []Standing {
	var out []Standing
	for _, name := range r.Scenario.Compose.Services {
		s := Standing{Service: name}
		for _, p := range r.View.Pods(name) {
			if p.DeletionTimestamp != nil {
				continue
			}
			s.Pods++
			switch why := r.unready(p); {
			case why == "":
				s.Ready++
			case s.Why == "":
				s.Why = "pod " + p.Name + " " + why
			}
		}
		out = append(out, s)
	}
	return out
}

// unready says why a pod is not ready, as its status has it; "" when it is, or has done its work.
func (r *Runner) unready(p *corev1.Pod) string {
	if readyPod(p) || p.Status.Phase == corev1.PodSucceeded {
		return ""
	}
	if p.Spec.NodeName == "" {
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Message != "" {
				return "has no node: " + c.Message
			}
		}
		return "has no node yet"
	}
	if !r.View.NodeReady(p.Spec.NodeName) {
		return "is on " + p.Spec.NodeName + ", which is not ready"
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if why := stuck(c, slices.ContainsFunc(p.Spec.InitContainers, func(i corev1.Container) bool { return i.Name == c.Name })); why != "" {
			return why
		}
	}
	return "is " + string(p.Status.Phase)
}

// stuck says what keeps a container from being ready.
func stuck(c corev1.ContainerStatus, init bool) string {
	switch {
	case c.State.Waiting != nil && c.State.Waiting.Reason == "PodInitializing":
		return ""
	case c.State.Waiting != nil:
		return strings.TrimSuffix("waits: container "+c.Name+" is "+c.State.Waiting.Reason+": "+c.State.Waiting.Message, ": ")
	case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
		return fmt.Sprintf("has failed: container %s ended with code %d", c.Name, c.State.Terminated.ExitCode)
	case init && c.State.Running != nil:
		return "waits for its init container " + c.Name
	case c.State.Running != nil && !c.Ready:
		return "waits for its readiness probe: container " + c.Name
	}
	return ""
}

// troubled are the standings of services that have not all they want.
func troubled(all []Standing) []Standing {
	return slices.DeleteFunc(slices.Clone(all), func(s Standing) bool { return s.Why == "" })
}
