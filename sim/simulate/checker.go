package simulate

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"minisim/sim/api"
	"minisim/sim/etcdstore"
)

// Violation is an invariant that did not hold.
type Violation struct {
	Time time.Duration // virtual
	Rule string        // the invariant, in words
	What string        // what broke it
}

func (v Violation) String() string { return fmt.Sprintf("at %s: %s: %s", v.Time, v.Rule, v.What) }

// The invariants that hold at every step.
const (
	ruleBoundOnce   = "no pod is bound twice or to two nodes"
	ruleFits        = "no node's requests exceed its allocatable"
	ruleTaints      = "no NoSchedule taint is violated at binding"
	ruleAffinity    = "no required node affinity is violated at binding"
	ruleReplicas    = "ReplicaSets never exceed wanted + surge"
	ruleAttachment  = "a ReadWriteOnce volume is never attached to two nodes"
	ruleDurable     = "every write that was acknowledged is in etcd"
	ruleEventually  = "with faults stopped all replica counts are met"
	maxViolations   = 20 // told of one run
	stalenessMargin = 10 * time.Millisecond
)

// checker follows every write that the store has acknowledged and checks the
// invariants on it. It decodes what etcd holds by itself, so that it depends on
// nothing that it checks.
//
// Some rules are about what a component could know: a scheduler that has not yet
// heard of a taint cannot heed it. For these the checker looks back as far as
// watch events may be late (window).
type checker struct {
	now    func() time.Duration
	window time.Duration

	keys        map[string]int64 // every key that should be there, with the revision of its last write
	pods        map[string]*corev1.Pod
	nodes       map[string]*nodeState
	sets        map[string]*wanted           // by UID of the ReplicaSet
	deployments map[string]*wanted           // by UID of the Deployment
	growth      map[string]map[string]int    // UID of a Deployment → UID of a ReplicaSet → pods it wants
	setKeys     map[string][2]string         // key of a ReplicaSet → UIDs of its Deployment and its own
	attached    map[string]map[string]string // PersistentVolume → VolumeAttachment → node
	shared      map[string]bool              // PersistentVolumes that several nodes may have
	violations  []Violation
}

// nodeState is a node with the pods that are bound to it.
type nodeState struct {
	node   *corev1.Node
	pods   map[string]*corev1.Pod
	taints map[corev1.Taint]time.Duration // NoSchedule and NoExecute taints, since when
}

// wanted is the largest number of pods that was wanted within the window.
type wanted struct {
	values []timedValue
	active map[string]bool // keys of the pods that count
}

type timedValue struct {
	at time.Duration
	n  int
}

func newChecker(now func() time.Duration, latency time.Duration) *checker {
	return &checker{
		now: now, window: latency + stalenessMargin,
		keys: map[string]int64{}, pods: map[string]*corev1.Pod{}, nodes: map[string]*nodeState{},
		sets: map[string]*wanted{}, deployments: map[string]*wanted{}, growth: map[string]map[string]int{}, setKeys: map[string][2]string{},
		attached: map[string]map[string]string{}, shared: map[string]bool{},
	}
}

func (c *checker) violate(rule, format string, args ...any) {
	if len(c.violations) < maxViolations {
		c.violations = append(c.violations, Violation{c.now(), rule, fmt.Sprintf(format, args...)})
	}
}

var decoder = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

func decode(value []byte) (any, error) {
	o, _, err := decoder.Decode(value, nil, nil)
	return o, err
}

// follow takes the events of one acknowledged commit.
func (c *checker) follow(events []etcdstore.Event) {
	for _, ev := range events {
		if ev.Value == nil {
			delete(c.keys, ev.Key)
		} else {
			c.keys[ev.Key] = ev.Revision
		}
		if !c.concerns(ev.Key) {
			continue
		}
		var o any
		if ev.Value != nil {
			var err error
			if o, err = decode(ev.Value); err != nil {
				c.violate(ruleDurable, "%s cannot be read: %v", ev.Key, err)
				continue
			}
		}
		c.object(ev.Key, o)
	}
}

var prefixes = []string{
	api.Pods.Prefix(), api.Nodes.Prefix(), api.ReplicaSets.Prefix(), api.Deployments.Prefix(),
	api.VolumeAttachments.Prefix(), api.PersistentVolumes.Prefix(),
}

func (c *checker) concerns(key string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

// object takes the new state of one key, nil when it is gone.
func (c *checker) object(key string, o any) {
	switch o := o.(type) {
	case *corev1.Pod:
		c.pod(key, o)
	case *corev1.Node:
		c.node(o)
	case *appsv1.ReplicaSet:
		c.set(o)
	case *appsv1.Deployment:
		c.want(c.deployments, string(o.UID), int(*o.Spec.Replicas)+surge(o))
	case *storagev1.VolumeAttachment:
		c.attachment(key, o)
	case *corev1.PersistentVolume:
		for _, m := range o.Spec.AccessModes {
			c.shared[o.Name] = c.shared[o.Name] || m == corev1.ReadWriteMany || m == corev1.ReadOnlyMany
		}
	case nil:
		c.gone(key)
	}
}

// set checks a ReplicaSet that a Deployment has let grow: all of the Deployment's
// sets together must not want more pods than it does, with its surge.
func (c *checker) set(rs *appsv1.ReplicaSet) {
	uid, parent := string(rs.UID), ""
	for _, ref := range rs.OwnerReferences {
		parent = string(ref.UID)
	}
	before, now := c.growth[parent][uid], int(*rs.Spec.Replicas)
	c.want(c.sets, uid, now)
	if parent == "" {
		return
	}
	if c.growth[parent] == nil {
		c.growth[parent] = map[string]int{}
	}
	c.growth[parent][uid] = now
	c.setKeys[api.ReplicaSets.StoreKey(api.KeyOf(rs))] = [2]string{parent, uid}
	sum := 0
	for _, n := range c.growth[parent] {
		sum += n
	}
	if limit := c.wanted(c.deployments, parent).limit(c.now() - c.window); now > before && sum > limit {
		c.violate(ruleReplicas, "the ReplicaSets of a Deployment want %d pods after %s has grown to %d, at most %d are wanted", sum, rs.Name, now, limit)
	}
}

func (c *checker) gone(key string) {
	switch {
	case strings.HasPrefix(key, api.ReplicaSets.Prefix()):
		ids := c.setKeys[key]
		delete(c.growth[ids[0]], ids[1])
	case strings.HasPrefix(key, api.Pods.Prefix()):
		c.pod(key, nil)
	case strings.HasPrefix(key, api.Nodes.Prefix()):
		delete(c.nodes, strings.TrimPrefix(key, api.Nodes.Prefix()))
	case strings.HasPrefix(key, api.VolumeAttachments.Prefix()):
		for _, byVA := range c.attached {
			delete(byVA, key)
		}
	}
}

func (c *checker) state(node string) *nodeState {
	s := c.nodes[node]
	if s == nil {
		s = &nodeState{pods: map[string]*corev1.Pod{}, taints: map[corev1.Taint]time.Duration{}}
		c.nodes[node] = s
	}
	return s
}

func (c *checker) node(n *corev1.Node) {
	s := c.state(n.Name)
	s.node = n
	present := map[corev1.Taint]time.Duration{}
	for _, t := range n.Spec.Taints {
		t.TimeAdded = nil
		if t.Effect == corev1.TaintEffectPreferNoSchedule {
			continue
		}
		since, had := s.taints[t]
		if !had {
			since = c.now()
		}
		present[t] = since
	}
	s.taints = present
}

func (c *checker) pod(key string, p *corev1.Pod) {
	old := c.pods[key]
	if old != nil && p != nil && old.UID == p.UID && old.Spec.NodeName != "" && old.Spec.NodeName != p.Spec.NodeName {
		c.violate(ruleBoundOnce, "pod %s was on %s and is on %s", p.Name, old.Spec.NodeName, p.Spec.NodeName)
	}
	if old != nil && old.Spec.NodeName != "" {
		delete(c.state(old.Spec.NodeName).pods, key)
	}
	c.count(key, old, p)
	if p == nil {
		delete(c.pods, key)
		return
	}
	c.pods[key] = p
	if p.Spec.NodeName == "" || terminal(p) {
		return
	}
	s := c.state(p.Spec.NodeName)
	s.pods[key] = p
	if old == nil || old.Spec.NodeName == "" || old.UID != p.UID {
		c.bound(p, s)
	}
}

// bound checks a binding: does the pod fit, and does it tolerate the taints that the scheduler must know of?
func (c *checker) bound(p *corev1.Pod, s *nodeState) {
	if s.node == nil {
		return // the node is gone: the kubelet will never see the pod, and pod GC takes it
	}
	sum := corev1.ResourceList{}
	for _, other := range s.pods {
		for name, q := range resourcehelper.PodRequests(other, resourcehelper.PodResourcesOptions{}) {
			total := sum[name]
			total.Add(q)
			sum[name] = total
		}
	}
	for name, q := range sum {
		if free := s.node.Status.Allocatable[name]; q.Cmp(free) > 0 {
			c.violate(ruleFits, "node %s has %s of %s and pods that ask for %s, the last one %s", s.node.Name, free.String(), name, q.String(), p.Name)
		}
	}
	if n := int64(len(s.pods)); n > s.node.Status.Allocatable.Pods().Value() {
		c.violate(ruleFits, "node %s has %d pods", s.node.Name, n)
	}
	for t, since := range s.taints {
		if c.now()-since > c.window && !tolerated(p, t) {
			c.violate(ruleTaints, "pod %s was bound to %s, which has the taint %s for %s", p.Name, s.node.Name, t.ToString(), c.now()-since)
		}
	}
	if ok, err := nodeaffinity.GetRequiredNodeAffinity(p).Match(s.node); err == nil && !ok {
		c.violate(ruleAffinity, "pod %s was bound to %s", p.Name, s.node.Name)
	}
}

func tolerated(p *corev1.Pod, t corev1.Taint) bool {
	for _, tol := range p.Spec.Tolerations {
		if (tol.Effect == "" || tol.Effect == t.Effect) &&
			(tol.Key == "" && tol.Operator == corev1.TolerationOpExists ||
				tol.Key == t.Key && (tol.Operator == corev1.TolerationOpExists || tol.Value == t.Value)) {
			return true
		}
	}
	return false
}

func terminal(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

func owner(p *corev1.Pod) string {
	if p != nil {
		for _, ref := range p.OwnerReferences {
			if ref.Controller != nil && *ref.Controller {
				return string(ref.UID)
			}
		}
	}
	return ""
}

// count keeps the numbers of active pods and checks them when one is created.
func (c *checker) count(key string, old, p *corev1.Pod) {
	if set := owner(old); set != "" {
		delete(c.wanted(c.sets, set).active, key)
	}
	set := owner(p)
	if set == "" || p.DeletionTimestamp != nil || terminal(p) {
		return
	}
	w := c.wanted(c.sets, set)
	w.active[key] = true
	if limit := w.limit(c.now() - c.window); (old == nil || old.UID != p.UID) && len(w.active) > limit {
		c.violate(ruleReplicas, "the ReplicaSet of pod %s has %d active pods, at most %d are wanted", p.Name, len(w.active), limit)
	}
}

func (c *checker) wanted(in map[string]*wanted, uid string) *wanted {
	w := in[uid]
	if w == nil {
		w = &wanted{active: map[string]bool{}}
		in[uid] = w
	}
	return w
}

func (c *checker) want(in map[string]*wanted, uid string, n int) {
	w := c.wanted(in, uid)
	w.values = append(w.values, timedValue{c.now(), n})
}

// limit is the largest number that was wanted since an instant.
func (w *wanted) limit(since time.Duration) int {
	most := 0
	for i, v := range w.values {
		lasted := i+1 == len(w.values) || w.values[i+1].at >= since
		if lasted {
			most = max(most, v.n)
		}
	}
	return most
}

// surge is how many pods a Deployment may have above what it wants.
func surge(d *appsv1.Deployment) int {
	if d.Spec.Strategy.RollingUpdate == nil || d.Spec.Strategy.RollingUpdate.MaxSurge == nil {
		return 0
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(d.Spec.Strategy.RollingUpdate.MaxSurge, int(*d.Spec.Replicas), true)
	if err != nil {
		panic("simulate: a surge that the API server should have refused: " + err.Error())
	}
	return n
}

func (c *checker) attachment(key string, va *storagev1.VolumeAttachment) {
	if va.Spec.Source.PersistentVolumeName == nil {
		return
	}
	pv := *va.Spec.Source.PersistentVolumeName
	if c.attached[pv] == nil {
		c.attached[pv] = map[string]string{}
	}
	delete(c.attached[pv], key)
	if !va.Status.Attached {
		return
	}
	for _, node := range c.attached[pv] {
		if node != va.Spec.NodeName && !c.shared[pv] {
			c.violate(ruleAttachment, "volume %s is attached to %s and %s", pv, node, va.Spec.NodeName)
		}
	}
	c.attached[pv][key] = va.Spec.NodeName
}
