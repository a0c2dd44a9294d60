package controller

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// daemonSets keeps one pod of each DaemonSet on every node that it fits. The
// scheduler places them; each is bound to its node by its affinity. Updates
// replace pods in place (maxUnavailable); maxSurge is not known here.
type daemonSets struct {
	base
	list      *component.Cache[*appsv1.DaemonSet]
	pods      *component.Cache[*corev1.Pod]
	nodes     *component.Cache[*corev1.Node]
	revisions *component.Cache[*appsv1.ControllerRevision]
	expect    *expectations
	failed    map[string]*killing // by the set's UID and the node
}

func newDaemonSets(p *component.Process, caches *Caches) *daemonSets {
	c := &daemonSets{
		list: caches.DaemonSets, pods: caches.Pods, nodes: caches.Nodes, revisions: caches.Revisions,
		expect: newExpectations(p.Engine), failed: map[string]*killing{},
	}
	c.base = newBase(p, "daemonset-controller", "daemonset-controller", api.DaemonSets, c)
	c.list.OnChange(func(old, new *appsv1.DaemonSet) {
		if old != nil && (new == nil || replaced(old, new)) {
			c.expect.forget(api.KeyOf(old))
			c.writes.forget(api.KeyOf(old))
			maps.DeleteFunc(c.failed, func(key string, _ *killing) bool { return strings.HasPrefix(key, string(old.UID)+"/") })
		}
	})
	enqueueChanges(c.list, c.queue)
	owner := &podOwner{
		resource: api.DaemonSets, uid: uidIn(c.list), pods: c.pods, queue: c.queue, expect: c.expect, orphan: c.orphan,
		matters: func(old, new *corev1.Pod) bool { return jobMatters(old, new) || old.Spec.NodeName != new.Spec.NodeName },
	}
	c.pods.OnChange(owner.changed)
	c.nodes.OnChange(c.nodeChanged)
	enqueueOwners(c.revisions, api.DaemonSets, c.queue)
	return c
}

func (c *daemonSets) orphan(pod *corev1.Pod) {
	selecting(c.list, bySelector, pod.Namespace, pod.Labels, func(s *appsv1.DaemonSet) { c.queue.Add(api.KeyOf(s)) })
}

// nodeChanged has all sets reconciled when a change of a node can matter to where pods fit.
func (c *daemonSets) nodeChanged(old, new *corev1.Node) {
	if old != nil && new != nil && maps.Equal(old.Labels, new.Labels) &&
		old.Spec.Unschedulable == new.Spec.Unschedulable && equality.Semantic.DeepEqual(old.Spec.Taints, new.Spec.Taints) {
		return
	}
	for _, set := range c.list.List() {
		c.queue.AddAfter(api.KeyOf(set), gather(c.nodes.Len()))
	}
}

// daemonSync is one reconcile of one DaemonSet.
type daemonSync struct {
	*daemonSets
	set      *appsv1.DaemonSet
	history  *templateHistory
	revision *appsv1.ControllerRevision // the present template
	now      time.Time
	nodes    []*corev1.Node
	fits     map[string]fit           // by node
	byNode   map[string][]*corev1.Pod // the oldest first; by the node that a pod is on or is meant for
	strays   map[string][]*corev1.Pod // those that were bound to another node, by the one they are meant for
}

// Reconcile makes and deletes pods of one set, replaces old ones and writes the status.
func (c *daemonSets) Reconcile(key api.Key) error {
	set, ok := c.list.Get(key)
	if !ok || c.putOff(key) {
		return nil
	}
	s := &daemonSync{daemonSets: c, set: set, now: c.process.Engine.Clock(), nodes: c.nodes.List()}
	err := s.remember()
	if err != nil {
		return err
	}
	if err := s.sort(); err != nil {
		return err
	}
	if wait := c.expect.pending(key); wait > 0 {
		c.queue.AddAfter(key, wait)
	} else if set.DeletionTimestamp == nil {
		if err = s.manage(); err == nil && c.expect.pending(key) == 0 {
			err = s.update()
		}
		if err == nil {
			err = s.forgetOld()
		}
	}
	if component.Unreachable(err) {
		return err
	}
	return errors.Join(s.report(), err)
}

// sort finds out where the set's pods, after adoption and release, are and where they fit.
func (s *daemonSync) sort() error {
	selector, err := metav1.LabelSelectorAsSelector(s.set.Spec.Selector)
	if err != nil {
		return nil // the API does not let such a selector in
	}
	candidates := append(s.pods.By(byOwner, string(s.set.UID)), selected(s.pods, byOrphanLabel, s.set.Namespace, selector)...)
	cl := &claim[*corev1.Pod]{client: s.client, owner: s.set, selector: selector, tell: func(do, because string) {
		s.tell(api.KeyOf(s.set), component.Reconciled{Do: do, Because: because})
	}}
	pods, err := cl.of(candidates)
	if err != nil {
		return err
	}
	s.byNode, s.strays = map[string][]*corev1.Pod{}, map[string][]*corev1.Pod{}
	for _, pod := range pods {
		if meant := meantFor(pod); s.stray(pod) {
			s.strays[meant] = append(s.strays[meant], pod)
		}
		s.byNode[nodeOf(pod)] = append(s.byNode[nodeOf(pod)], pod)
	}
	for _, on := range s.byNode {
		slices.SortStableFunc(on, func(a, b *corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	}
	s.fits = make(map[string]fit, len(s.nodes))
	model := s.podFor("")
	for _, node := range s.nodes {
		s.fits[node.Name] = fitOn(model, node)
	}
	return nil
}

// manage makes pods where they are missing and deletes those that are too many,
// have failed or do not belong where they are.
func (s *daemonSync) manage() error {
	var missing []string
	var surplus []*corev1.Pod
	for _, node := range s.nodes {
		on, fit := slices.DeleteFunc(slices.Clone(s.byNode[node.Name]), s.stray), s.fits[node.Name]
		strays := s.strays[node.Name]
		switch {
		case fit.run && len(on) == 0 && len(strays) > 0:
			surplus = append(surplus, s.astray(strays, node.Name)...)
			continue
		case fit.run && len(on) == 0:
			missing = append(missing, node.Name)
		case !fit.stay:
			surplus = append(surplus, on...)
		default:
			surplus = append(surplus, s.surplus(on, node.Name)...)
		}
		surplus = append(surplus, strays...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.byNode)) {
		if _, known := s.fits[name]; !known { // its node is gone; pods that were there are the pod garbage collector's
			surplus = append(surplus, slices.DeleteFunc(slices.Clone(s.byNode[name]), func(pod *corev1.Pod) bool { return pod.Spec.NodeName != "" })...)
		}
	}
	surplus = slices.DeleteFunc(surplus, func(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil })
	if err := s.remove(surplus, "they do not fit their nodes, have ended or are too many"); err != nil {
		return err
	}
	return s.create(missing, s.desired()-len(missing), "one on each node that it fits")
}

// surplus are those pods on one node that have ended, and all but the oldest of
// the others; with maxSurge an old and a new one may be there.
func (s *daemonSync) surplus(on []*corev1.Pod, node string) []*corev1.Pod {
	var out, running []*corev1.Pod
	kept, surge := false, s.maxSurge() > 0
	for _, pod := range on {
		switch {
		case pod.DeletionTimestamp != nil:
			kept = true // the new one waits until it is gone
		case pod.Status.Phase == corev1.PodFailed:
			kept = true
			if wait := s.killIn(node); wait > 0 {
				s.queue.AddAfter(api.KeyOf(s.set), wait)
				continue
			}
			s.recorder.Eventf(s.set, corev1.EventTypeWarning, "FailedDaemonPod", "Found failed daemon pod %s/%s on node %s, will try to kill it", pod.Namespace, pod.Name, node)
			out = append(out, pod)
		case pod.Status.Phase == corev1.PodSucceeded:
			s.recorder.Eventf(s.set, corev1.EventTypeNormal, "SucceededDaemonPod", "Found succeeded daemon pod %s/%s on node %s, will try to delete it", pod.Namespace, pod.Name, node)
			out = append(out, pod)
		case kept && !surge:
			out = append(out, pod)
		default:
			kept = true
			running = append(running, pod)
		}
	}
	return append(out, s.excess(running)...)
}

// stray says whether a pod was bound to another node than the one that it is meant for.
func (s *daemonSync) stray(pod *corev1.Pod) bool {
	meant := meantFor(pod)
	if meant == "" || pod.Spec.NodeName == "" || pod.Spec.NodeName == meant {
		return false
	}
	_, known := s.daemonSets.nodes.Get(api.Key{Name: meant})
	return known
}

// astray are strays of a node that has no other pod: they are made anew with
// the back-off of failed pods, as whoever bound them is likely to do so again.
func (s *daemonSync) astray(strays []*corev1.Pod, node string) []*corev1.Pod {
	if slices.ContainsFunc(strays, func(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil }) {
		return nil // one goes already
	}
	if wait := s.killIn(node); wait > 0 {
		s.queue.AddAfter(api.KeyOf(s.set), wait)
		return nil
	}
	return strays
}

// killing is how long the next failed pod of a set on a node has to wait for its
// end: twice as long each time, so that what fails at once is not made again without pause.
type killing struct{ until, delay time.Duration }

const (
	firstKill = time.Second
	maxKill   = 15 * time.Minute
)

// killIn is for how much longer a failed pod is left alone. 0 counts as killing it.
func (s *daemonSync) killIn(node string) time.Duration {
	key, now := string(s.set.UID)+"/"+node, s.process.Engine.Now()
	k := s.failed[key]
	switch {
	case k == nil || now > k.until+2*maxKill: // long forgotten
		k = &killing{delay: firstKill}
		s.failed[key] = k
	case now < k.until:
		return k.until - now
	default:
		k.delay = min(2*k.delay, maxKill)
	}
	k.until = now + k.delay
	return 0
}

func (s *daemonSync) create(missing []string, have int, because string) error {
	if len(missing) == 0 {
		return nil
	}
	missing = missing[:min(len(missing), burstReplicas)]
	key := api.KeyOf(s.set)
	s.tell(key, component.Reconciled{
		Want: pods(s.desired()), Have: fmt.Sprint(have),
		Do: fmt.Sprintf("create %d", len(missing)), Because: because,
	})
	s.expect.expect(key, len(missing))
	control := podControl{s.client, s.recorder}
	i := 0
	done, err := slowStart(len(missing), func() error {
		model := s.podFor(missing[i])
		i++
		err := control.create(&s.set.Spec.Template, s.set, func(pod *corev1.Pod) {
			pod.Labels, pod.Spec = model.Labels, model.Spec
		})
		if namespaceTerminating(err) {
			s.expect.created(key)
			return nil
		}
		return err
	})
	for range len(missing) - done {
		s.expect.created(key)
	}
	return err
}

func (s *daemonSync) remove(pods []*corev1.Pod, because string) error {
	if len(pods) == 0 {
		return nil
	}
	key := api.KeyOf(s.set)
	s.tell(key, component.Reconciled{Do: fmt.Sprintf("delete %d", len(pods)), Because: because})
	s.expect.expect(key, 0, podUIDs(pods)...)
	control := podControl{s.client, s.recorder}
	var errs []error
	for _, pod := range pods {
		if err := control.remove(pod, s.set); err != nil {
			s.expect.deleted(key, pod.UID)
			if !apierrors.IsNotFound(err) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
