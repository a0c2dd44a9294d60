package controller

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/node/topology"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
)

// zoneState is how badly a zone is disturbed.
type zoneState string

const (
	zoneInitial zoneState = "Initial"
	zoneNormal  zoneState = "Normal"
	zonePartial zoneState = "PartialDisruption"
	zoneFull    zoneState = "FullDisruption"
)

// zone is the nodes of one failure zone as far as eviction is concerned: their
// counts by readiness, those that wait for their NoExecute taint, and how fast they get it.
type zone struct {
	name            string
	state           zoneState
	ready, notReady int
	waiting         []string
	limiter         limiter
	healthy         bool // it has been Normal once
}

// limiter lets one node pass at a time and the next 1/rate seconds later, as a
// token bucket with room for one token.
type limiter struct {
	rate float32 // nodes per second; 0 lets nobody pass
	free time.Duration
}

func (l *limiter) interval() time.Duration {
	return time.Duration(float64(time.Second) / float64(l.rate)).Round(time.Millisecond)
}

func (l *limiter) take(now time.Duration) bool {
	if l.rate <= 0 || now < l.free {
		return false
	}
	l.free = now + l.interval()
	return true
}

// swap changes the rate. Where one had to wait before, one has to wait a whole new interval.
func (l *limiter) swap(rate float32, now time.Duration) {
	if rate == l.rate {
		return
	}
	drained := l.rate <= 0 || now < l.free
	*l = limiter{rate: rate}
	if drained && rate > 0 {
		l.free = now + l.interval()
	}
}

func (z *zone) remove(name string) {
	z.waiting = slices.DeleteFunc(z.waiting, func(n string) bool { return n == name })
}

// zoneOf names a node's failure zone by its topology labels: "region/zone", or
// what there is of it, "" where there are none.
func zoneOf(n *corev1.Node) string {
	return strings.Trim(strings.ReplaceAll(topology.GetZoneKey(n), ":\x00:", "/"), "/")
}

// disruptionExcluded says whether a node does not count when a zone's state is judged.
func disruptionExcluded(n *corev1.Node) bool {
	_, ok := n.Labels["node.kubernetes.io/exclude-disruption"]
	return ok
}

func (l *nodeLifecycle) zone(name string) *zone {
	z := l.zones[name]
	if z == nil {
		z = &zone{name: name, state: zoneInitial, limiter: limiter{rate: l.options.NodeEvictionRate}}
		l.zones[name] = z
	}
	return z
}

// count keeps the zones' counts by readiness.
func (l *nodeLifecycle) count(node *corev1.Node, h *nodeHealth) {
	name, ready, counted := zoneOf(node), nodeReady(node), !disruptionExcluded(node)
	if h.zone != name {
		if z := l.zones[h.zone]; z != nil {
			z.remove(node.Name)
		}
	}
	if h.counted != counted || h.ready != ready || h.zone != name {
		l.uncount(h)
		z := l.zone(name)
		h.zone, h.ready, h.counted = name, ready, counted
		if counted {
			l.recount = true
			*z.counter(ready)++
		}
	}
	l.zone(name)
}

func (l *nodeLifecycle) uncount(h *nodeHealth) {
	if z := l.zones[h.zone]; h.counted && z != nil {
		l.recount = true
		*z.counter(h.ready)--
	}
	h.counted = false
}

func (z *zone) counter(ready bool) *int {
	if ready {
		return &z.ready
	}
	return &z.notReady
}

// judge is the state that follows from the counts.
func (z *zone) judge(threshold float32) zoneState {
	switch {
	case z.ready == 0 && z.notReady > 0:
		return zoneFull
	case z.notReady > 2 && float32(z.notReady)/float32(z.notReady+z.ready) >= threshold:
		return zonePartial
	}
	return zoneNormal
}

// handleDisruption sets how fast each zone's nodes are tainted. When no node
// anywhere is ready, it is more likely that the control plane is cut off than
// that all have died: then nothing is evicted at all.
func (l *nodeLifecycle) handleDisruption() {
	if !l.recount {
		return
	}
	l.recount = false
	all, was := true, true
	for _, name := range l.zoneNames() {
		z := l.zones[name]
		if z.ready+z.notReady == 0 {
			delete(l.zones, name)
			continue
		}
		all = all && z.judge(l.options.UnhealthyZoneThreshold) == zoneFull
		was = was && z.state == zoneFull
	}
	if all && was {
		return
	}
	now := l.process.Engine.Now()
	if was {
		for _, h := range l.nodes { // one that could not be heard of gets a new grace period
			h.probe = now
		}
	}
	for _, name := range l.zoneNames() {
		z := l.zones[name]
		if state := z.judge(l.options.UnhealthyZoneThreshold); state != z.state || was || all {
			l.enter(z, state, all)
		}
	}
	if all {
		for _, n := range l.caches.Nodes.List() {
			if err := l.reachable(n); err != nil {
				l.process.Trace.Add(component.Failed(nodeLifecycleName, n.Name, err, 0))
			}
		}
	}
}

// enter puts a zone into a state with the eviction rate that belongs to it.
func (l *nodeLifecycle) enter(z *zone, state zoneState, everywhere bool) {
	rate := l.options.NodeEvictionRate
	switch {
	case everywhere:
		rate = 0
	case state == zonePartial && int32(z.ready+z.notReady) > l.options.LargeClusterSizeThreshold:
		rate = l.options.SecondaryNodeEvictionRate
	case state == zonePartial:
		rate = 0
	}
	if state != z.state {
		l.process.Trace.Then(ZoneState{
			Zone: z.name, From: string(z.state), To: string(state), Ready: z.ready, NotReady: z.notReady, Rate: rate,
			Everywhere: everywhere, Starting: !z.healthy,
		})
	}
	z.state = state
	z.healthy = z.healthy || state == zoneNormal
	z.limiter.swap(rate, l.process.Engine.Now())
	l.schedule(z)
}

// taintByReadiness starts or ends the eviction of a node's pods as its Ready condition has it.
func (l *nodeLifecycle) taintByReadiness(node *corev1.Node, ready corev1.ConditionStatus) error {
	add, opposite := readinessTaints(ready)
	switch {
	case add == "":
		if ready == corev1.ConditionTrue {
			return l.reachable(node)
		}
	case hasTaint(node, opposite, corev1.TaintEffectNoExecute):
		return l.swapNoExecute(node.Name, ready, "it has been tainted already, only the reason has changed")
	case !hasTaint(node, add, corev1.TaintEffectNoExecute):
		z := l.zone(zoneOf(node))
		if !slices.Contains(z.waiting, node.Name) {
			z.waiting = append(z.waiting, node.Name)
		}
		l.schedule(z)
	}
	return nil
}

// readinessTaints are the taint that belongs to a Ready condition that is not True, and the one that must not be there with it.
func readinessTaints(ready corev1.ConditionStatus) (add, opposite string) {
	switch ready {
	case corev1.ConditionFalse:
		return corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable
	case corev1.ConditionUnknown, "":
		return corev1.TaintNodeUnreachable, corev1.TaintNodeNotReady
	}
	return "", ""
}

// reachable takes back what taintByReadiness has done.
func (l *nodeLifecycle) reachable(node *corev1.Node) error {
	if z := l.zones[zoneOf(node)]; z != nil {
		z.remove(node.Name)
	}
	var remove []corev1.Taint
	for _, t := range taintsWith(node, corev1.TaintEffectNoExecute) {
		if t.Key == corev1.TaintNodeUnreachable || t.Key == corev1.TaintNodeNotReady {
			remove = append(remove, t)
		}
	}
	if len(remove) == 0 {
		return nil
	}
	why := "Ready is True again"
	if !nodeReady(node) {
		why = "no node is ready anywhere: nothing is evicted"
	}
	l.process.Trace.Then(component.Reconciled{
		Controller: nodeLifecycleName, Resource: api.Nodes.Singular, Key: node.Name, Do: "remove taint " + tellTaints(remove), Because: why,
	})
	_, err := swapTaints(l.process.As(nodeAccount), node.Name, wholeSeconds(l.process), nil, remove)
	return err
}

// schedule has the next waiting node of a zone tainted as soon as the rate allows it.
func (l *nodeLifecycle) schedule(z *zone) {
	if len(z.waiting) > 0 && z.limiter.rate > 0 {
		t := l.passes.from(max(l.process.Engine.Now(), z.limiter.free))
		l.process.Engine.Once(t, engine.Work{Actor: nodeLifecycleName, Kind: evictWork, Key: z.name})
	}
}

// evict taints waiting nodes of a zone with NoExecute, as many as the rate lets pass.
func (l *nodeLifecycle) evict(name string) {
	z := l.zones[name]
	if z == nil {
		return
	}
	for len(z.waiting) > 0 && z.limiter.take(l.process.Engine.Now()) {
		next := z.waiting[0]
		z.waiting = z.waiting[1:]
		if h := l.nodes[next]; h != nil && h.cause != 0 {
			l.process.Engine.SetCause(h.cause)
		}
		if err := l.evictFrom(next, z); err != nil {
			z.waiting = append(z.waiting, next)
			l.process.Trace.Add(component.Failed(nodeLifecycleName, next, err, z.limiter.interval()))
		}
	}
	l.schedule(z)
}

func (l *nodeLifecycle) evictFrom(name string, z *zone) error {
	node, ok := l.caches.Nodes.Get(api.Key{Name: name})
	if !ok || nodeReady(node) {
		return nil
	}
	return l.swapNoExecute(name, nodeStatusOf(node, corev1.NodeReady),
		fmt.Sprintf("the next round of the monitor acts on it (node-monitor-period %s); node-eviction-rate %v: one node in %s here, the zone is %s",
			tellDuration(l.options.NodeMonitorPeriod), z.limiter.rate, tellDuration(z.limiter.interval()), z.state))
}

func (l *nodeLifecycle) swapNoExecute(name string, ready corev1.ConditionStatus, why string) error {
	key, opposite := readinessTaints(ready)
	add := []corev1.Taint{{Key: key, Effect: corev1.TaintEffectNoExecute}}
	l.process.Trace.Then(component.Reconciled{
		Controller: nodeLifecycleName, Resource: api.Nodes.Singular, Key: name, Do: "add taint " + tellTaints(add),
		Because: fmt.Sprintf("Ready is %s; %s", ready, why),
	})
	_, err := swapTaints(l.process.As(nodeAccount), name, wholeSeconds(l.process), add, []corev1.Taint{{Key: opposite, Effect: corev1.TaintEffectNoExecute}})
	return err
}

// ZoneState is the record of a zone whose state has changed, and with it how fast pods are driven off its silent nodes.
type ZoneState struct {
	Zone       string  `json:"zone"` // "region/zone", "" when the nodes have no topology labels
	From       string  `json:"from"`
	To         string  `json:"to"`
	Ready      int     `json:"ready"`
	NotReady   int     `json:"notReady"`
	Rate       float32 `json:"rate"` // nodes per second
	Everywhere bool    `json:"everywhere,omitempty"`
	Starting   bool    `json:"starting,omitempty"` // its nodes are only just coming up
}

// Kind is "zone".
func (ZoneState) Kind() string { return "zone" }

// Tell says what the state means for eviction; nothing while the cluster starts.
func (s ZoneState) Tell() string {
	if s.Starting {
		return ""
	}
	zone := "the zone"
	if s.Zone != "" {
		zone = "zone " + s.Zone
	}
	text := fmt.Sprintf("%s is now in %s: %d of %d nodes are ready; ", zone, s.To, s.Ready, s.Ready+s.NotReady)
	switch {
	case s.Everywhere:
		return text + "no node is ready in any zone, so nothing is evicted"
	case s.Rate == 0:
		return text + "nothing is evicted (unhealthy-zone-threshold, large-cluster-size-threshold)"
	}
	return text + fmt.Sprintf("%v nodes per second may be evicted", s.Rate)
}
