package scheduler_test

import (
	"encoding/json"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// TestKeptResultsEqualFreshOnes changes random clusters at random and asks,
// after every change, for a pod both with all kept results and from scratch.
func TestKeptResultsEqualFreshOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		view := framework.NewSnapshot()
		profile := withRules(t)
		kept := framework.NewEvaluator(profile, view)
		c := &churn{view: view, volumes: true}
		for range rapid.IntRange(1, 6).Draw(t, "nodes") {
			c.setNode(t)
		}
		if flip(t, "stock") {
			c.stock(t)
		}
		for range rapid.IntRange(5, 40).Draw(t, "changes") {
			c.change(t)
			pod := framework.NewPodInfo(c.pod(t, "asked"))
			got := describe(t, framework.Decide(kept.Evaluate(pod)))
			want := describe(t, framework.Decide(profile.Evaluate(view, pod)))
			if got != want {
				t.Fatalf("with kept results:\n%s\nfrom scratch:\n%s", got, want)
			}
		}
	})
}

// TestKeptTrialsEqualFreshOnes is the same for pods of one shape that look for
// room, in clusters whose pods have no rules that look beyond their nodes.
func TestKeptTrialsEqualFreshOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		view := framework.NewSnapshot()
		profile := plugins.DefaultProfile()
		kept := framework.NewEvaluator(profile, view)
		c := &churn{view: view, local: true, volumes: true}
		for range rapid.IntRange(1, 6).Draw(t, "nodes") {
			c.setNode(t)
		}
		if flip(t, "stock") {
			c.stock(t)
		}
		urgent := c.pod(t, "urgent")
		five := int32(5)
		urgent.Spec.Priority = &five
		decide := func(e *framework.Evaluation, draw int) string {
			e.Draw = func(_ string, n int) int { return draw % n }
			return describe(t, framework.Decide(e))
		}
		for range rapid.IntRange(5, 40).Draw(t, "changes") {
			c.change(t)
			pod, draw := framework.NewPodInfo(urgent), rapid.IntRange(0, 5).Draw(t, "draw")
			got, want := decide(kept.Evaluate(pod), draw), decide(profile.Evaluate(view, pod), draw)
			if got != want {
				t.Fatalf("with kept trials:\n%s\nfrom scratch:\n%s", got, want)
			}
		}
	})
}

// withRules is the default profile with rules of one's own, some of whose
// answers are kept.
func withRules(t *rapid.T) *framework.Profile {
	profile, err := plugins.DefaultProfile().With(
		framework.Weighted{Weight: 2, Plugin: &plugins.Custom{PluginName: "Empty", NodeOnly: true,
			Reject: func(_ *framework.PodInfo, n *framework.NodeInfo) string {
				if len(n.Pods) > 3 {
					return "node(s) were not empty enough"
				}
				return ""
			},
			Rate: func(_ *framework.PodInfo, n *framework.NodeInfo) int64 {
				return int64(len(n.Node.Labels)*10 - len(n.Pods))
			}}},
		framework.Weighted{Weight: 1, Plugin: &plugins.Custom{PluginName: "Twins",
			Rate: func(p *framework.PodInfo, n *framework.NodeInfo) int64 { return int64(len(n.Pods) * len(p.Pod.Labels)) }}})
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

func describe(t *rapid.T, v framework.Verdict) string {
	text, err := json.Marshal(v.Table())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// churn makes random clusters out of few names and values, so that rules meet.
type churn struct {
	view *framework.Snapshot
	made int
	// lasting says that no pod is being deleted.
	lasting bool
	// local says that no pod has a rule that looks beyond its node.
	local bool
	// volumes says that pods have claims and disks.
	volumes bool
}

func (c *churn) change(t *rapid.T) {
	if c.volumes && rapid.IntRange(0, 3).Draw(t, "storage?") == 0 {
		c.store(t)
		return
	}
	switch rapid.IntRange(0, 14).Draw(t, "change") {
	case 0:
		c.setNode(t)
	case 1:
		c.view.RemoveNode(nodeName(t))
	case 2:
		c.view.SetObject(&v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace(t), Labels: labels(t, "team", "env")}})
	case 3:
		c.view.SetObject(&v1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: namespace(t)},
			Spec: v1.ServiceSpec{Selector: map[string]string{"app": value(t, "selector")}}})
	case 4:
		pod := framework.NewPodInfo(c.pod(t, "nominated"))
		c.view.Nominate(pod, nodeName(t))
	case 12:
		c.view.SetObject(&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "rs", Namespace: namespace(t)},
			Spec: appsv1.ReplicaSetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": value(t, "selector")}}}})
	case 13:
		c.setBudget(t, namespace(t))
	case 14:
		c.restart(t)
	case 5, 6, 7:
		c.view.RemovePod(fmt.Sprintf("%s/bound-%d", namespace(t), rapid.IntRange(0, c.made).Draw(t, "removed")))
	default:
		c.place(t)
	}
}

// place binds a new pod to a node.
func (c *churn) place(t *rapid.T) {
	pod := c.pod(t, fmt.Sprintf("bound-%d", c.made))
	c.made++
	c.dress(t, pod)
	c.view.AddPod(framework.NewPodInfo(pod), nodeName(t))
}

// restart gives a bound pod another start time, which only preemption looks at.
func (c *churn) restart(t *rapid.T) {
	known, node := c.view.Placed(fmt.Sprintf("%s/bound-%d", namespace(t), rapid.IntRange(0, c.made).Draw(t, "restarted")))
	if known == nil {
		return
	}
	pod := known.Pod.DeepCopy()
	pod.Spec.NodeName = node
	start := metav1.Unix(int64(rapid.IntRange(1, 3).Draw(t, "start")), 0)
	pod.Status.StartTime = &start
	c.view.Refresh(pod)
}

func (c *churn) setBudget(t *rapid.T, namespace string) {
	c.view.SetObject(&policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "pdb", Namespace: namespace},
		Spec:   policyv1.PodDisruptionBudgetSpec{Selector: selector(t)},
		Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: rapid.Int32Range(0, 2).Draw(t, "allowed")}})
}

func nodeName(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "node")
}
func namespace(t *rapid.T) string {
	return rapid.SampledFrom([]string{"default", "other"}).Draw(t, "namespace")
}
func value(t *rapid.T, what string) string {
	return rapid.SampledFrom([]string{"x", "y"}).Draw(t, what)
}
func flip(t *rapid.T, what string) bool { return rapid.Bool().Draw(t, what) }

func labels(t *rapid.T, keys ...string) map[string]string {
	set := make(map[string]string)
	for _, key := range keys {
		if v := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, key); v != "" {
			set[key] = v
		}
	}
	return set
}

func resources(t *rapid.T, cpu, memory []string) v1.ResourceList {
	list := make(v1.ResourceList)
	if s := rapid.SampledFrom(cpu).Draw(t, "cpu"); s != "" {
		list[v1.ResourceCPU] = resource.MustParse(s)
	}
	if s := rapid.SampledFrom(memory).Draw(t, "memory"); s != "" {
		list[v1.ResourceMemory] = resource.MustParse(s)
	}
	return list
}

func (c *churn) setNode(t *rapid.T) {
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName(t), Labels: labels(t, v1.LabelTopologyZone, "disk")}}
	if flip(t, "hostname") {
		node.Labels[v1.LabelHostname] = node.Name
	}
	node.Status.Allocatable = resources(t, []string{"1", "2", "4"}, []string{"1Gi", "4Gi"})
	if flip(t, "gpus") {
		node.Status.Allocatable[gpu] = resource.MustParse("2")
	}
	if flip(t, "size") {
		node.Labels["size"] = rapid.SampledFrom([]string{"1", "5", "big"}).Draw(t, "size")
	}
	node.Status.Allocatable[v1.ResourcePods] = resource.MustParse(rapid.SampledFrom([]string{"2", "10"}).Draw(t, "pods"))
	for _, effect := range []v1.TaintEffect{v1.TaintEffectNoSchedule, v1.TaintEffectPreferNoSchedule} {
		if rapid.IntRange(0, 3).Draw(t, string(effect)) == 0 {
			node.Spec.Taints = append(node.Spec.Taints, v1.Taint{Key: "k", Value: value(t, "taint"), Effect: effect})
		}
	}
	node.Spec.Unschedulable = rapid.IntRange(0, 7).Draw(t, "cordon") == 0
	if flip(t, "image") {
		node.Status.Images = []v1.ContainerImage{{Names: []string{value(t, "image") + ":latest"}, SizeBytes: 200 << 20}}
	}
	c.view.SetNode(node)
}

func (c *churn) pod(t *rapid.T, name string) *v1.Pod {
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace(t), Labels: labels(t, "app", "tier")}}
	container := v1.Container{Name: "c", Image: value(t, "image")}
	container.Resources.Requests = resources(t, []string{"", "100m", "900m"}, []string{"", "128Mi", "2Gi"})
	if rapid.IntRange(0, 4).Draw(t, "port") == 0 {
		container.Ports = []v1.ContainerPort{port(t)}
	}
	if rapid.IntRange(0, 4).Draw(t, "gpu") == 0 {
		container.Resources.Requests[gpu] = resource.MustParse(rapid.SampledFrom([]string{"0", "1", "3"}).Draw(t, "gpus"))
	}
	pod.Spec.Containers = []v1.Container{container}
	c.extras(t, pod)
	priority := rapid.Int32Range(0, 2).Draw(t, "priority")
	pod.Spec.Priority = &priority
	if flip(t, "tolerates") {
		pod.Spec.Tolerations = []v1.Toleration{{Key: "k", Operator: v1.TolerationOpEqual, Value: value(t, "toleration")}}
	}
	if rapid.IntRange(0, 3).Draw(t, "selector") == 0 {
		pod.Spec.NodeSelector = map[string]string{"disk": value(t, "disk")}
	}
	if flip(t, "spread") {
		pod.Spec.TopologySpreadConstraints = []v1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: topologyKey(t), LabelSelector: selector(t),
			WhenUnsatisfiable: rapid.SampledFrom([]v1.UnsatisfiableConstraintAction{v1.DoNotSchedule, v1.ScheduleAnyway}).Draw(t, "action"),
		}}
		c.constrain(t, &pod.Spec.TopologySpreadConstraints[0])
	}
	pod.Spec.Affinity = affinity(t, pod.Labels)
	if c.volumes {
		c.mount(t, pod)
	}
	if rapid.IntRange(0, 3).Draw(t, "node affinity") == 0 {
		if pod.Spec.Affinity == nil {
			pod.Spec.Affinity = &v1.Affinity{}
		}
		pod.Spec.Affinity.NodeAffinity = nodeAffinity(t)
	}
	if c.local {
		pod.Spec.TopologySpreadConstraints = nil
		if pod.Spec.Affinity != nil {
			pod.Spec.Affinity.PodAffinity, pod.Spec.Affinity.PodAntiAffinity = nil, nil
		}
	}
	return pod
}

const gpu v1.ResourceName = "example.com/gpu"

func port(t *rapid.T) v1.ContainerPort {
	return v1.ContainerPort{ContainerPort: 80,
		HostPort: rapid.SampledFrom([]int32{0, 80, 80, 81}).Draw(t, "host port"),
		HostIP:   rapid.SampledFrom([]string{"", "10.0.0.1", "10.0.0.2"}).Draw(t, "host ip"),
		Protocol: rapid.SampledFrom([]v1.Protocol{"", v1.ProtocolTCP, v1.ProtocolUDP}).Draw(t, "protocol"),
	}
}

// extras gives a pod init containers, sidecars, overhead and pod-level resources.
func (c *churn) extras(t *rapid.T, pod *v1.Pod) {
	always := v1.ContainerRestartPolicyAlways
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "init containers") {
		init := v1.Container{Name: "i", Image: value(t, "init image"), Resources: v1.ResourceRequirements{
			Requests: resources(t, []string{"", "200m", "1"}, []string{"", "64Mi", "1Gi"})}}
		if flip(t, "sidecar") {
			init.RestartPolicy = &always
			init.Ports = []v1.ContainerPort{port(t)}
		}
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, init)
	}
	switch rapid.IntRange(0, 9).Draw(t, "extra") {
	case 0:
		pod.Spec.Overhead = v1.ResourceList{v1.ResourceCPU: resource.MustParse("50m")}
	case 1:
		pod.Spec.Resources = &v1.ResourceRequirements{Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse("1500m"), v1.ResourceMemory: resource.MustParse("1Gi")}}
	case 2, 3:
		yes := true
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "rs", Controller: &yes}}
	}
}

// dress gives a bound pod what only such pods have.
func (c *churn) dress(t *rapid.T, pod *v1.Pod) {
	start := metav1.Unix(int64(rapid.IntRange(1, 3).Draw(t, "start")), 0)
	pod.Status.StartTime = &start
	if !c.lasting && rapid.IntRange(0, 5).Draw(t, "terminating") == 0 {
		pod.DeletionTimestamp = &start
	}
}

func requirement(t *rapid.T) v1.NodeSelectorRequirement {
	r := v1.NodeSelectorRequirement{Key: "disk", Operator: rapid.SampledFrom([]v1.NodeSelectorOperator{v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn,
		v1.NodeSelectorOpExists, v1.NodeSelectorOpDoesNotExist, v1.NodeSelectorOpGt, v1.NodeSelectorOpLt}).Draw(t, "operator")}
	switch r.Operator {
	case v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn:
		r.Values = []string{value(t, "disk"), value(t, "or disk")}
	case v1.NodeSelectorOpGt, v1.NodeSelectorOpLt:
		r.Key, r.Values = "size", []string{"3"}
	}
	return r
}

func nodeAffinity(t *rapid.T) *v1.NodeAffinity {
	a := &v1.NodeAffinity{}
	if flip(t, "required") {
		a.RequiredDuringSchedulingIgnoredDuringExecution = &v1.NodeSelector{}
		for range rapid.IntRange(1, 2).Draw(t, "terms") {
			var term v1.NodeSelectorTerm
			if flip(t, "field") {
				term.MatchFields = []v1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Values: []string{nodeName(t)},
					Operator: rapid.SampledFrom([]v1.NodeSelectorOperator{v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn}).Draw(t, "field operator")}}
			}
			if len(term.MatchFields) == 0 || flip(t, "expression") {
				term.MatchExpressions = []v1.NodeSelectorRequirement{requirement(t)}
			}
			terms := &a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
			*terms = append(*terms, term)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "preferred") {
		a.PreferredDuringSchedulingIgnoredDuringExecution = append(a.PreferredDuringSchedulingIgnoredDuringExecution, v1.PreferredSchedulingTerm{
			Weight: rapid.Int32Range(1, 100).Draw(t, "weight"), Preference: v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{requirement(t)}}})
	}
	return a
}

// constrain gives a spread constraint its rarer fields.
func (c *churn) constrain(t *rapid.T, s *v1.TopologySpreadConstraint) {
	ignore, honor := v1.NodeInclusionPolicyIgnore, v1.NodeInclusionPolicyHonor
	if flip(t, "ignore affinity") {
		s.NodeAffinityPolicy = &ignore
	}
	if flip(t, "honor taints") {
		s.NodeTaintsPolicy = &honor
	}
	if flip(t, "label keys") {
		s.MatchLabelKeys = []string{"tier"}
	}
	if s.WhenUnsatisfiable == v1.DoNotSchedule && flip(t, "min domains") {
		three := int32(3)
		s.MinDomains = &three
	}
}

func topologyKey(t *rapid.T) string {
	return rapid.SampledFrom([]string{v1.LabelHostname, v1.LabelTopologyZone}).Draw(t, "key")
}

func selector(t *rapid.T) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": value(t, "wanted")}}
}

func affinity(t *rapid.T, own map[string]string) *v1.Affinity {
	term := func() v1.PodAffinityTerm {
		term := v1.PodAffinityTerm{TopologyKey: topologyKey(t), LabelSelector: selector(t)}
		switch rapid.IntRange(0, 5).Draw(t, "label keys") {
		case 0:
			term.MatchLabelKeys = []string{"tier"}
			require(term.LabelSelector, "tier", metav1.LabelSelectorOpIn, own)
		case 1:
			term.MismatchLabelKeys = []string{"tier"}
			require(term.LabelSelector, "tier", metav1.LabelSelectorOpNotIn, own)
		}
		if flip(t, "namespaces") {
			term.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": value(t, "team")}}
		}
		return term
	}
	a := &v1.Affinity{}
	switch rapid.IntRange(0, 7).Draw(t, "affinity") {
	case 0:
		a.PodAffinity = &v1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []v1.PodAffinityTerm{term()}}
	case 1:
		a.PodAntiAffinity = &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []v1.PodAffinityTerm{term()}}
	case 2:
		a.PodAffinity = &v1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{{Weight: 7, PodAffinityTerm: term()}}}
	case 3:
		a.PodAntiAffinity = &v1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{{Weight: 3, PodAffinityTerm: term()}}}
	default:
		return nil
	}
	return a
}

// require adds a pod's own value of a label to a selector, as the API server
// does with the label keys of a new pod's affinity terms.
func require(s *metav1.LabelSelector, key string, operator metav1.LabelSelectorOperator, own map[string]string) {
	if v, ok := own[key]; ok {
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: operator, Values: []string{v}})
	}
}
