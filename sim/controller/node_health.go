package controller

import (
	"fmt"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/trace"
)

// healthUpdateTries is how often a round tries to write a node's status that others write, too.
const healthUpdateTries = 5

// check is the monitor's look at one node.
func (l *nodeLifecycle) check(name string) {
	node, ok := l.caches.Nodes.Get(api.Key{Name: name})
	if !ok {
		l.forget(name)
		return
	}
	h := l.nodes[name]
	if h == nil {
		h = l.register(node)
	}
	observed := nodeStatusOf(node, corev1.NodeReady)
	node, err := l.judge(node, h)
	if err != nil {
		l.retry(name, err)
		return
	}
	l.count(node, h)
	current := nodeStatusOf(node, corev1.NodeReady)
	if current == "" {
		return
	}
	if err := l.taintByReadiness(node, observed); err != nil {
		l.retry(name, err)
	}
	fell := current != corev1.ConditionTrue && observed == corev1.ConditionTrue
	if fell {
		l.nodeEvent(nodeReference(node.Name, node.UID), "NodeNotReady", fmt.Sprintf("Node %s status is now: NodeNotReady", name))
	}
	if fell || h.remind && observed != corev1.ConditionTrue {
		err := l.markPodsNotReady(name, l.caches.Pods.By(byNode, name))
		if h.remind = err != nil; err != nil {
			l.retry(name, err)
		}
	}
}

// retry has the next round look at the node again.
func (l *nodeLifecycle) retry(name string, err error) {
	e := l.process.Engine
	next := l.rounds.after(e.Now())
	l.process.Trace.Add(component.Failed(nodeLifecycleName, name, err, next-e.Now()))
	l.look(name, next)
}

// register begins to watch over a node.
func (l *nodeLifecycle) register(node *corev1.Node) *nodeHealth {
	e := l.process.Engine
	h := &nodeHealth{probe: e.Now()}
	if c := nodeCondition(node, corev1.NodeReady); c != nil {
		h.heartbeat = c.LastHeartbeatTime
	} else {
		h.probe = l.virtual(node.CreationTimestamp.Time)
	}
	if lease, ok := l.caches.Leases.Get(api.Key{Namespace: corev1.NamespaceNodeLease, Name: node.Name}); ok && lease.Spec.RenewTime != nil {
		h.renewed, h.probe = *lease.Spec.RenewTime, e.Now()
	}
	l.nodes[node.Name] = h
	l.nodeEvent(nodeReference(node.Name, node.UID), "RegisteredNode", fmt.Sprintf("Node %[1]s event: Registered Node %[1]s in Controller", node.Name))
	return h
}

// forget ends the watch over a node that is gone.
func (l *nodeLifecycle) forget(name string) {
	h := l.nodes[name]
	if h == nil {
		return
	}
	l.uncount(h)
	if z := l.zones[h.zone]; z != nil {
		z.remove(name)
	}
	delete(l.nodes, name)
	l.nodeEvent(nodeReference(name, ""), "RemovingNode", fmt.Sprintf("Node %[1]s event: Removing Node %[1]s from Controller", name))
}

func nodeReference(name string, uid types.UID) corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "Node", Name: name, UID: uid}
}

// notice takes a heartbeat in the node's status as a sign of life, counted from the round that sees it.
func (l *nodeLifecycle) notice(h *nodeHealth, node *corev1.Node) {
	if c := nodeCondition(node, corev1.NodeReady); c != nil && !c.LastHeartbeatTime.Equal(&h.heartbeat) {
		h.heartbeat, h.probe = c.LastHeartbeatTime, l.upcoming()
		h.cause = l.process.Engine.Cause()
	}
}

// renew takes a renewed lease as a sign of life.
func (l *nodeLifecycle) renew(h *nodeHealth, lease *coordinationv1.Lease) {
	if r := lease.Spec.RenewTime; r != nil && h.renewed.Before(r) {
		h.renewed, h.probe = *r, l.upcoming()
		h.cause = l.process.Engine.Cause()
	}
}

// judge marks a node's conditions Unknown when it has been silent for longer
// than its grace period, and returns the node as it is then. Otherwise it sees to
// it that the round in which that period ends looks at the node.
func (l *nodeLifecycle) judge(node *corev1.Node, h *nodeHealth) (*corev1.Node, error) {
	e := l.process.Engine
	for try := 1; ; try++ {
		grace := l.options.NodeMonitorGracePeriod
		if nodeCondition(node, corev1.NodeReady) == nil {
			grace = l.options.NodeStartupGracePeriod
		}
		if e.Now() <= h.probe+grace {
			l.look(node.Name, l.rounds.after(h.probe+grace))
			return node, nil
		}
		unknown := withUnknownConditions(node, wholeSeconds(l.process))
		if equality.Semantic.DeepEqual(nodeCondition(unknown, corev1.NodeReady), nodeCondition(node, corev1.NodeReady)) {
			return node, nil
		}
		l.process.Trace.Then(component.Reconciled{
			Controller: nodeLifecycleName, Resource: api.Nodes.Singular, Key: node.Name,
			Do: "set Ready, MemoryPressure, DiskPressure and PIDPressure to Unknown", Because: l.silence(node, h),
		})
		stored, err := api.UpdateStatus(l.process.As(nodeAccount), unknown)
		if err == nil {
			return stored, nil
		}
		if !apierrors.IsConflict(err) || try == healthUpdateTries {
			return nil, err
		}
		if node, err = api.Get[*corev1.Node](l.process.As(nodeAccount), api.Nodes, api.KeyOf(node)); err != nil {
			return nil, err
		}
		l.notice(h, node)
	}
}

// silence says since when nothing has been heard and which setting judges it.
func (l *nodeLifecycle) silence(node *corev1.Node, h *nodeHealth) string {
	last := h.heartbeat.Time
	if h.renewed.After(last) {
		last = h.renewed.Time
	}
	if last.IsZero() {
		return fmt.Sprintf("its kubelet has never posted a status, and node-startup-grace-period %s is over", tellDuration(l.options.NodeStartupGracePeriod))
	}
	period, grace := tellDuration(l.options.NodeMonitorPeriod), tellDuration(l.options.NodeMonitorGracePeriod)
	return fmt.Sprintf("last heartbeat at %s, noticed at %s, in the next round (node-monitor-period %s); this is the first round after %[2]s + node-monitor-grace-period %[4]s",
		tellInstant(l.virtual(last)), tellInstant(h.probe), period, grace)
}

// virtual is the virtual time of a date.
func (l *nodeLifecycle) virtual(t time.Time) time.Duration {
	return l.process.Engine.Now() - l.process.Engine.Since(t)
}

// tellInstant writes a virtual time in seconds, to the millisecond.
func tellInstant(t time.Duration) string { return trace.Seconds(t.Round(time.Millisecond)) + "s" }

// tellDuration writes 50 s as "50s" and six minutes as "6m".
func tellDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// withUnknownConditions is a copy of the node with the conditions that its kubelet answers for set to Unknown.
func withUnknownConditions(node *corev1.Node, now metav1.Time) *corev1.Node {
	node = node.DeepCopy()
	for _, t := range []corev1.NodeConditionType{corev1.NodeReady, corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		c := nodeCondition(node, t)
		switch {
		case c == nil:
			node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{
				Type: t, Status: corev1.ConditionUnknown, Reason: "NodeStatusNeverUpdated", Message: "Kubelet never posted node status.",
				LastHeartbeatTime: node.CreationTimestamp, LastTransitionTime: now,
			})
		case c.Status != corev1.ConditionUnknown:
			c.Status, c.Reason, c.Message = corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
			c.LastTransitionTime = now
		}
	}
	return node
}

// markPodsNotReady sets Ready to False on those pods of a node that have the
// condition, as their kubelet cannot do it.
func (l *nodeLifecycle) markPodsNotReady(node string, pods []*corev1.Pod) error {
	pods = slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool {
		c := podCondition(pod, corev1.PodReady)
		return c == nil || c.Status == corev1.ConditionFalse
	})
	if len(pods) == 0 {
		return nil
	}
	which := tellPods(pods)
	if len(pods) > 5 {
		which = fmt.Sprintf("%d pods", len(pods))
	}
	l.process.Trace.Then(component.Reconciled{
		Controller: nodeLifecycleName, Resource: api.Nodes.Singular, Key: node, Do: "set Ready of " + which + " on it to False",
		Because: "its kubelet cannot: they are no longer ready endpoints of their Services",
	})
	var first error
	for _, pod := range pods {
		pod = pod.DeepCopy()
		c := podCondition(pod, corev1.PodReady)
		c.Status, c.LastTransitionTime = corev1.ConditionFalse, wholeSeconds(l.process)
		if _, err := api.UpdateStatus(l.process.As(nodeAccount), pod); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			if first == nil {
				first = err
			}
			if component.Unreachable(err) {
				break
			}
			continue
		}
		l.recorder.Event(pod, corev1.EventTypeWarning, "NodeNotReady", "Node is not ready")
	}
	return first
}
