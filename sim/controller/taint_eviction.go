package controller

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/trace"
)

const taintEvictionName = "taint-eviction-controller"

// The kinds of work of the taint eviction controller.
const (
	taintedNodeWork = "node"   // a node's NoExecute taints have changed
	taintedPodWork  = "pod"    // a pod has been bound, or its tolerations have changed
	deletePodWork   = "delete" // a pod's toleration has run out
)

// taintEviction deletes pods that do not tolerate a NoExecute taint of their
// node, or no longer.
type taintEviction struct {
	process  *component.Process
	caches   *Caches
	recorder *component.Recorder
	started  bool
	evicting map[api.Key]*eviction
	stuck    map[string]bool // silent nodes of which it was told that deleted pods stay
}

// eviction is a pod's deletion that is set or has been done.
type eviction struct {
	created time.Duration // since when the pod has been under the taint
	done    bool          // it has been deleted; what remains is that it is gone
	tries   int
}

// The original tries a deletion five times, 10 ms apart, and then gives up until
// something changes. Here it goes on trying, once a second.
const (
	evictionTries = 5
	evictionPause = 10 * time.Millisecond
)

func newTaintEviction(p *component.Process, c *Caches) *taintEviction {
	t := &taintEviction{
		process: p, caches: c, recorder: component.NewRecorder(p, taintEvictionName, ""),
		evicting: map[api.Key]*eviction{}, stuck: map[string]bool{},
	}
	c.Nodes.OnChange(t.nodeChanged)
	c.Pods.OnChange(t.podChanged)
	p.Actor(taintEvictionName, t)
	p.OnSync(t.start)
	return t
}

// start looks at all nodes that have NoExecute taints. Timers that ran before a
// restart are forgotten and begin anew, as in the original.
func (t *taintEviction) start() {
	t.started = true
	for _, n := range t.caches.Nodes.List() {
		if len(taintsWith(n, corev1.TaintEffectNoExecute)) > 0 {
			t.later(0, taintedNodeWork, n.Name)
		}
	}
}

func (t *taintEviction) work(kind, key string) engine.Work {
	return engine.Work{Actor: taintEvictionName, Kind: kind, Key: key}
}

func (t *taintEviction) later(d time.Duration, kind, key string) {
	t.process.Engine.OnceAfter(d, t.work(kind, key))
}

func (t *taintEviction) nodeChanged(old, node *corev1.Node) {
	if node == nil || nodeStatusOf(node, corev1.NodeReady) != corev1.ConditionUnknown {
		name, _ := latest(old, node)
		delete(t.stuck, name.Name)
	}
	if !t.started || node == nil {
		return
	}
	var before []corev1.Taint
	if old != nil {
		before = taintsWith(old, corev1.TaintEffectNoExecute)
	}
	if !sameTaints(before, taintsWith(node, corev1.TaintEffectNoExecute)) {
		t.later(0, taintedNodeWork, node.Name)
	}
}

func (t *taintEviction) podChanged(old, pod *corev1.Pod) {
	if pod == nil || replaced(old, pod) {
		t.cancel(old)
	}
	if pod == nil || !t.started || pod.Spec.NodeName == "" {
		return
	}
	if old == nil || replaced(old, pod) || old.Spec.NodeName != pod.Spec.NodeName || !equality.Semantic.DeepEqual(old.Spec.Tolerations, pod.Spec.Tolerations) {
		t.later(0, taintedPodWork, api.KeyOf(pod).String())
	}
}

// Run does one piece of work.
func (t *taintEviction) Run(w engine.Work) {
	key := api.ParseKey(w.Key)
	switch w.Kind {
	case taintedNodeWork:
		if node, ok := t.caches.Nodes.Get(key); ok {
			cause := t.process.Engine.Cause()
			for _, pod := range t.caches.Pods.By(byNode, node.Name) {
				t.process.Engine.SetCause(cause)
				t.judge(pod, node)
			}
		}
	case taintedPodWork:
		if pod, ok := t.caches.Pods.Get(key); ok {
			if node, ok := t.caches.Nodes.Get(api.Key{Name: pod.Spec.NodeName}); ok && len(taintsWith(node, corev1.TaintEffectNoExecute)) > 0 {
				t.judge(pod, node)
			}
		}
	case deletePodWork:
		t.delete(key)
	}
}

// judge decides when a pod must leave its node: now, after a time, or never.
func (t *taintEviction) judge(pod *corev1.Pod, node *corev1.Node) {
	taints := taintsWith(node, corev1.TaintEffectNoExecute)
	if len(taints) == 0 {
		t.cancel(pod)
		return
	}
	key := api.KeyOf(pod)
	stay, forever, refused := tolerated(taints, pod.Spec.Tolerations)
	switch {
	case refused != nil:
		t.cancel(pod)
		t.set(pod, node, 0, fmt.Sprintf("it does not tolerate taint %s of %s", refused.ToString(), node.Name))
	case forever:
		t.cancel(pod)
	case t.evicting[key] == nil:
		t.set(pod, node, stay, fmt.Sprintf("it tolerates taint %s of %s for no longer: tolerationSeconds %s", tellTaints(taints), node.Name, trace.Seconds(stay)))
	}
}

// tolerated says how long a pod may stay under NoExecute taints: the shortest of
// the tolerations that match, or for ever. refused is a taint that it does not tolerate at all.
func tolerated(taints []corev1.Taint, tolerations []corev1.Toleration) (stay time.Duration, forever bool, refused *corev1.Taint) {
	forever = true
	for i := range taints {
		m := matchingToleration(&taints[i], tolerations)
		if m == nil {
			return 0, false, &taints[i]
		}
		if m.TolerationSeconds == nil {
			continue
		}
		d := max(0, time.Duration(*m.TolerationSeconds)*time.Second)
		if forever || d < stay {
			stay, forever = d, false
		}
	}
	return stay, forever, nil
}

func matchingToleration(taint *corev1.Taint, tolerations []corev1.Toleration) *corev1.Toleration {
	for i := range tolerations {
		if tolerations[i].ToleratesTaint(klog.Background(), taint, false) {
			return &tolerations[i]
		}
	}
	return nil
}

// set has a pod deleted after d.
func (t *taintEviction) set(pod *corev1.Pod, node *corev1.Node, d time.Duration, why string) {
	e := t.process.Engine
	key := api.KeyOf(pod)
	t.evicting[key] = &eviction{created: e.Now()}
	do := "evict it from " + node.Name
	if d > 0 {
		do += fmt.Sprintf(" in %s, at %s", tellDuration(d), tellInstant(e.Now()+d))
	}
	r := component.Reconciled{Controller: taintEvictionName, Resource: api.Pods.Singular, Key: key.String(), Do: do, Because: why}
	if pod.DeletionTimestamp != nil {
		r.Because, r.Report = why+"; it is terminating already", true // asking once more brings nothing about
	}
	t.process.Trace.Then(r)
	if d == 0 {
		t.delete(key)
		return
	}
	t.later(d, deletePodWork, key.String())
}

// cancel takes a deletion back that has not happened yet.
func (t *taintEviction) cancel(pod *corev1.Pod) {
	key := api.KeyOf(pod)
	ev := t.evicting[key]
	if ev == nil {
		return
	}
	delete(t.evicting, key)
	if !t.process.Engine.Cancel(t.work(deletePodWork, key.String())) || ev.tries > 0 {
		return
	}
	t.process.Trace.Then(component.Reconciled{
		Controller: taintEvictionName, Resource: api.Pods.Singular, Key: key.String(), Do: "cancel its eviction",
		Because: fmt.Sprintf("the taint is gone or tolerated; it was set at %s", tellInstant(ev.created)),
	})
	t.event(key, "Cancelling deletion of Pod %s")
}

func (t *taintEviction) event(key api.Key, format string) {
	ref := corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: key.Namespace, Name: key.Name}
	t.recorder.EventFor(ref, corev1.EventTypeNormal, "TaintManagerEviction", fmt.Sprintf(format, key))
}

// delete evicts a pod whose time is over.
func (t *taintEviction) delete(key api.Key) {
	ev := t.evicting[key]
	if ev == nil || ev.done {
		return
	}
	if now := t.process.Engine.Now(); ev.tries == 0 {
		if now > ev.created {
			t.process.Trace.Then(component.Reconciled{
				Controller: taintEvictionName, Resource: api.Pods.Singular, Key: key.String(), Do: "delete it",
				Because: fmt.Sprintf("under a NoExecute taint since %s, tolerationSeconds %s are over", tellInstant(ev.created), trace.Seconds(now-ev.created)),
			})
		}
		t.event(key, "Marking for deletion Pod %s")
	}
	err := t.markAndDelete(key)
	switch {
	case err == nil:
		ev.done = true
		t.tellStuck(key)
	case apierrors.IsNotFound(err):
		delete(t.evicting, key)
	default:
		ev.tries++
		again := evictionPause
		if ev.tries%evictionTries == 0 || component.Unreachable(err) {
			again = component.Retry
		}
		t.process.Trace.Then(component.Failed(taintEvictionName, key.String(), err, again))
		t.later(again, deletePodWork, key.String())
	}
}

// tellStuck says once of a silent node why what is deleted there does not go.
func (t *taintEviction) tellStuck(key api.Key) {
	pod, ok := t.caches.Pods.Get(key)
	if !ok || t.stuck[pod.Spec.NodeName] {
		return
	}
	node, ok := t.caches.Nodes.Get(api.Key{Name: pod.Spec.NodeName})
	if !ok || nodeStatusOf(node, corev1.NodeReady) != corev1.ConditionUnknown {
		return
	}
	t.stuck[node.Name] = true
	t.process.Trace.Add(component.Reconciled{
		Controller: taintEvictionName, Resource: api.Nodes.Singular, Key: node.Name, Do: "its deleted pods stay Terminating",
		Because: "only its kubelet can confirm that they have ended, and it is silent",
	})
}

func (t *taintEviction) markAndDelete(key api.Key) error {
	pod, err := api.Get[*corev1.Pod](t.process.As(nodeAccount), api.Pods, key)
	if err != nil {
		return err
	}
	err = setDisruptionTarget(t.process, nodeAccount, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", "")
	if err != nil {
		return err
	}
	return api.Delete(t.process.As(nodeAccount), api.Pods, key, metav1.DeleteOptions{})
}

// setDisruptionTarget marks a pod as one that the control plane is about to
// delete and, where phase is not "", puts it into that phase. It writes nothing
// when nothing would change.
func setDisruptionTarget(p *component.Process, account string, pod *corev1.Pod, reason, message string, phase corev1.PodPhase) error {
	want := corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason, Message: message,
		ObservedGeneration: pod.Generation, LastTransitionTime: wholeSeconds(p),
	}
	have := podCondition(pod, corev1.DisruptionTarget)
	if reason != "" && have != nil && have.Status == want.Status {
		want.LastTransitionTime = have.LastTransitionTime
	}
	same := reason == "" || have != nil && equality.Semantic.DeepEqual(*have, want)
	if same && (phase == "" || pod.Status.Phase == phase) {
		return nil
	}
	_, err := api.PatchStatus(p.As(account), api.Pods, api.KeyOf(pod), func(pod *corev1.Pod) error {
		if phase != "" {
			pod.Status.Phase = phase
		}
		if reason == "" {
			return nil
		}
		if c := podCondition(pod, corev1.DisruptionTarget); c != nil {
			*c = want
		} else {
			pod.Status.Conditions = append(pod.Status.Conditions, want)
		}
		return nil
	})
	return err
}
