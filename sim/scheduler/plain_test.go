package scheduler_test

import (
	"maps"
	"math"
	"slices"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
)

// plain is the rules once more, written down as plainly and as slowly as
// possible: no prepared counts, no shared helpers, every question answered by
// looking at all pods. It knows what the churn makes and nothing else.
type plain struct {
	nodes      []*v1.Node
	pods       map[string][]*v1.Pod // by node
	namespaces map[string]map[string]string
	services   []*v1.Service
	pod        *v1.Pod
}

// TestRulesEqualPlainOnes compares verdicts and scores on random clusters.
func TestRulesEqualPlainOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &churn{view: framework.NewSnapshot()}
		for range rapid.IntRange(1, 6).Draw(t, "nodes") {
			c.setNode(t)
		}
		for range rapid.IntRange(0, 25).Draw(t, "changes") {
			c.change(t)
		}
		for _, key := range []string{"default/nominated", "other/nominated"} {
			c.view.Unnominate(key)
		}
		pod := c.pod(t, "asked")
		e := plugins.DefaultProfile().Evaluate(c.view, framework.NewPodInfo(pod))
		p := newPlain(c.view, pod)
		want := p.verdicts()
		for i, v := range e.Verdicts {
			got := ""
			if v != nil {
				got = v.Plugin + ": " + v.Message()
			}
			if got != want[i] {
				t.Fatalf("%s: %q, plainly %q", p.nodes[i].Name, got, want[i])
			}
		}
		wanted := p.scores(want)
		for _, column := range e.Columns {
			if !slices.Equal(column.Normalized, wanted[column.Plugin]) {
				t.Fatalf("%s: %v (raw %v), plainly %v", column.Plugin, column.Normalized, column.Raw, wanted[column.Plugin])
			}
			delete(wanted, column.Plugin)
		}
		if len(e.Feasible) > 0 && len(wanted) > 0 {
			t.Fatalf("not scored: %v", slices.Sorted(maps.Keys(wanted)))
		}
	})
}

func newPlain(view *framework.Snapshot, pod *v1.Pod) *plain {
	p := &plain{pods: make(map[string][]*v1.Pod), namespaces: make(map[string]map[string]string), services: view.Services.All(), pod: pod}
	for _, n := range view.Nodes() {
		p.nodes = append(p.nodes, n.Node)
		for _, other := range n.Pods {
			p.pods[n.Name] = append(p.pods[n.Name], other.Pod)
		}
	}
	for _, ns := range view.Namespaces.All() {
		p.namespaces[ns.Name] = ns.Labels
	}
	return p
}

func (p *plain) verdicts() []string {
	var out []string
	for _, n := range p.nodes {
		out = append(out, p.verdict(n))
	}
	return out
}

func (p *plain) verdict(n *v1.Node) string {
	if n.Spec.Unschedulable {
		return "NodeUnschedulable: node(s) were unschedulable"
	}
	if !p.toleratesAll(n) {
		return "TaintToleration: node(s) had untolerated taint(s)"
	}
	if !p.selects(n) {
		return "NodeAffinity: node(s) didn't match Pod's node affinity/selector"
	}
	for _, other := range p.pods[n.Name] {
		if len(p.pod.Spec.Containers[0].Ports)*len(other.Spec.Containers[0].Ports) > 0 {
			return "NodePorts: node(s) didn't have free ports for the requested pod ports"
		}
	}
	if short := p.short(n); short != "" {
		return "NodeResourcesFit: " + short
	}
	if text := p.spreads(n); text != "" {
		return "PodTopologySpread: " + text
	}
	return p.apart(n)
}

func (p *plain) toleratesAll(n *v1.Node) bool {
	for _, taint := range n.Spec.Taints {
		if taint.Effect == v1.TaintEffectNoSchedule && !p.tolerates(taint) {
			return false
		}
	}
	return true
}

func (p *plain) tolerates(taint v1.Taint) bool {
	return slices.ContainsFunc(p.pod.Spec.Tolerations, func(t v1.Toleration) bool { return t.Key == taint.Key && t.Value == taint.Value })
}

func (p *plain) selects(n *v1.Node) bool {
	for key, value := range p.pod.Spec.NodeSelector {
		if n.Labels[key] != value {
			return false
		}
	}
	return true
}

// asks is what a pod requests of cpu (in thousandths) or memory.
func asks(pod *v1.Pod, name v1.ResourceName) int64 {
	q := pod.Spec.Containers[0].Resources.Requests[name]
	if name == v1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

func has(n *v1.Node, name v1.ResourceName) int64 {
	q := n.Status.Allocatable[name]
	if name == v1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

func (p *plain) used(n *v1.Node, name v1.ResourceName) (sum int64) {
	for _, other := range p.pods[n.Name] {
		sum += asks(other, name)
	}
	return sum
}

func (p *plain) short(n *v1.Node) string {
	text := ""
	add := func(s string) {
		if text != "" {
			text += ", "
		}
		text += s
	}
	if int64(len(p.pods[n.Name])) >= has(n, v1.ResourcePods) {
		add("Too many pods")
	}
	for _, name := range []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory} {
		if asks(p.pod, name) > 0 && p.used(n, name)+asks(p.pod, name) > has(n, name) {
			add("Insufficient " + string(name))
		}
	}
	return text
}

func matchesLabels(want, have map[string]string) bool {
	for key, value := range want {
		if have[key] != value {
			return false
		}
	}
	return true
}

// like counts a node's pods of the asked pod's namespace with some labels.
func (p *plain) like(n *v1.Node, labels map[string]string) (count int64) {
	for _, other := range p.pods[n.Name] {
		if other.Namespace == p.pod.Namespace && matchesLabels(labels, other.Labels) {
			count++
		}
	}
	return count
}

func (p *plain) spreads(n *v1.Node) string {
	for _, c := range p.pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable != v1.DoNotSchedule {
			continue
		}
		value, ok := n.Labels[c.TopologyKey]
		if !ok {
			return "node(s) didn't match pod topology spread constraints (missing required label)"
		}
		byValue := make(map[string]int64)
		for _, other := range p.nodes {
			if v, ok := other.Labels[c.TopologyKey]; ok && p.selects(other) {
				byValue[v] += p.like(other, c.LabelSelector.MatchLabels)
			}
		}
		low := int64(math.MaxInt64)
		for _, count := range byValue {
			low = min(low, count)
		}
		count := byValue[value]
		if matchesLabels(c.LabelSelector.MatchLabels, p.pod.Labels) {
			count++
		}
		if len(byValue) == 0 {
			low = 0
		}
		if count-low > int64(c.MaxSkew) {
			return "node(s) didn't match pod topology spread constraints"
		}
	}
	return ""
}

// termPicks reports whether an affinity term of owner picks a pod.
func (p *plain) termPicks(term v1.PodAffinityTerm, owner, other *v1.Pod) bool {
	if term.NamespaceSelector == nil {
		return owner.Namespace == other.Namespace && matchesLabels(term.LabelSelector.MatchLabels, other.Labels)
	}
	return matchesLabels(term.NamespaceSelector.MatchLabels, p.namespaces[other.Namespace]) && matchesLabels(term.LabelSelector.MatchLabels, other.Labels)
}

func sharesDomain(a, b *v1.Node, key string) bool {
	x, hasX := a.Labels[key]
	y, hasY := b.Labels[key]
	return hasX && hasY && x == y
}

func (p *plain) apart(n *v1.Node) string {
	own := p.pod.Spec.Affinity
	if own != nil && own.PodAffinity != nil {
		for _, term := range own.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if !p.near(n, term) {
				return "InterPodAffinity: node(s) didn't match pod affinity rules"
			}
		}
	}
	blocked := ""
	p.eachPod(func(at *v1.Node, other *v1.Pod) {
		if own != nil && own.PodAntiAffinity != nil {
			for _, term := range own.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
				if p.termPicks(term, p.pod, other) && sharesDomain(n, at, term.TopologyKey) {
					blocked = "InterPodAffinity: node(s) didn't match pod anti-affinity rules"
				}
			}
		}
	})
	if blocked != "" {
		return blocked
	}
	p.eachPod(func(at *v1.Node, other *v1.Pod) {
		if a := other.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
			for _, term := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
				if p.termPicks(term, other, p.pod) && sharesDomain(n, at, term.TopologyKey) {
					blocked = "InterPodAffinity: node(s) didn't satisfy existing pods anti-affinity rules"
				}
			}
		}
	})
	return blocked
}

func (p *plain) eachPod(f func(at *v1.Node, pod *v1.Pod)) {
	for _, n := range p.nodes {
		for _, pod := range p.pods[n.Name] {
			f(n, pod)
		}
	}
}

// near reports whether one affinity term (the churn makes no more) is met.
func (p *plain) near(n *v1.Node, term v1.PodAffinityTerm) bool {
	if _, ok := n.Labels[term.TopologyKey]; !ok {
		return false
	}
	here, anywhere := false, false
	p.eachPod(func(at *v1.Node, other *v1.Pod) {
		if _, ok := at.Labels[term.TopologyKey]; ok && p.termPicks(term, p.pod, other) {
			anywhere = true
			here = here || sharesDomain(n, at, term.TopologyKey)
		}
	})
	return here || !anywhere && p.termPicks(term, p.pod, p.pod)
}

// scores are the normalised ones of the feasible nodes, by plugin.
func (p *plain) scores(verdicts []string) map[string][]int64 {
	var feasible []*v1.Node
	for i, n := range p.nodes {
		if verdicts[i] == "" {
			feasible = append(feasible, n)
		}
	}
	out := make(map[string][]int64)
	if len(feasible) == 0 {
		return out
	}
	each := func(f func(*v1.Node) float64) []float64 {
		var list []float64
		for _, n := range feasible {
			list = append(list, f(n))
		}
		return list
	}
	out["TaintToleration"] = whole(each(p.badTaints), func(x, _, high float64) float64 {
		if high == 0 {
			return 100
		}
		return 100 - math.Floor(100*x/high)
	})
	out["NodeResourcesFit"] = whole(each(p.least), asIs)
	if asks(p.pod, v1.ResourceCPU)+asks(p.pod, v1.ResourceMemory) > 0 {
		out["NodeResourcesBalancedAllocation"] = whole(each(p.balance), asIs)
	}
	out["ImageLocality"] = whole(each(p.image), asIs)
	if any, weights := p.liking(feasible); any {
		out["InterPodAffinity"] = whole(weights, func(x, low, high float64) float64 {
			if high == low {
				return 0
			}
			return math.Floor(100 * ((x - low) / (high - low)))
		})
	}
	if s := p.softSpread(feasible); s != nil {
		out["PodTopologySpread"] = s
	}
	return out
}

func asIs(x, _, _ float64) float64 { return x }

// whole normalises by a function of a value, the lowest and the highest one.
func whole(list []float64, f func(x, low, high float64) float64) []int64 {
	low, high := slices.Min(list), slices.Max(list)
	var out []int64
	for _, x := range list {
		out = append(out, int64(f(x, low, high)))
	}
	return out
}

func (p *plain) badTaints(n *v1.Node) (count float64) {
	for _, taint := range n.Spec.Taints {
		if taint.Effect == v1.TaintEffectPreferNoSchedule && !p.tolerates(taint) {
			count++
		}
	}
	return count
}

func (p *plain) least(n *v1.Node) float64 {
	sum := int64(0)
	for name, usual := range map[v1.ResourceName]int64{v1.ResourceCPU: 100, v1.ResourceMemory: 200 << 20} {
		filled := int64(0)
		for _, pod := range append([]*v1.Pod{p.pod}, p.pods[n.Name]...) {
			if _, named := pod.Spec.Containers[0].Resources.Requests[name]; named {
				filled += asks(pod, name)
			} else {
				filled += usual
			}
		}
		if filled <= has(n, name) {
			sum += (has(n, name) - filled) * 100 / has(n, name)
		}
	}
	return float64(sum / 2)
}

func (p *plain) balance(n *v1.Node) float64 {
	even := func(with int64) int64 {
		part := func(name v1.ResourceName) float64 {
			return min(float64(p.used(n, name)+with*asks(p.pod, name))/float64(has(n, name)), 1)
		}
		return int64((1 - math.Abs((part(v1.ResourceCPU)-part(v1.ResourceMemory))/2)) * 100)
	}
	return float64(50 + (50+even(1)-even(0))/2)
}

func (p *plain) image(n *v1.Node) float64 {
	name := p.pod.Spec.Containers[0].Image + ":latest"
	holds := func(n *v1.Node) bool {
		return slices.ContainsFunc(n.Status.Images, func(i v1.ContainerImage) bool { return i.Names[0] == name })
	}
	if !holds(n) {
		return 0
	}
	holders := 0
	for _, other := range p.nodes {
		if holds(other) {
			holders++
		}
	}
	const mib = int64(1 << 20)
	size := int64(float64(200*mib) * (float64(holders) / float64(len(p.nodes))))
	return float64(100 * (min(max(size, 23*mib), 1000*mib) - 23*mib) / (977 * mib))
}

func (p *plain) liking(feasible []*v1.Node) (any bool, weights []float64) {
	weights = make([]float64, len(feasible))
	apply := func(weight int32, term v1.PodAffinityTerm, owner, other *v1.Pod, at *v1.Node) {
		if _, ok := at.Labels[term.TopologyKey]; !ok || !p.termPicks(term, owner, other) {
			return
		}
		any = true
		for i, n := range feasible {
			if sharesDomain(n, at, term.TopologyKey) {
				weights[i] += float64(weight)
			}
		}
	}
	preferred := func(owner, other *v1.Pod, at *v1.Node) {
		a := owner.Spec.Affinity
		if a != nil && a.PodAffinity != nil {
			for _, w := range a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				apply(w.Weight, w.PodAffinityTerm, owner, other, at)
			}
		}
		if a != nil && a.PodAntiAffinity != nil {
			for _, w := range a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				apply(-w.Weight, w.PodAffinityTerm, owner, other, at)
			}
		}
	}
	p.eachPod(func(at *v1.Node, other *v1.Pod) {
		preferred(p.pod, other, at)
		preferred(other, p.pod, at)
		if a := other.Spec.Affinity; a != nil && a.PodAffinity != nil {
			for _, term := range a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
				apply(1, term, other, p.pod, at)
			}
		}
	})
	return any, weights
}

// softSpread is nil when no soft constraint applies. The churn's pods have one
// constraint at most; without any, services give the system's two.
func (p *plain) softSpread(feasible []*v1.Node) []int64 {
	constraints, own := p.pod.Spec.TopologySpreadConstraints, true
	if len(constraints) == 0 {
		selector := map[string]string{}
		for _, s := range p.services {
			if s.Namespace == p.pod.Namespace && matchesLabels(s.Spec.Selector, p.pod.Labels) {
				maps.Copy(selector, s.Spec.Selector)
			}
		}
		if len(selector) == 0 {
			return nil
		}
		own = false
		for key, skew := range map[string]int32{v1.LabelHostname: 3, v1.LabelTopologyZone: 5} {
			constraints = append(constraints, v1.TopologySpreadConstraint{TopologyKey: key, MaxSkew: skew, LabelSelector: &metav1.LabelSelector{MatchLabels: selector}})
		}
	} else if constraints[0].WhenUnsatisfiable != v1.ScheduleAnyway {
		return nil
	}
	lacks := func(n *v1.Node) bool { _, ok := n.Labels[constraints[0].TopologyKey]; return own && !ok }
	counted := slices.DeleteFunc(slices.Clone(feasible), lacks)
	raw := make([]float64, len(feasible))
	for i, n := range feasible {
		for _, c := range constraints {
			if value, ok := n.Labels[c.TopologyKey]; ok && !lacks(n) {
				raw[i] += p.softTerm(c, n, value, counted)
			}
		}
		raw[i] = math.Round(raw[i])
	}
	low, high := math.Inf(1), 0.0
	for i, n := range feasible {
		if !lacks(n) {
			low, high = min(low, raw[i]), max(high, raw[i])
		}
	}
	out := make([]int64, len(feasible))
	for i, n := range feasible {
		switch {
		case lacks(n):
		case high == 0:
			out[i] = 100
		default:
			out[i] = int64(math.Floor(100 * (high + low - raw[i]) / high))
		}
	}
	return out
}

func (p *plain) softTerm(c v1.TopologySpreadConstraint, n *v1.Node, value string, counted []*v1.Node) float64 {
	values := make(map[string]bool)
	for _, other := range counted {
		values[other.Labels[c.TopologyKey]] = true // "" is a domain, too
	}
	domains, count := len(values), int64(0)
	if c.TopologyKey == v1.LabelHostname {
		domains, count = len(counted), p.like(n, c.LabelSelector.MatchLabels)
	} else {
		for _, other := range p.nodes {
			if v, ok := other.Labels[c.TopologyKey]; ok && v == value && p.selects(other) {
				count += p.like(other, c.LabelSelector.MatchLabels)
			}
		}
	}
	return float64(count)*math.Log(float64(domains+2)) + float64(c.MaxSkew-1)
}
