package controller

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	coordinationv1 "k8s.io/api/coordination/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

const nodeLifecycleName = "node-lifecycle-controller"

// The kinds of work of the node lifecycle controller.
const (
	monitorWork  = "monitor"  // a round of the node monitor; the key is its time
	taintWork    = "taint"    // bring a node's NoSchedule taints in line with its conditions
	evictWork    = "evict"    // taint the next nodes of a zone with NoExecute
	notReadyWork = "notready" // mark a pod that was bound to a silent node not ready
)

// nodeLifecycle watches over the nodes: it marks those that have fallen silent,
// taints nodes by their conditions and limits how fast pods are driven off.
//
// The original looks at every node in every round (--node-monitor-period). Here
// a round looks only at nodes whose grace period may be over or of which
// something has changed, at the same instants and with the same outcome.
type nodeLifecycle struct {
	process  *component.Process
	caches   *Caches
	options  Options
	recorder *component.Recorder

	started bool
	rounds  grid // of the monitor
	passes  grid // of the NoExecute tainting

	nodes   map[string]*nodeHealth
	due     map[time.Duration][]string // whom a round to come looks at
	zones   map[string]*zone
	recount bool // a zone's counts have changed
}

// nodeHealth is what the monitor remembers of a node that it has seen.
type nodeHealth struct {
	probe     time.Duration // the round in which its last sign of life was noticed
	heartbeat metav1.Time   // that sign: of its Ready condition …
	renewed   metav1.MicroTime
	cause     trace.ID      // what the monitor has learnt of it last: that sign, or a change of the node
	next      time.Duration // the round that looks at it next …
	waits     bool          // … if there is one
	zone      string        // where it is counted, and as what
	counted   bool
	ready     bool
	remind    bool // its pods could not be marked not ready: try again
}

// taintingPeriod is how often the original looks for nodes to taint with NoExecute.
const taintingPeriod = 100 * time.Millisecond

func newNodeLifecycle(p *component.Process, c *Caches, o Options) *nodeLifecycle {
	l := &nodeLifecycle{
		process: p, caches: c, options: o, recorder: component.NewRecorder(p, "node-controller", ""),
		nodes: map[string]*nodeHealth{}, due: map[time.Duration][]string{}, zones: map[string]*zone{},
	}
	c.Nodes.OnChange(l.nodeChanged)
	c.Leases.OnChange(l.leaseChanged)
	c.Pods.OnChange(l.podChanged)
	p.Actor(nodeLifecycleName, l)
	p.OnSync(l.start)
	return l
}

func (l *nodeLifecycle) start() {
	now := l.process.Engine.Now()
	l.started = true
	l.rounds = grid{now, l.options.NodeMonitorPeriod}
	l.passes = grid{now, taintingPeriod}
	for _, n := range l.caches.Nodes.List() {
		l.look(n.Name, now)
		l.later(0, taintWork, n.Name)
	}
}

func (l *nodeLifecycle) later(d time.Duration, kind, key string) {
	l.process.Engine.OnceAfter(d, engine.Work{Actor: nodeLifecycleName, Kind: kind, Key: key})
}

// Run does one piece of work.
func (l *nodeLifecycle) Run(w engine.Work) {
	var err error
	switch w.Kind {
	case monitorWork:
		l.round()
	case evictWork:
		l.evict(w.Key)
	case taintWork:
		err = l.taintByConditions(w.Key)
	case notReadyWork:
		if pod, ok := l.caches.Pods.Get(api.ParseKey(w.Key)); ok {
			err = l.markPodsNotReady(pod.Spec.NodeName, []*corev1.Pod{pod})
		}
	}
	if err != nil {
		l.process.Trace.Then(component.Failed(nodeLifecycleName, w.Key, err, component.Retry))
		l.later(component.Retry, w.Kind, w.Key)
	}
}

// nodeChanged has the next round look at a node when the change matters to it.
func (l *nodeLifecycle) nodeChanged(old, node *corev1.Node) {
	if !l.started {
		return
	}
	if node == nil {
		l.look(old.Name, l.upcoming())
		return
	}
	if h := l.nodes[node.Name]; h != nil {
		l.notice(h, node)
	}
	if old == nil || concernsMonitor(old, node) {
		if h := l.nodes[node.Name]; h != nil {
			h.cause = l.process.Engine.Cause()
		}
		l.look(node.Name, l.upcoming())
	}
	if old == nil || concernsTaints(old, node) {
		l.later(0, taintWork, node.Name)
	}
}

func concernsMonitor(old, node *corev1.Node) bool {
	return nodeStatusOf(old, corev1.NodeReady) != nodeStatusOf(node, corev1.NodeReady) ||
		!sameTaints(taintsWith(old, corev1.TaintEffectNoExecute), taintsWith(node, corev1.TaintEffectNoExecute)) ||
		zoneOf(old) != zoneOf(node) || disruptionExcluded(old) != disruptionExcluded(node)
}

func concernsTaints(old, node *corev1.Node) bool {
	return !sameTaints(old.Spec.Taints, node.Spec.Taints) || !sameTaints(conditionTaints(old), conditionTaints(node))
}

// leaseChanged notes a kubelet's sign of life. It is the hot path: one for each node every ten seconds.
func (l *nodeLifecycle) leaseChanged(_, lease *coordinationv1.Lease) {
	if !l.started || lease == nil || lease.Namespace != corev1.NamespaceNodeLease {
		return
	}
	if h := l.nodes[lease.Name]; h != nil {
		l.renew(h, lease)
	}
}

// podChanged catches a pod that is bound to a node which is not ready: nobody else would mark it.
func (l *nodeLifecycle) podChanged(old, pod *corev1.Pod) {
	if !l.started || pod == nil || pod.Spec.NodeName == "" || old != nil && old.Spec.NodeName != "" {
		return
	}
	node, ok := l.caches.Nodes.Get(api.Key{Name: pod.Spec.NodeName})
	if !ok || l.nodes[node.Name] == nil || nodeCondition(node, corev1.NodeReady) == nil || nodeReady(node) {
		return
	}
	l.later(0, notReadyWork, api.KeyOf(pod).String())
}

// look has the round at t look at a node, unless an earlier one does.
func (l *nodeLifecycle) look(name string, t time.Duration) {
	if h := l.nodes[name]; h != nil {
		if h.waits && h.next <= t {
			return
		}
		h.waits, h.next = true, t
	}
	l.due[t] = append(l.due[t], name)
	l.process.Engine.Once(t, engine.Work{Actor: nodeLifecycleName, Kind: monitorWork, Key: trace.Seconds(t) + "s"})
}

// upcoming is the round that will see what has come to light now: what comes at
// the instant of a round comes after it.
func (l *nodeLifecycle) upcoming() time.Duration { return l.rounds.after(l.process.Engine.Now()) }

// round looks at the nodes that are due.
func (l *nodeLifecycle) round() {
	now := l.process.Engine.Now()
	names := slices.Compact(slices.Sorted(slices.Values(l.due[now])))
	delete(l.due, now)
	cause := l.process.Engine.Cause()
	for _, name := range names {
		h := l.nodes[name]
		if h != nil && (!h.waits || h.next != now) {
			continue // an earlier round has done it
		}
		if h != nil {
			h.waits = false
		}
		l.process.Engine.SetCause(cause)
		if h != nil && h.cause != 0 { // the round is shared: what led to it need not be about this node
			l.process.Engine.SetCause(h.cause)
		}
		l.check(name)
	}
	l.process.Engine.SetCause(cause)
	l.handleDisruption()
}

// nodeEvent reports something about a node under the node controller's name.
func (l *nodeLifecycle) nodeEvent(ref corev1.ObjectReference, reason, message string) {
	l.recorder.EventFor(ref, corev1.EventTypeNormal, reason, message)
}

// names of the zones, sorted.
func (l *nodeLifecycle) zoneNames() []string { return slices.Sorted(maps.Keys(l.zones)) }
