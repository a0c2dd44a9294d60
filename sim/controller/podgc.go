package controller

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
)

const podGCName = "pod-garbage-collector-controller"

// The original's periods, which no flag changes.
const (
	podGCPeriod     = 20 * time.Second // how often it looks
	podGCQuarantine = 40 * time.Second // how long a node may be missing before its pods are orphans
)

// podGC deletes pods that no kubelet will ever delete: ended ones above a limit,
// those of nodes that are gone, terminating ones that were never bound and
// terminating ones on machines of which somebody has said that they are off.
//
// The original scans all pods every 20 s. Here a round takes place at those same
// instants, but only when there is something to collect.
type podGC struct {
	process   *component.Process
	caches    *Caches
	threshold int

	started bool
	rounds  grid
	ended   map[api.Key]bool         // pods in phase Succeeded or Failed
	unbound map[api.Key]bool         // terminating pods without a node
	off     map[string]bool          // nodes that are out of service
	missing map[string]time.Duration // nodes that pods name and that are not there: when their quarantine ends, or notSeen
}

const notSeen time.Duration = -1

func newPodGC(p *component.Process, c *Caches, threshold int) *podGC {
	g := &podGC{
		process: p, caches: c, threshold: threshold,
		ended: map[api.Key]bool{}, unbound: map[api.Key]bool{}, off: map[string]bool{}, missing: map[string]time.Duration{},
	}
	c.Pods.OnChange(g.podChanged)
	c.Nodes.OnChange(g.nodeChanged)
	p.Actor(podGCName, g)
	p.OnSync(g.start)
	return g
}

func (g *podGC) start() {
	g.started, g.rounds = true, grid{g.process.Engine.Now(), podGCPeriod}
	for _, pod := range g.caches.Pods.List() {
		g.suspect(pod)
	}
	g.arm(g.process.Engine.Now())
}

func (g *podGC) podChanged(old, pod *corev1.Pod) {
	if pod == nil {
		key := api.KeyOf(old)
		delete(g.ended, key)
		delete(g.unbound, key)
		return
	}
	key := api.KeyOf(pod)
	setTo(g.ended, key, podTerminal(pod))
	setTo(g.unbound, key, pod.DeletionTimestamp != nil && pod.Spec.NodeName == "")
	if g.started {
		g.suspect(pod)
		g.armIf(g.threshold > 0 && len(g.ended) > g.threshold || g.unbound[key] || pod.DeletionTimestamp != nil && g.off[pod.Spec.NodeName])
	}
}

// suspect notes a pod whose node is not there.
func (g *podGC) suspect(pod *corev1.Pod) {
	name := pod.Spec.NodeName
	if _, known := g.missing[name]; known || name == "" {
		return
	}
	if _, ok := g.caches.Nodes.Get(api.Key{Name: name}); !ok {
		g.missing[name] = notSeen
		g.armIf(true)
	}
}

func (g *podGC) nodeChanged(old, node *corev1.Node) {
	if node == nil {
		delete(g.off, old.Name)
		if g.started && g.caches.Pods.CountBy(byNode, old.Name) > 0 {
			g.missing[old.Name] = notSeen
			g.armIf(true)
		}
		return
	}
	delete(g.missing, node.Name)
	off := outOfService(node) && !nodeReady(node)
	setTo(g.off, node.Name, off)
	if g.started {
		g.armIf(off && g.caches.Pods.CountBy(byNode, node.Name) > 0)
	}
}

func setTo[K comparable](set map[K]bool, k K, in bool) {
	if in {
		set[k] = true
	} else {
		delete(set, k)
	}
}

func (g *podGC) armIf(yes bool) {
	if yes && g.started {
		g.arm(g.rounds.from(g.process.Engine.Now()))
	}
}

func (g *podGC) arm(t time.Duration) {
	g.process.Engine.Once(t, engine.Work{Actor: podGCName, Kind: "collect"})
}

// Run is one round. Each part says whether it has more to do in the next one.
func (g *podGC) Run(engine.Work) {
	now := g.process.Engine.Now()
	again := g.collectEnded()
	again = g.collectOff() || again
	again = g.collectOrphans(now) || again
	again = g.collectUnbound() || again
	next := notSeen
	if again {
		next = g.rounds.after(now)
	}
	for _, end := range g.missing {
		if t := g.rounds.from(end); end != notSeen && (next == notSeen || t < next) {
			next = t
		}
	}
	if next != notSeen {
		g.arm(next)
	}
}

// collectEnded deletes what is above the limit, evicted pods first, then the oldest.
func (g *podGC) collectEnded() (again bool) {
	excess := len(g.ended) - g.threshold
	if g.threshold <= 0 || excess <= 0 {
		return false
	}
	var pods []*corev1.Pod
	for key := range g.ended {
		if pod, ok := g.caches.Pods.Get(key); ok {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, collectionOrder)
	for _, pod := range pods[:min(excess, len(pods))] {
		again = !g.collect(pod, "", fmt.Sprintf("%d pods have ended, terminated-pod-gc-threshold is %d", len(pods), g.threshold)) || again
	}
	return again
}

// collectionOrder puts evicted pods first, then older ones.
func collectionOrder(a, b *corev1.Pod) int {
	return cmp.Or(
		falseFirst(a.Status.Reason != "Evicted", b.Status.Reason != "Evicted"),
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		api.KeyOf(a).Compare(api.KeyOf(b)),
	)
}

// collectOff deletes terminating pods on nodes that are out of service.
func (g *podGC) collectOff() (again bool) {
	var pods []*corev1.Pod
	for name := range g.off {
		for _, pod := range g.caches.Pods.By(byNode, name) {
			if pod.DeletionTimestamp != nil {
				pods = append(pods, pod)
			}
		}
	}
	slices.SortFunc(pods, collectionOrder)
	for _, pod := range pods {
		why := fmt.Sprintf("it is terminating, and taint %s says that %s is off: nobody there can end it, and nothing of it runs", corev1.TaintNodeOutOfService, pod.Spec.NodeName)
		again = !g.collect(pod, "", why) || again
	}
	return again
}

// collectOrphans deletes the pods of nodes that have been missing for the time of quarantine.
func (g *podGC) collectOrphans(now time.Duration) (again bool) {
	for _, name := range slices.Sorted(maps.Keys(g.missing)) {
		end := g.missing[name]
		if g.caches.Pods.CountBy(byNode, name) == 0 {
			delete(g.missing, name)
			continue
		}
		if end == notSeen {
			g.missing[name] = now + podGCQuarantine
			g.process.Trace.Add(component.Reconciled{
				Controller: podGCName, Resource: api.Nodes.Singular, Key: name,
				Do: fmt.Sprintf("wait until %s before its pods are deleted", tellInstant(now+podGCQuarantine)), Because: "it is gone; " + tellDuration(podGCQuarantine) + " of quarantine in case it only shows up late",
			})
			continue
		}
		if end > now {
			continue
		}
		switch _, err := api.Get[*corev1.Node](g.process.As(accountOf(podGCName)), api.Nodes, api.Key{Name: name}); {
		case err == nil:
			delete(g.missing, name)
			continue
		case !apierrors.IsNotFound(err):
			again = true
			continue
		}
		for _, pod := range g.caches.Pods.By(byNode, name) {
			g.collect(pod, "PodGC: node no longer exists", "its node "+name+" no longer exists")
		}
		g.missing[name] = notSeen // should pods remain, it begins anew
		again = true
	}
	return again
}

// collectUnbound deletes terminating pods that were never bound.
func (g *podGC) collectUnbound() (again bool) {
	for _, key := range slices.SortedFunc(maps.Keys(g.unbound), api.Key.Compare) {
		if pod, ok := g.caches.Pods.Get(key); ok {
			again = !g.collect(pod, "", "it is terminating and was never bound to a node") || again
		}
	}
	return again
}

// collect marks a pod Failed, unless it has ended, and deletes it without grace.
func (g *podGC) collect(pod *corev1.Pod, condition, why string) bool {
	before := g.process.Engine.Cause()
	defer g.process.Engine.SetCause(before)
	g.process.Trace.Then(component.Reconciled{
		Controller: podGCName, Resource: api.Pods.Singular, Key: api.KeyOf(pod).String(), Do: "mark it Failed and delete it without grace",
		Because: why + "; pods are collected every " + tellDuration(podGCPeriod),
	})
	var err error
	if !podTerminal(pod) {
		reason := ""
		if condition != "" {
			reason = "DeletionByPodGC"
		}
		err = setDisruptionTarget(g.process, accountOf(podGCName), pod, reason, condition, corev1.PodFailed)
	}
	if err == nil {
		err = api.Delete(g.process.As(accountOf(podGCName)), api.Pods, api.KeyOf(pod), *metav1.NewDeleteOptions(0))
	}
	if err == nil || apierrors.IsNotFound(err) {
		return true
	}
	g.process.Trace.Add(component.Failed(podGCName, api.KeyOf(pod).String(), err, podGCPeriod))
	return false
}
