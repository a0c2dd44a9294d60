package kubelet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// report tells the API what has changed: in one patch, and not while the pod's
// worker is busy with something that will change more.
func (p *pod) report() {
	if !p.dirty || p.op.kind != opNone && !p.urgent {
		return
	}
	if p.gone {
		p.dirty, p.urgent = false, false
		return
	}
	s := p.status()
	stored, err := p.k.patchPod(p.key, p.obj.UID, func(present *corev1.PodStatus) { p.merge(present, s) })
	switch {
	case err == nil:
		before := p.told
		if before == nil {
			before = &p.obj.Status
		}
		p.told, p.toldAt = &stored.Status, stored.ResourceVersion
		p.dirty, p.urgent = false, false
		if conditionStatus(before, corev1.PodReady) != corev1.ConditionTrue && conditionStatus(p.told, corev1.PodReady) == corev1.ConditionTrue {
			p.tell(nil, "ready", "is Ready")
		}
	case apierrors.IsNotFound(err), errors.Is(err, errAnotherPod):
		p.dirty, p.urgent = false, false // the watch will say so too
	default:
		p.at(p.now() + statusRetry)
	}
}

// owned are the conditions that the kubelet keeps, in the order in which it writes them.
var owned = []corev1.PodConditionType{
	corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled,
}

// merge puts what the kubelet knows into the present status; what others own stays.
func (p *pod) merge(present, s *corev1.PodStatus) {
	now := p.stamp(p.now())
	conditions := s.Conditions
	for i := range conditions {
		conditions[i].LastTransitionTime = now
		for _, old := range present.Conditions {
			if old.Type == conditions[i].Type && old.Status == conditions[i].Status {
				conditions[i].LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	for _, old := range present.Conditions {
		if !slices.Contains(owned, old.Type) {
			conditions = append(conditions, old)
		}
	}
	present.Conditions = conditions
	present.ObservedGeneration = s.ObservedGeneration
	present.Phase, present.Reason, present.Message = s.Phase, s.Reason, s.Message
	present.StartTime = s.StartTime
	present.InitContainerStatuses, present.ContainerStatuses = s.InitContainerStatuses, s.ContainerStatuses
	present.HostIP, present.HostIPs, present.PodIP, present.PodIPs = s.HostIP, s.HostIPs, s.PodIP, s.PodIPs
}

// status is the pod's status as this kubelet knows it.
func (p *pod) status() *corev1.PodStatus {
	if p.started == nil {
		t := p.stamp(p.now())
		p.started = &t
	}
	s := &corev1.PodStatus{ObservedGeneration: p.obj.Generation, StartTime: p.started, Reason: p.verdict.reason, Message: p.verdict.message}
	if p.rejected() {
		s.Phase = corev1.PodFailed
		return s
	}
	if host := p.k.cfg.Node.Address; host != "" {
		s.HostIP, s.HostIPs = host, []corev1.HostIP{{IP: host}}
	}
	if p.box.ip.IsValid() {
		ip := p.box.ip.String()
		s.PodIP, s.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	}
	s.InitContainerStatuses = p.containerStatuses(p.inits)
	s.ContainerStatuses = p.containerStatuses(p.mains)
	s.Phase = p.phase()
	s.Conditions = p.conditions(s)
	return s
}

func (p *pod) rejected() bool {
	return p.stage == stageEnded && p.verdict.reason != "" && strings.HasPrefix(p.verdict.message, "Pod was rejected: ")
}

func (p *pod) containerStatuses(list []*container) []corev1.ContainerStatus {
	if len(list) == 0 {
		return nil
	}
	out := make([]corev1.ContainerStatus, len(list))
	for i, c := range list {
		p.fill(&out[i], c)
	}
	return out
}

// fill writes one container's status.
func (p *pod) fill(s *corev1.ContainerStatus, c *container) {
	started := c.started && c.alive()
	s.Name, s.Image, s.Started = c.spec.Name, c.spec.Image, &started
	s.Ready = c.ready && c.alive() || c.kind == initContainer && c.succeeded()
	for _, m := range c.spec.VolumeMounts {
		s.VolumeMounts = append(s.VolumeMounts, corev1.VolumeMountStatus{Name: m.Name, MountPath: m.MountPath, ReadOnly: m.ReadOnly})
	}
	r := c.run
	if r != nil {
		s.RestartCount, s.ContainerID = r.attempt, r.id
		if r.image.name != "" {
			s.Image, s.ImageID = r.image.name, repository(r.image.name)+"@"+r.image.digest
		}
		if r.before != nil {
			s.LastTerminationState.Terminated = r.before
		}
	}
	switch {
	case c.alive():
		s.State.Running = &corev1.ContainerStateRunning{StartedAt: p.stamp(r.started)}
		s.Resources = c.spec.Resources.DeepCopy()
		s.AllocatedResources = s.Resources.Requests
	case p.stage == stageEnded && r == nil && p.obj.DeletionTimestamp != nil:
		s.State.Terminated = &corev1.ContainerStateTerminated{
			ExitCode: killed, Reason: "ContainerStatusUnknown", Message: "The container could not be located when the pod was terminated",
		}
	case c.waiting != nil && p.stage != stageEnded:
		s.State.Waiting = c.waiting
		if r != nil {
			s.LastTerminationState.Terminated = p.terminated(r)
		}
	case r != nil:
		s.State.Terminated = p.terminated(r)
	case len(p.inits) > 0:
		s.State.Waiting = &corev1.ContainerStateWaiting{Reason: "PodInitializing"}
	default:
		s.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	}
}

// repository is a full image name without tag and digest.
func repository(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	return name
}

// phase follows the real kubelet's rules: what the containers do, and whether
// those that have ended will be started again.
func (p *pod) phase() corev1.PodPhase {
	if p.verdict.reason != "" {
		return corev1.PodFailed
	}
	var alive, over, well, yet int
	for _, c := range p.mains {
		switch {
		case c.alive():
			alive++
		case c.run != nil:
			over++
			if c.run.code == 0 {
				well++
			}
		default:
			yet++
		}
	}
	if p.stage == stageEnded {
		if well == len(p.mains) {
			return corev1.PodSucceeded
		}
		return corev1.PodFailed
	}
	switch {
	case yet > 0 || alive+over == 0:
		return corev1.PodPending
	case !p.begun():
		return corev1.PodPending
	}
	return corev1.PodRunning
}

// begun says whether the pod's main containers have had their turn.
func (p *pod) begun() bool {
	for _, c := range p.inits {
		if c.run == nil || c.kind == initContainer && (c.alive() || c.run.code != 0) && p.stage != stageRunning {
			return false
		}
	}
	return true
}

// conditions are the kubelet's own conditions.
func (p *pod) conditions(s *corev1.PodStatus) []corev1.PodCondition {
	out := make([]corev1.PodCondition, 0, len(owned)+len(p.obj.Status.Conditions))
	add := func(t corev1.PodConditionType, status bool, reason, message string) {
		c := corev1.PodCondition{Type: t, Status: corev1.ConditionFalse, Reason: reason, Message: message, ObservedGeneration: p.obj.Generation}
		if status {
			c.Status = corev1.ConditionTrue
		}
		out = append(out, c)
	}
	add(corev1.PodReadyToStartContainers, p.box.ready, "", "")

	incomplete := p.names(p.inits, func(c *container) bool { return !p.hasDone(c) })
	switch {
	case s.Phase == corev1.PodSucceeded:
		add(corev1.PodInitialized, true, "PodCompleted", "")
	case len(incomplete) == 0 || p.mainsHaveRun():
		add(corev1.PodInitialized, true, "", "")
	default:
		add(corev1.PodInitialized, false, "ContainersNotInitialized", fmt.Sprintf("containers with incomplete status: %s", incomplete))
	}

	ready, reason, message := p.containersReady(s.Phase)
	if ready {
		if gates := p.closedGates(); gates != "" {
			add(corev1.PodReady, false, "ReadinessGatesNotReady", gates)
		} else {
			add(corev1.PodReady, true, "", "")
		}
	} else {
		add(corev1.PodReady, false, reason, message)
	}
	add(corev1.ContainersReady, ready, reason, message)
	add(corev1.PodScheduled, true, "", "")
	return out
}

func (p *pod) mainsHaveRun() bool {
	for _, c := range p.mains {
		if c.run != nil {
			return true
		}
	}
	return false
}

func (p *pod) containersReady(phase corev1.PodPhase) (ready bool, reason, message string) {
	switch phase {
	case corev1.PodSucceeded:
		return false, "PodCompleted", ""
	case corev1.PodFailed:
		return false, "PodFailed", ""
	}
	unready := p.names(p.all, func(c *container) bool { return c.kind != initContainer && !(c.alive() && c.ready) })
	if len(unready) > 0 {
		return false, "ContainersNotReady", fmt.Sprintf("containers with unready status: %s", unready)
	}
	return true, "", ""
}

func (p *pod) names(list []*container, which func(*container) bool) []string {
	var out []string
	for _, c := range list {
		if which(c) {
			out = append(out, c.spec.Name)
		}
	}
	return out
}

// closedGates says which of the pod's readiness gates are not open.
func (p *pod) closedGates() string {
	var out []string
	for _, g := range p.obj.Spec.ReadinessGates {
		i := slices.IndexFunc(p.obj.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == g.ConditionType })
		switch {
		case i < 0:
			out = append(out, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", string(g.ConditionType)))
		case p.obj.Status.Conditions[i].Status != corev1.ConditionTrue:
			out = append(out, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %v", string(g.ConditionType), p.obj.Status.Conditions[i].Status))
		}
	}
	return strings.Join(out, ", ")
}
