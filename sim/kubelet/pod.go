package kubelet

import (
	"cmp"
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"minisim/sim/api"
)

// stage is how far a pod has come.
type stage int

const (
	stageNew      stage = iota // not looked at yet
	stageVolumes               // its volumes are being mounted
	stageSandbox               // its sandbox is being set up
	stageRunning               // its containers are started, watched and restarted
	stageStopping              // its containers are being ended for good
	stageEnded                 // nothing of it runs any more, and nothing will
)

const never = time.Duration(math.MaxInt64)

// pod is the kubelet's worker for one pod: what it wants, how far it has come
// and what it has told the API of it.
type pod struct {
	k    *Kubelet
	key  api.Key
	name string      // the key as text
	obj  *corev1.Pod // as last seen; shared
	gone bool        // the API has forgotten it
	next *corev1.Pod // a namesake that waits for the end of this one

	stage  stage
	wakes  time.Duration // when the next thing can happen, as far as this sync knows
	probed time.Duration // since when startup and liveness probes have their rounds
	box    *sandbox
	all    []*container // init containers, then the others, in the order of the spec
	inits  []*container
	mains  []*container
	op     operation
	vols   *podVolumes
	holds  requests // of the node's resources

	stopGrace time.Duration // stageStopping: the grace period …
	stopsBy   time.Duration // … and when it is over
	verdict   verdict       // why the pod as a whole has failed, if it has
	admitted  bool          // its requests are counted
	waiting   bool          // it was told that it waits for the node

	dirty    bool // the API is to hear of a change once nothing is under way
	urgent   bool // … or at once
	started  *metav1.Time
	told     *corev1.PodStatus // what the API was told last
	toldAt   string            // the resourceVersion of that
	deleting bool              // the API was asked to forget it
}

// verdict is a reason and message of the pod as a whole ("OutOfcpu").
type verdict struct{ reason, message string }

// operation is what the pod's worker is busy with; one at a time, as in the real SyncPod.
type operation struct {
	kind opKind
	c    *container
	due  time.Duration // never while it waits for its turn
}

type opKind int

const (
	opNone opKind = iota
	opMount
	opSandbox
	opPull
	opStart
)

func (k *Kubelet) newPod(obj *corev1.Pod) *pod {
	p := &pod{k: k, key: api.KeyOf(obj), obj: obj}
	p.name = p.key.String()
	spec := &obj.Spec
	p.all = make([]*container, 0, len(spec.InitContainers)+len(spec.Containers))
	for i := range spec.InitContainers {
		p.all = append(p.all, newContainer(&spec.InitContainers[i], true))
	}
	for i := range spec.Containers {
		p.all = append(p.all, newContainer(&spec.Containers[i], false))
	}
	p.inits, p.mains = p.all[:len(spec.InitContainers)], p.all[len(spec.InitContainers):]
	p.box = k.machine.sandboxOf(obj)
	for _, c := range p.all {
		c.run = p.box.runs[c.spec.Name]
	}
	return p
}

// update takes a newer state of the pod and says whether there is something to do.
func (p *pod) update(now *corev1.Pod) bool {
	if now.UID != p.obj.UID {
		p.next, p.gone = now, true
		return true
	}
	old := p.obj
	p.obj = now
	if now.DeletionTimestamp == nil {
		p.box.pod = now // and do not hold on to an older copy, for each pod of the cluster
	}
	for i := range now.Spec.InitContainers {
		p.inits[i].spec = &now.Spec.InitContainers[i]
	}
	for i := range now.Spec.Containers {
		p.mains[i].spec = &now.Spec.Containers[i]
	}
	if p.overwritten() || len(now.Spec.ReadinessGates) > 0 && !sameConditions(old, now) {
		p.dirty = true
		return true
	}
	return old.Generation != now.Generation || (old.DeletionTimestamp == nil) != (now.DeletionTimestamp == nil) ||
		!sameInt(old.DeletionGracePeriodSeconds, now.DeletionGracePeriodSeconds)
}

func sameInt(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func sameConditions(a, b *corev1.Pod) bool {
	if len(a.Status.Conditions) != len(b.Status.Conditions) {
		return false
	}
	for i, c := range a.Status.Conditions {
		if d := b.Status.Conditions[i]; c.Type != d.Type || c.Status != d.Status {
			return false
		}
	}
	return true
}

// overwritten says whether somebody else has changed what this kubelet told of
// the pod's readiness, as the node lifecycle controller does for a silent node.
func (p *pod) overwritten() bool {
	if p.told == nil || p.stage == stageEnded {
		return false
	}
	if c, err := resourceversion.CompareResourceVersion(p.obj.ResourceVersion, p.toldAt); err != nil || c <= 0 {
		return false
	}
	return p.obj.Status.Phase != p.told.Phase || conditionStatus(&p.obj.Status, corev1.PodReady) != conditionStatus(p.told, corev1.PodReady)
}

// forgotten notes that the API has deleted the pod.
func (p *pod) forgotten(uid types.UID) {
	if p.next != nil && p.next.UID == uid {
		p.next = nil
		return
	}
	p.gone = true
}

// sync takes the pod as far as it can go now, reports what is new and sleeps
// until the next thing can happen.
func (p *pod) sync() {
	p.wakes = never
	for p.step() {
	}
	p.report()
	if p.stage == stageEnded && p.leave() {
		return
	}
	if p.wakes != never {
		p.k.wake(p, p.wakes)
	}
}

// step does one thing and says whether there may be another.
func (p *pod) step() bool {
	if p.stage < stageStopping && p.leaving() {
		return p.stopForDeletion()
	}
	switch p.stage {
	case stageNew:
		return p.admit()
	case stageVolumes:
		return p.mountVolumes()
	case stageSandbox:
		return p.setUpSandbox()
	case stageRunning:
		return p.runContainers()
	case stageStopping:
		return p.stopContainers()
	}
	return false
}

// leaving says whether the pod is being deleted or has been.
func (p *pod) leaving() bool { return p.gone || p.obj.DeletionTimestamp != nil }

func (p *pod) now() time.Duration { return p.k.engine.Now() }

// at has the pod looked at again at a time.
func (p *pod) at(t time.Duration) { p.wakes = min(p.wakes, t) }

// change notes something that the API is to hear of.
func (p *pod) change() { p.dirty = true }

// changeNow is change for what is reported even while an operation is under way.
func (p *pod) changeNow() { p.dirty, p.urgent = true, true }

// tell records a transition of the pod or one of its containers. What is told of a
// container that runs is in its log, too.
func (p *pod) tell(c *container, did, text string) {
	name := ""
	if c != nil {
		name = c.spec.Name
		if c.alive() {
			c.run.log.tell(p.now(), text)
		}
	}
	p.k.tell(p.name, name, did, text)
}

// end is reached once: nothing of the pod runs any more, and what it held is given back.
func (p *pod) end() {
	p.stage, p.op = stageEnded, operation{}
	p.unmount()
	p.k.used.drop(p)
	p.k.machine.release(p.box.ip)
	p.box.ready = false
	p.changeNow()
}

// leave asks the API to forget a deleted pod once its end was reported, and
// forgets it here when the API has. It says whether that is done.
func (p *pod) leave() bool {
	if !p.gone {
		if p.obj.DeletionTimestamp == nil || p.dirty || p.deleting {
			return false
		}
		uid, grace := p.obj.UID, int64(0)
		err := api.Delete(p.k.cfg.Process.Client, api.Pods, p.key, metav1.DeleteOptions{
			GracePeriodSeconds: &grace, Preconditions: &metav1.Preconditions{UID: &uid},
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			p.at(p.now() + statusRetry)
		} else {
			p.deleting = true
		}
		return false
	}
	k := p.k
	k.forgetSandbox(p.box)
	delete(k.running, p.key)
	if p.next != nil {
		next := k.newPod(p.next)
		k.running[p.key] = next
		k.wake(next, k.engine.Now())
	}
	return true
}

// grace is how long the pod's containers get when it is deleted, at least a second.
func (p *pod) grace() time.Duration {
	s := int64(corev1.DefaultTerminationGracePeriodSeconds)
	if t := p.obj.Spec.TerminationGracePeriodSeconds; t != nil {
		s = *t
	}
	if d := p.obj.DeletionGracePeriodSeconds; d != nil && p.obj.DeletionTimestamp != nil {
		s = *d
	}
	return time.Duration(max(s, 1)) * time.Second
}

// stamp is the virtual time t as the timestamps of objects have it, in whole seconds.
func (p *pod) stamp(t time.Duration) metav1.Time {
	e := p.k.engine
	return metav1.NewTime(e.Clock().Add(t - e.Now()).Truncate(time.Second))
}

func conditionStatus(s *corev1.PodStatus, t corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range s.Conditions {
		if c.Type == t {
			return cmp.Or(c.Status, corev1.ConditionUnknown)
		}
	}
	return corev1.ConditionUnknown
}
