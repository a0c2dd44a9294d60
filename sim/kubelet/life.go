package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// Life is the record of a transition in a pod's life on its node.
type Life struct {
	Pod       string        `json:"pod"`
	Node      string        `json:"node"`
	Container string        `json:"container,omitempty"`
	Did       string        `json:"did"`            // admit, reject, wait, mount, sandbox, pull, start, ready, exit, backoff, stop, end, forgot, …
	Text      string        `json:"text,omitempty"` // the same for a person; "" when it is of no interest
	Lasts     time.Duration `json:"lastsNs,omitempty"`
}

// Kind is "pod".
func (Life) Kind() string { return "pod" }

// Tell is the text with what it is about: "pod default/redis-1, container redis: runs".
func (l Life) Tell() string {
	switch {
	case l.Text == "":
		return ""
	case l.Container != "":
		return "pod " + l.Pod + ", container " + l.Container + ": " + l.Text
	}
	return "pod " + l.Pod + ": " + l.Text
}

// tell records a transition and makes it the cause of what follows.
func (k *Kubelet) tell(pod, container, did, text string) {
	k.cfg.Process.Trace.Then(Life{Pod: pod, Node: k.Name(), Container: container, Did: did, Text: text})
}

// tellLasting is tell for something that takes time, which is known.
func (k *Kubelet) tellLasting(pod, container, did, text string, d time.Duration) {
	k.cfg.Process.Trace.Then(Life{Pod: pod, Node: k.Name(), Container: container, Did: did, Text: text, Lasts: d})
}

// NodeState is the record of what became of the node itself.
type NodeState struct {
	Node string `json:"node"`
	Did  string `json:"did"` // register, ready, silent, heard
	Text string `json:"text"`
}

// Kind is "node".
func (NodeState) Kind() string { return "node" }

// Tell is the text with the node's name.
func (n NodeState) Tell() string { return "node " + n.Node + ": " + n.Text }

func (k *Kubelet) tellNode(did, text string) {
	k.cfg.Process.Trace.Then(NodeState{Node: k.Name(), Did: did, Text: text})
}

// Heartbeat is the record of a renewed Lease. It tells nothing.
type Heartbeat struct {
	Node string `json:"node"`
}

// Kind is "heartbeat".
func (Heartbeat) Kind() string { return "heartbeat" }

// event reports an Event about the pod.
func (p *pod) event(kind, reason, message string) {
	if !p.k.cfg.Instant {
		p.k.cfg.Process.Events.EventFor(p.reference(""), kind, reason, message)
	}
}

// containerEvent reports an Event about one container of the pod.
func (p *pod) containerEvent(c *container, kind, reason, message string) {
	if !p.k.cfg.Instant {
		p.k.cfg.Process.Events.EventFor(p.reference(c.path), kind, reason, message)
	}
}

func (p *pod) reference(path string) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: "v1", Kind: api.Pods.Kind, Namespace: p.key.Namespace, Name: p.key.Name, UID: p.obj.UID, FieldPath: path,
	}
}

// nodeEvent reports an Event about the node; its UID is the node's name, as the real kubelet has it.
func (k *Kubelet) nodeEvent(kind, reason, message string) {
	if !k.cfg.Instant {
		k.cfg.Process.Events.EventFor(corev1.ObjectReference{
			Kind: api.Nodes.Kind, Name: k.Name(), UID: nodeUID(k.Name()),
		}, kind, reason, message)
	}
}
