package kubelet

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	v1helper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// Reasons and messages of admission, as the scheduler's plugins of these names have them.
const (
	reasonAffinity = "NodeAffinity"
	reasonPorts    = "NodePorts"
	reasonTaints   = "TaintToleration"
)

// admit decides whether the pod may run here, once: a pod that was bound past
// the scheduler, or too late, may not fit.
func (p *pod) admit() bool {
	if t := p.obj.Status.Phase; t == corev1.PodSucceeded || t == corev1.PodFailed {
		p.recall()
		p.stage = stageEnded
		return false
	}
	p.recall()
	if v := p.unfit(); v.reason != "" {
		p.event(corev1.EventTypeWarning, v.reason, v.message)
		p.tell(nil, "reject", "is turned away by "+p.k.Name()+": "+v.message)
		p.verdict = verdict{v.reason, "Pod was rejected: " + v.message}
		p.stage = stageEnded
		p.changeNow()
		return false
	}
	p.k.used.add(p)
	if p.started == nil {
		t := p.stamp(p.now())
		p.started = &t
		p.tell(nil, "admit", "is bound to "+p.k.Name()+", whose kubelet takes it on")
	}
	p.stage = stageVolumes
	p.changeNow()
	return true
}

// recall takes up what the API and the machine know of the pod from before this
// kubelet started.
func (p *pod) recall() {
	p.started = p.obj.Status.StartTime
	statuses := append(append([]corev1.ContainerStatus(nil), p.obj.Status.InitContainerStatuses...), p.obj.Status.ContainerStatuses...)
	for _, c := range p.all {
		for i := range statuses {
			if statuses[i].Name == c.spec.Name {
				c.recall(p, &statuses[i])
			}
		}
	}
}

// unfit says why the pod cannot run here; an empty reason if it can. The checks
// and their order are those of the kubelet's predicate admission.
func (p *pod) unfit() verdict {
	if v := p.k.used.lacks(p); v.reason != "" {
		return v
	}
	node := p.k.node()
	if node != nil {
		// As the real kubelet does, affinity is checked with the node's present labels.
		if match, err := nodeaffinity.GetRequiredNodeAffinity(p.obj).Match(node); err != nil || !match {
			return predicate(reasonAffinity, "node(s) didn't match Pod's node affinity/selector")
		}
	}
	if p.k.used.portsTaken(p) {
		return predicate(reasonPorts, "node(s) didn't have free ports for the requested pod ports")
	}
	if node != nil {
		noExecute := func(t *corev1.Taint) bool { return t.Effect == corev1.TaintEffectNoExecute }
		if _, bad := v1helper.FindMatchingUntoleratedTaint(klog.Logger{}, node.Spec.Taints, p.obj.Spec.Tolerations, noExecute, true); bad {
			return predicate(reasonTaints, "node(s) had taints that the pod didn't tolerate")
		}
	}
	return verdict{}
}

func predicate(name, text string) verdict {
	return verdict{name, fmt.Sprintf("Predicate %s failed: %s", name, text)}
}

// waitForNode is a pod's time before the node is ready.
func (p *pod) waitForNode() {
	if !p.waiting && !p.box.running() {
		p.waiting = true
		p.tell(nil, "wait", "waits until "+p.k.Name()+" is ready: container runtime and network come first")
	}
}

// setUpSandbox gives the pod its sandbox: the pause container and the network
// namespace that its containers share, with the pod's address.
func (p *pod) setUpSandbox() bool {
	if p.box.ready || len(p.box.runs) > 0 && p.obj.Spec.RestartPolicy == corev1.RestartPolicyNever {
		p.stage = stageRunning // with Never, what has ended with the machine stays so
		return true
	}
	if p.op.kind != opSandbox {
		p.op = operation{kind: opSandbox, due: p.now() + p.k.take(sandboxTime, p.name, "sandbox", p.box.made)}
	}
	if p.op.due > p.now() {
		p.at(p.op.due)
		return false
	}
	p.op = operation{}
	ip, ok := p.address()
	if !ok {
		p.op = operation{kind: opSandbox, due: p.now() + syncRetry}
		p.at(p.op.due)
		return false
	}
	if p.box.made > 0 {
		p.event(corev1.EventTypeNormal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
	}
	p.box.pod, p.box.ip, p.box.ready, p.box.since = p.obj, ip, true, p.now()
	p.box.made++
	p.stage = stageRunning
	p.change()
	p.tell(nil, "sandbox", "has its sandbox, with the address "+ip.String())
	return true
}

// address is the pod's address: the node's own with hostNetwork, else the next free one of the node's range.
func (p *pod) address() (netip.Addr, bool) {
	if p.obj.Spec.HostNetwork {
		a, err := netip.ParseAddr(p.k.cfg.Node.Address)
		return a, err == nil
	}
	cidr, ok := p.k.network()
	if !ok {
		p.event(corev1.EventTypeWarning, "NetworkNotReady", "network is not ready: "+networkNotReady)
		p.tell(nil, "wait", "waits for the node's network: no range of pod addresses (spec.podCIDR) is assigned to "+p.k.Name())
		return netip.Addr{}, false
	}
	a, ok := p.k.machine.lease(cidr, p.obj.UID)
	if !ok {
		p.event(corev1.EventTypeWarning, "FailedCreatePodSandBox", fmt.Sprintf(
			"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type=\"ptp\" failed (add): failed to allocate for range 0: no IP addresses available in range set: %s", cidr))
		p.tell(nil, "wait", "gets no address: all of "+cidr.String()+" are in use")
	}
	return a, ok
}
