package plugins

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/scheduler/framework"
)

func spread(maxSkew int32, key string, action v1.UnsatisfiableConstraintAction, options ...func(*v1.TopologySpreadConstraint)) podOption {
	return func(p *v1.Pod) {
		c := v1.TopologySpreadConstraint{MaxSkew: maxSkew, TopologyKey: key, WhenUnsatisfiable: action, LabelSelector: app("web")}
		for _, o := range options {
			o(&c)
		}
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, c)
	}
}

// webs makes n pods of the app web.
func webs(n int, options ...podOption) []*v1.Pod {
	var pods []*v1.Pod
	for i := range n {
		pods = append(pods, aPod(fmt.Sprintf("web-%d-%p", i, &pods), append([]podOption{podLabels("app", "web")}, options...)...))
	}
	return pods
}

func defaultSpread() PodTopologySpread {
	return PodTopologySpread{Defaults: SystemDefaultConstraints(), SystemDefaulted: true}
}

func TestPodTopologySpreadFilter(t *testing.T) {
	hard := v1.DoNotSchedule
	ignore, honor := v1.NodeInclusionPolicyIgnore, v1.NodeInclusionPolicyHonor
	minDomains := func(n int32) func(*v1.TopologySpreadConstraint) {
		return func(c *v1.TopologySpreadConstraint) { c.MinDomains = &n }
	}
	labelPolicy := func(c *v1.TopologySpreadConstraint) { c.NodeAffinityPolicy = &ignore }
	taintPolicy := func(c *v1.TopologySpreadConstraint) { c.NodeTaintsPolicy = &honor }
	keys := func(c *v1.TopologySpreadConstraint) { c.MatchLabelKeys = []string{"version"} }
	// Zone x: a with two web pods, b with none; zone y: c with one, d with none and
	// a taint; e has no zone.
	nodes := []*v1.Node{
		aNode("a", nodeLabels(zone, "x", "disk", "ssd")), aNode("b", nodeLabels(zone, "x", "disk", "ssd")),
		aNode("c", nodeLabels(zone, "y", "disk", "ssd")), aNode("d", nodeLabels(zone, "y"), tainted("k", "", v1.TaintEffectNoSchedule)),
		aNode("e"),
	}
	bound := map[string][]*v1.Pod{"a": webs(2), "c": webs(1)}
	skew := unschedulable("node(s) didn't match pod topology spread constraints")
	noKey := unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
	web := func(options ...podOption) *v1.Pod { return aPod("p", append(options, podLabels("app", "web"))...) }
	onSSD := func(p *v1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }
	for name, c := range map[string]struct {
		pod  *v1.Pod
		want [5]verdict
	}{
		"zones":              {web(spread(1, zone, hard)), [5]verdict{skew, skew, fits, fits, noKey}},
		"zones, skew 2":      {web(spread(2, zone, hard)), [5]verdict{fits, fits, fits, fits, noKey}},
		"not of the kind":    {aPod("p", spread(1, zone, hard)), [5]verdict{fits, fits, fits, fits, noKey}},
		"hosts":              {web(spread(1, host, hard)), [5]verdict{skew, fits, skew, fits, fits}},
		"both":               {web(spread(1, zone, hard), spread(1, host, hard)), [5]verdict{skew, skew, skew, fits, noKey}},
		"too few domains":    {web(spread(1, zone, hard, minDomains(3))), [5]verdict{skew, skew, skew, skew, noKey}},
		"honouring labels":   {web(spread(1, host, hard), onSSD), [5]verdict{skew, fits, skew, fits, fits}},
		"ignoring labels":    {web(spread(1, zone, hard, labelPolicy), onSSD), [5]verdict{skew, skew, fits, fits, noKey}},
		"honouring taints":   {web(spread(1, host, hard, taintPolicy)), [5]verdict{skew, fits, skew, fits, fits}},
		"match label keys":   {web(spread(1, zone, hard, keys)), [5]verdict{skew, skew, fits, fits, noKey}},
		"soft does not hold": {web(spread(1, zone, v1.ScheduleAnyway)), [5]verdict{fits, fits, fits, fits, fits}},
	} {
		t.Run(name, func(t *testing.T) {
			checkFilter(t, defaultSpread(), world{nodes: nodes, bound: bound}, c.pod, c.want[:]...)
		})
	}
	ending := webs(1, func(p *v1.Pod) { p.DeletionTimestamp = &metav1.Time{} })
	w := world{nodes: nodes[:1], bound: map[string][]*v1.Pod{"a": ending}}
	checkFilter(t, defaultSpread(), w, web(spread(1, zone, hard, minDomains(2))), fits)
	versioned := world{nodes: nodes[:3], bound: map[string][]*v1.Pod{"a": webs(2, podLabels("app", "web", "version", "1"))}}
	checkFilter(t, defaultSpread(), versioned, aPod("p", podLabels("app", "web", "version", "2"), spread(1, zone, hard, keys)), fits, fits, fits)
}

// As in kube-scheduler, a trial takes a terminating pod off the count although
// it was never in it: the pod then seems to fit, and preemption "helps".
func TestTrialsCountTerminatingPods(t *testing.T) {
	leaving := func(p *v1.Pod) { now := metav1.Now(); p.DeletionTimestamp = &now }
	w := world{nodes: []*v1.Node{aNode("a"), aNode("b")}, bound: map[string][]*v1.Pod{
		"a": {aPod("p1", podLabels("app", "web"), priority(9)), aPod("p2", podLabels("app", "web"), leaving)},
		"b": {},
	}}
	pod := framework.NewPodInfo(aPod("p", podLabels("app", "web"), priority(9), spread(1, v1.LabelHostname, v1.DoNotSchedule)))
	c := framework.NewCycleState(w.view())
	plugin := PodTopologySpread{}
	plugin.PreFilter(c, pod)
	a := c.View.Node("a")
	if plugin.Filter(c, pod, a).OK() {
		t.Error("two on a and none on b")
	}
	trial := c.Clone()
	plugin.TrackPod(trial, pod, a.Pods[1], a, -1)
	if s := plugin.Filter(trial, pod, a); !s.OK() {
		t.Errorf("in a trial: %s", s.Message())
	}
	plugin.TrackPod(c, pod, a.Pods[1], a, -1)
	if plugin.Filter(c, pod, a).OK() {
		t.Error("that a terminating pod goes changes nothing")
	}
}

func TestPodTopologySpreadScore(t *testing.T) {
	soft := v1.ScheduleAnyway
	nodes := []*v1.Node{aNode("a", nodeLabels(zone, "x")), aNode("b", nodeLabels(zone, "x")), aNode("c", nodeLabels(zone, "y")), aNode("d")}
	bound := map[string][]*v1.Pod{"a": webs(2), "c": webs(1)}
	service := &v1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"}, Spec: v1.ServiceSpec{Selector: map[string]string{"app": "web"}}}
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"}, Spec: appsv1.ReplicaSetSpec{Selector: app("web")}}
	owned := func(p *v1.Pod) {
		yes := true
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", Controller: &yes}}
	}
	web := func(options ...podOption) *v1.Pod { return aPod("p", append(options, podLabels("app", "web"))...) }
	for name, c := range map[string]struct {
		objects         []runtime.Object
		pod             *v1.Pod
		raw, normalized []int64
	}{
		// Two zones weigh ln 4 = 1.386: x has 2 → 2.77, y has 1 → 1.39; d lacks the key.
		"zones": {nil, web(spread(1, zone, soft)), []int64{3, 3, 1, 0}, []int64{33, 33, 100, 0}},
		// maxSkew 4 adds 3 to each.
		"zones, skew 4": {nil, web(spread(4, zone, soft)), []int64{6, 6, 4, 0}, []int64{66, 66, 100, 0}},
		// Four hosts weigh ln 6 = 1.79: 2 → 3.58, 1 → 1.79.
		"hosts":          {nil, web(spread(1, host, soft)), []int64{4, 0, 2, 0}, []int64{0, 100, 50, 100}},
		"nobody there":   {nil, web(spread(1, host, soft, func(c *v1.TopologySpreadConstraint) { c.LabelSelector = app("db") })), []int64{0, 0, 0, 0}, []int64{100, 100, 100, 100}},
		"hard only":      {nil, web(spread(5, host, v1.DoNotSchedule)), nil, nil},
		"no one selects": {nil, web(), nil, nil},
		// Hosts (ln 6, skew 3) and zones (three of them: x, y and none; ln 5 = 1.61, skew 5): a 2·1.79+2 + 2·1.61+4,
		// b 0+2 + 3.22+4, c 1.79+2 + 1.61+4, d 0+2 and no zone term.
		"system defaults by service": {[]runtime.Object{service}, web(), []int64{13, 9, 9, 2}, []int64{15, 46, 46, 100}},
		"system defaults by owner":   {[]runtime.Object{rs}, web(owned), []int64{13, 9, 9, 2}, []int64{15, 46, 46, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			checkScores(t, defaultSpread(), world{nodes: nodes, bound: bound, objects: c.objects}, c.pod, c.raw, c.normalized)
		})
	}
}
