package controller

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
	"minisim/sim/component"
)

// statefulSets keeps the pods of each StatefulSet: numbered, with claims of their
// own, made and replaced in order. A pod below the partition that has to be made
// again gets the template of the current revision.
type statefulSets struct {
	base
	list      *component.Cache[*appsv1.StatefulSet]
	pods      *component.Cache[*corev1.Pod]
	claims    *component.Cache[*corev1.PersistentVolumeClaim]
	revisions *component.Cache[*appsv1.ControllerRevision]
	expect    *expectations
}

func newStatefulSets(p *component.Process, caches *Caches) *statefulSets {
	c := &statefulSets{
		list: caches.StatefulSets, pods: caches.Pods, claims: caches.PersistentVolumeClaims, revisions: caches.Revisions,
		expect: newExpectations(p.Engine),
	}
	c.base = newBase(p, "statefulset-controller", "statefulset-controller", api.StatefulSets, c)
	c.list.OnChange(func(old, new *appsv1.StatefulSet) {
		if old != nil && (new == nil || replaced(old, new)) {
			c.expect.forget(api.KeyOf(old))
			c.writes.forget(api.KeyOf(old))
		}
	})
	enqueueChanges(c.list, c.queue)
	owner := &podOwner{
		resource: api.StatefulSets, uid: uidIn(c.list), pods: c.pods, queue: c.queue, expect: c.expect,
		orphan: c.orphan, matters: jobMatters,
	}
	c.pods.OnChange(owner.changed)
	c.claims.OnChange(c.claimGone)
	enqueueOwners(c.revisions, api.StatefulSets, c.queue)
	return c
}

func (c *statefulSets) orphan(pod *corev1.Pod) {
	selecting(c.list, bySelector, pod.Namespace, pod.Labels, func(s *appsv1.StatefulSet) { c.queue.Add(api.KeyOf(s)) })
}

// setSync is one reconcile of one StatefulSet.
type setSync struct {
	*statefulSets
	set     *appsv1.StatefulSet
	history *templateHistory
	current *appsv1.ControllerRevision // what pods below the partition are made from
	update  *appsv1.ControllerRevision // the present template
	now     time.Time

	slots     []*corev1.Pod // by ordinal, nil where there is none
	condemned []*corev1.Pod // those above, the highest ordinal first
}

// Reconcile takes the next step for one set and writes its status.
func (c *statefulSets) Reconcile(key api.Key) error {
	set, ok := c.list.Get(key)
	if !ok || c.putOff(key) {
		return nil
	}
	if wait := c.expect.pending(key); wait > 0 {
		c.queue.AddAfter(key, wait)
		return nil
	}
	s := &setSync{statefulSets: c, set: set, now: c.process.Engine.Clock(), slots: make([]*corev1.Pod, *set.Spec.Replicas)}
	if err := s.remember(); err != nil {
		return err
	}
	if err := s.sort(); err != nil {
		return err
	}
	var err error
	if set.DeletionTimestamp == nil {
		err = s.step()
	}
	if component.Unreachable(err) {
		return err
	}
	return errors.Join(s.report(), err, s.forgetOld())
}

// remember keeps the present template and finds the current one.
func (s *setSync) remember() error {
	collisions := deref(s.set.Status.CollisionCount)
	s.history = &templateHistory{
		base: &s.base, cache: s.revisions, owner: s.set, selector: s.set.Spec.Selector, template: &s.set.Spec.Template,
		collisions: &collisions, label: dataHashLabel, hash: dataHash,
	}
	var err error
	if s.update, err = s.history.present(); err != nil {
		return err
	}
	s.current = s.update
	if r := s.history.named(s.set.Status.CurrentRevision); r != nil {
		s.current = r
	}
	return nil
}

// forgetOld deletes what revisionHistoryLimit does not allow; revisions in use do not count.
func (s *setSync) forgetOld() error {
	live := map[string]bool{s.current.Name: true, s.update.Name: true}
	for _, pod := range slices.Concat(s.slots, s.condemned) {
		if pod != nil {
			live[pod.Labels[appsv1.ControllerRevisionHashLabelKey]] = true
		}
	}
	var old []*appsv1.ControllerRevision
	for _, r := range s.history.all {
		if !live[r.Name] {
			old = append(old, r)
		}
	}
	return s.history.trim(old, len(old), s.set.Spec.RevisionHistoryLimit)
}

// sort puts the set's pods, after adoption and release, into their slots.
func (s *setSync) sort() error {
	selector, err := metav1.LabelSelectorAsSelector(s.set.Spec.Selector)
	if err != nil {
		return nil // the API does not let such a selector in
	}
	candidates := s.pods.By(byOwner, string(s.set.UID))
	for _, pod := range selected(s.pods, byOrphanLabel, s.set.Namespace, selector) {
		if _, ok := ordinal(s.set, pod); ok {
			candidates = append(candidates, pod)
		}
	}
	cl := &claim[*corev1.Pod]{client: s.client, owner: s.set, selector: selector, tell: func(do, because string) {
		s.tell(api.KeyOf(s.set), component.Reconciled{Do: do, Because: because})
	}}
	pods, err := cl.of(candidates)
	for _, pod := range pods {
		n, ok := ordinal(s.set, pod)
		switch i := n - s.first(); {
		case !ok:
		case i >= 0 && i < len(s.slots):
			s.slots[i] = pod
		default:
			s.condemned = append(s.condemned, pod)
		}
	}
	slices.SortFunc(s.condemned, func(a, b *corev1.Pod) int {
		x, _ := ordinal(s.set, a)
		y, _ := ordinal(s.set, b)
		return y - x
	})
	return err
}

// first is the ordinal of the first pod.
func (s *setSync) first() int {
	if s.set.Spec.Ordinals == nil {
		return 0
	}
	return int(s.set.Spec.Ordinals.Start)
}

// ordinal is the number in a pod's name, false if it is none that the set would give.
func ordinal(set *appsv1.StatefulSet, pod *corev1.Pod) (int, bool) {
	text, ok := strings.CutPrefix(pod.Name, set.Name+"-")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == text
}

// available says whether a pod runs, is ready and has been so for minReadySeconds;
// again is when one that is ready will be.
func (s *setSync) available(pod *corev1.Pod) (ok bool, again time.Duration) {
	in, ready := podAvailableIn(pod, time.Duration(s.set.Spec.MinReadySeconds)*time.Second, s.now)
	return ready && in == 0 && pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil, in
}

// report writes the status, if it is another one than the cache has.
func (s *setSync) report() error {
	status := s.status()
	if equality.Semantic.DeepEqual(s.set.Status, status) {
		return nil
	}
	s.tell(api.KeyOf(s.set), component.Reconciled{
		Report: true, Do: fmt.Sprintf("status: %s, %d ready, %d updated", pods(int(status.Replicas)), status.ReadyReplicas, status.UpdatedReplicas),
	})
	set := s.set.DeepCopy()
	set.Status = status
	stored, err := api.UpdateStatus(s.client, set)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		wrote(s.writes, api.KeyOf(set), s.list, stored)
	}
	return err
}

func (s *setSync) status() appsv1.StatefulSetStatus {
	status := appsv1.StatefulSetStatus{
		ObservedGeneration: s.set.Generation, CollisionCount: s.history.collisions, Conditions: s.set.Status.Conditions,
		CurrentRevision: s.current.Name, UpdateRevision: s.update.Name,
	}
	for _, pod := range slices.Concat(s.slots, s.condemned) {
		if pod == nil {
			continue
		}
		status.Replicas++
		if pod.Status.Phase == corev1.PodRunning && podReady(pod) {
			status.ReadyReplicas++
			if ok, _ := s.available(pod); ok {
				status.AvailableReplicas++
			}
		}
		if pod.DeletionTimestamp != nil {
			continue
		}
		if pod.Labels[appsv1.ControllerRevisionHashLabelKey] == status.CurrentRevision {
			status.CurrentReplicas++
		}
		if s.matchesTemplate(pod) {
			status.UpdatedReplicas++
		}
	}
	rolling := s.set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType
	if want := *s.set.Spec.Replicas; rolling && status.UpdatedReplicas == want && status.ReadyReplicas == want && status.Replicas == want {
		status.CurrentRevision, status.CurrentReplicas = s.update.Name, status.UpdatedReplicas
	}
	return status
}

// matchesTemplate says whether a pod was made from the present template.
func (s *setSync) matchesTemplate(pod *corev1.Pod) bool {
	return labels.Set(pod.Labels).Get(appsv1.ControllerRevisionHashLabelKey) == s.update.Name
}
