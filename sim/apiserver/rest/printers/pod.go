package printers

import (
	"fmt"
	"reflect"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func itoa(n int) string { return strconv.Itoa(n) }

var pods = map[reflect.Type]printer{reflect.TypeFor[*corev1.Pod](): podPrinter()}

func podPrinter() printer {
	p := of(columns("Name|Ready|Status|Restarts|Age|IP*|Node*|Nominated Node*|Readiness Gates*", map[string]string{
		"Ready":           "How many of the pod's containers are ready, of how many.",
		"Status":          "What the states of the pod's containers come to.",
		"Restarts":        "How often containers of the pod have been restarted, and how long ago the last one was.",
		"IP":              corev1.PodStatus{}.SwaggerDoc()["podIP"],
		"Node":            corev1.PodSpec{}.SwaggerDoc()["nodeName"],
		"Nominated Node":  corev1.PodStatus{}.SwaggerDoc()["nominatedNodeName"],
		"Readiness Gates": corev1.PodSpec{}.SwaggerDoc()["readinessGates"],
	}), podCells)
	p.marks = func(o api.Object) []metav1.TableRowCondition {
		switch o.(*corev1.Pod).Status.Phase {
		case corev1.PodSucceeded:
			return []metav1.TableRowCondition{{Type: metav1.RowCompleted, Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "The pod has completed successfully."}}
		case corev1.PodFailed:
			return []metav1.TableRowCondition{{Type: metav1.RowCompleted, Status: metav1.ConditionTrue, Reason: "Failed", Message: "The pod failed."}}
		}
		return nil
	}
	return p
}

func podCells(p *corev1.Pod, now time.Time) []any {
	s := summarize(p)
	ip := none
	if len(p.Status.PodIPs) > 0 {
		ip = or(p.Status.PodIPs[0].IP, none)
	}
	restarts := itoa(s.restarts)
	if s.restarts != 0 && !s.restarted.IsZero() {
		restarts += " (" + since(s.restarted, now) + " ago)"
	}
	return []any{
		p.Name, fmt.Sprintf("%d/%d", s.ready, s.total), s.reason, restarts, age(p, now),
		ip, or(p.Spec.NodeName, none), or(p.Status.NominatedNodeName, none), gates(p),
	}
}

// summary is what the states of a pod's containers come to.
type summary struct {
	reason       string
	ready, total int
	restarts     int
	restarted    metav1.Time // the last time
}

func (s *summary) count(c *corev1.ContainerStatus) {
	s.restarts += int(c.RestartCount)
	if t := c.LastTerminationState.Terminated; t != nil && s.restarted.Before(&t.FinishedAt) {
		s.restarted = t.FinishedAt
	}
}

// nodeLost is the reason of a pod whose node does not answer.
const nodeLost = "NodeLost"

func summarize(p *corev1.Pod) summary {
	s := summary{reason: or(p.Status.Reason, string(p.Status.Phase)), total: len(p.Spec.Containers)}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonSchedulingGated {
			s.reason = corev1.PodReasonSchedulingGated
		}
	}
	sidecars, initializing := s.initial(p)
	if !initializing || holds(p, corev1.PodInitialized) {
		s.restarts, s.restarted = sidecars.restarts, sidecars.restarted // of other init containers nobody speaks any more
		s.main(p)
	}
	switch {
	case p.DeletionTimestamp == nil:
	case p.Status.Reason == nodeLost:
		s.reason = "Unknown"
	case p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed:
		s.reason = "Terminating"
	}
	return s
}

// initial looks at the init containers up to the first that is not done. It
// returns the restarts of sidecars alone, and whether the pod is still being prepared.
func (s *summary) initial(p *corev1.Pod) (sidecars summary, initializing bool) {
	sidecar := map[string]bool{}
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			sidecar[c.Name] = true
			s.total++
		}
	}
	for i := range p.Status.InitContainerStatuses {
		c := &p.Status.InitContainerStatuses[i]
		s.count(c)
		if sidecar[c.Name] {
			sidecars.count(c)
		}
		ended, waits := c.State.Terminated, c.State.Waiting
		switch {
		case ended != nil && ended.ExitCode == 0:
			continue
		case sidecar[c.Name] && c.Started != nil && *c.Started:
			if c.Ready {
				s.ready++
			}
			continue
		case ended != nil:
			s.reason = "Init:" + ending(ended)
		case waits != nil && waits.Reason != "" && waits.Reason != "PodInitializing":
			s.reason = "Init:" + waits.Reason
		default:
			s.reason = fmt.Sprintf("Init:%d/%d", i, len(p.Spec.InitContainers))
		}
		return sidecars, true
	}
	return sidecars, false
}

// main looks at the containers themselves, the first of which has the last word.
func (s *summary) main(p *corev1.Pod) {
	running, failed := false, ""
	for i := len(p.Status.ContainerStatuses) - 1; i >= 0; i-- {
		c := &p.Status.ContainerStatuses[i]
		s.count(c)
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			s.reason = c.State.Waiting.Reason
		case c.State.Terminated != nil:
			s.reason = ending(c.State.Terminated)
			if c.State.Terminated.ExitCode != 0 {
				failed = s.reason
			}
		case c.Ready && c.State.Running != nil:
			running = true
			s.ready++
		}
	}
	if s.reason != "Completed" {
		return
	}
	switch {
	case running && holds(p, corev1.PodReady):
		s.reason = "Running"
	case failed != "":
		s.reason = failed
	case running:
		s.reason = "NotReady"
	}
}

func ending(t *corev1.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	}
	return fmt.Sprintf("ExitCode:%d", t.ExitCode)
}

func holds(p *corev1.Pod, t corev1.PodConditionType) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == t && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// gates is how many readiness gates are open, of how many.
func gates(p *corev1.Pod) string {
	if len(p.Spec.ReadinessGates) == 0 {
		return none
	}
	n := 0
	for _, g := range p.Spec.ReadinessGates {
		if holds(p, g.ConditionType) {
			n++
		}
	}
	return fmt.Sprintf("%d/%d", n, len(p.Spec.ReadinessGates))
}
