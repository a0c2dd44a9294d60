package scheduler_test

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
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
	sets       []*appsv1.ReplicaSet
	budgets    []*policyv1.PodDisruptionBudget
	storage
	pod *v1.Pod
}

// TestRulesEqualPlainOnes compares verdicts and scores on random clusters.
func TestRulesEqualPlainOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &churn{view: framework.NewSnapshot(), volumes: true}
		for range rapid.IntRange(1, 6).Draw(t, "nodes") {
			c.setNode(t)
		}
		if flip(t, "stock") {
			c.stock(t)
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
	p := &plain{pods: make(map[string][]*v1.Pod), namespaces: make(map[string]map[string]string), services: view.Services.All(),
		sets: view.ReplicaSets.All(), budgets: view.Budgets.All(), pod: pod,
		storage: storage{view.Claims.All(), view.Volumes.All(), view.StorageClasses.All(), view.CSINodes.All()}}
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
	if fault := p.claimFault(); fault != "" {
		return fault
	}
	if named := p.named(); named != nil && !named[n.Name] {
		return "NodeAffinity: node(s) didn't satisfy plugin(s) [NodeAffinity]"
	}
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
		if portsClash(p.pod, other) {
			return "NodePorts: node(s) didn't have free ports for the requested pod ports"
		}
	}
	if short := p.short(n); short != "" {
		return "NodeResourcesFit: " + short
	}
	if fault := p.stores(n); fault != "" {
		return fault
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
	terms := p.nodeTerms()
	return len(terms) == 0 || slices.ContainsFunc(terms, func(t v1.NodeSelectorTerm) bool { return termMeets(t, n) })
}

func (p *plain) nodeTerms() []v1.NodeSelectorTerm {
	a := p.pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

// named are the only nodes that are looked at, if every term names one.
func (p *plain) named() map[string]bool {
	names := make(map[string]bool)
	for _, term := range p.nodeTerms() {
		if len(term.MatchFields) == 0 || term.MatchFields[0].Operator != v1.NodeSelectorOpIn {
			return nil
		}
		names[term.MatchFields[0].Values[0]] = true
	}
	if len(names) == 0 {
		return nil
	}
	return names
}

func termMeets(term v1.NodeSelectorTerm, n *v1.Node) bool {
	for _, f := range term.MatchFields {
		if (f.Operator == v1.NodeSelectorOpIn) != (f.Values[0] == n.Name) {
			return false
		}
	}
	for _, r := range term.MatchExpressions {
		value, ok := n.Labels[r.Key]
		size, err := strconv.Atoi(value)
		met := false
		switch r.Operator {
		case v1.NodeSelectorOpIn:
			met = ok && (value == r.Values[0] || value == r.Values[1])
		case v1.NodeSelectorOpNotIn:
			met = !ok || value != r.Values[0] && value != r.Values[1]
		case v1.NodeSelectorOpExists:
			met = ok
		case v1.NodeSelectorOpDoesNotExist:
			met = !ok
		case v1.NodeSelectorOpGt:
			met = ok && err == nil && size > 3
		case v1.NodeSelectorOpLt:
			met = ok && err == nil && size < 3
		}
		if !met {
			return false
		}
	}
	return true
}

// portsClash compares every host port of two pods with every other; ports of
// init containers count only if these go on running.
func portsClash(a, b *v1.Pod) bool {
	list := func(pod *v1.Pod) (ports []v1.ContainerPort) {
		for _, c := range pod.Spec.InitContainers {
			if c.RestartPolicy != nil {
				ports = append(ports, c.Ports...)
			}
		}
		return append(ports, pod.Spec.Containers[0].Ports...)
	}
	tcp := func(p v1.Protocol) bool { return p == "" || p == v1.ProtocolTCP }
	for _, x := range list(a) {
		for _, y := range list(b) {
			sameIP := x.HostIP == y.HostIP || x.HostIP == "" || y.HostIP == ""
			if x.HostPort > 0 && x.HostPort == y.HostPort && tcp(x.Protocol) == tcp(y.Protocol) && sameIP {
				return true
			}
		}
	}
	return false
}

func amountOf(list v1.ResourceList, name v1.ResourceName, missing int64) int64 {
	q, ok := list[name]
	switch {
	case !ok:
		return missing
	case name == v1.ResourceCPU:
		return q.MilliValue()
	}
	return q.Value()
}

// need is what a pod requests of a resource, cpu in thousandths, if containers
// that name none count as missing.
func need(pod *v1.Pod, name v1.ResourceName, missing int64, podLevel bool) int64 {
	running, most := int64(0), int64(0)
	for _, c := range pod.Spec.InitContainers {
		amount := amountOf(c.Resources.Requests, name, missing)
		if c.RestartPolicy != nil {
			running += amount
			most = max(most, running)
		} else {
			most = max(most, running+amount)
		}
	}
	total := max(most, running+amountOf(pod.Spec.Containers[0].Resources.Requests, name, missing))
	if podLevel && pod.Spec.Resources != nil {
		total = amountOf(pod.Spec.Resources.Requests, name, total)
	}
	return total + amountOf(pod.Spec.Overhead, name, 0)
}

// asks is what a pod requests.
func asks(pod *v1.Pod, name v1.ResourceName) int64 { return need(pod, name, 0, true) }

func has(n *v1.Node, name v1.ResourceName) int64 { return amountOf(n.Status.Allocatable, name, 0) }

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
	for _, name := range []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, gpu} {
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

// like counts a node's pods of the asked pod's namespace that match a
// constraint and are not being deleted.
func (p *plain) like(n *v1.Node, c v1.TopologySpreadConstraint) (count int64) {
	for _, other := range p.pods[n.Name] {
		if other.Namespace == p.pod.Namespace && other.DeletionTimestamp == nil && p.counts(c, other) {
			count++
		}
	}
	return count
}

// counts reports whether a constraint is about a pod. What is required besides
// the selector are the asked pod's own values of some labels and, of the
// system's constraints, the selector of a ReplicaSet.
func (p *plain) counts(c v1.TopologySpreadConstraint, other *v1.Pod) bool {
	for _, key := range c.MatchLabelKeys {
		if own, ok := p.pod.Labels[key]; ok && other.Labels[key] != own {
			return false
		}
	}
	for _, r := range c.LabelSelector.MatchExpressions {
		if other.Labels[r.Key] != r.Values[0] {
			return false
		}
	}
	return matchesLabels(c.LabelSelector.MatchLabels, other.Labels)
}

// includes reports whether a node's pods count for a constraint.
func (p *plain) includes(c v1.TopologySpreadConstraint, n *v1.Node) bool {
	if c.NodeAffinityPolicy == nil && !p.selects(n) {
		return false
	}
	return c.NodeTaintsPolicy == nil || p.toleratesAll(n)
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
			if v, ok := other.Labels[c.TopologyKey]; ok && p.includes(c, other) {
				byValue[v] += p.like(other, c)
			}
		}
		low := int64(math.MaxInt64)
		for _, count := range byValue {
			low = min(low, count)
		}
		count := byValue[value]
		if p.counts(c, p.pod) {
			count++
		}
		if len(byValue) == 0 || c.MinDomains != nil && len(byValue) < int(*c.MinDomains) {
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
	for _, key := range term.MatchLabelKeys {
		if own, ok := owner.Labels[key]; ok && other.Labels[key] != own {
			return false
		}
	}
	for _, key := range term.MismatchLabelKeys {
		if own, ok := owner.Labels[key]; ok && other.Labels[key] == own {
			return false
		}
	}
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
	if a := p.pod.Spec.Affinity; a != nil && a.NodeAffinity != nil && len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 {
		liked := func(n *v1.Node) (sum float64) {
			for _, term := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				if termMeets(term.Preference, n) {
					sum += float64(term.Weight)
				}
			}
			return sum
		}
		out["NodeAffinity"] = whole(each(liked), func(x, _, high float64) float64 {
			if high == 0 {
				return 0
			}
			return math.Floor(100 * x / high)
		})
	}
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
		filled := need(p.pod, name, usual, false) // as kube-scheduler does, pod-level resources or not
		for _, pod := range p.pods[n.Name] {
			filled += need(pod, name, usual, true)
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
	const mib = int64(1 << 20)
	size, most := int64(0), int64(0)
	for _, c := range append(slices.Clone(p.pod.Spec.InitContainers), p.pod.Spec.Containers...) {
		most += 1000 * mib
		holds := func(n *v1.Node) bool {
			return slices.ContainsFunc(n.Status.Images, func(i v1.ContainerImage) bool { return i.Names[0] == c.Image+":latest" })
		}
		if !holds(n) {
			continue
		}
		holders := 0
		for _, other := range p.nodes {
			if holds(other) {
				holders++
			}
		}
		size += int64(float64(200*mib) * (float64(holders) / float64(len(p.nodes))))
	}
	return float64(100 * (min(max(size, 23*mib), most) - 23*mib) / (most - 23*mib))
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
		var owner []metav1.LabelSelectorRequirement
		for _, rs := range p.sets {
			if len(p.pod.OwnerReferences) > 0 && rs.Namespace == p.pod.Namespace {
				owner = []metav1.LabelSelectorRequirement{{Key: "app", Values: []string{rs.Spec.Selector.MatchLabels["app"]}}}
			}
		}
		if len(selector)+len(owner) == 0 {
			return nil
		}
		own = false
		for key, skew := range map[string]int32{v1.LabelHostname: 3, v1.LabelTopologyZone: 5} {
			constraints = append(constraints, v1.TopologySpreadConstraint{TopologyKey: key, MaxSkew: skew,
				LabelSelector: &metav1.LabelSelector{MatchLabels: selector, MatchExpressions: owner}})
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
		domains, count = len(counted), p.like(n, c)
	} else {
		for _, other := range p.nodes {
			if v, ok := other.Labels[c.TopologyKey]; ok && v == value && p.includes(c, other) {
				count += p.like(other, c)
			}
		}
	}
	return float64(count)*math.Log(float64(domains+2)) + float64(c.MaxSkew-1)
}

// TestPreemptionEqualsPlainOne compares who would have to go from each node.
func TestPreemptionEqualsPlainOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &churn{view: framework.NewSnapshot(), lasting: true}
		for range rapid.IntRange(1, 3).Draw(t, "nodes") {
			c.setNode(t)
		}
		for _, ns := range []string{"default", "other"} {
			c.setBudget(t, ns)
		}
		for range rapid.IntRange(10, 30).Draw(t, "pods") {
			c.place(t)
		}
		pod := c.pod(t, "asked")
		urgent := int32(2)
		pod.Spec.Priority, pod.Spec.Containers[0].Resources.Requests = &urgent, resources(t, []string{"900m"}, []string{"128Mi", "2Gi"})
		e := plugins.DefaultProfile().Evaluate(c.view, framework.NewPodInfo(pod))
		if len(e.Feasible) > 0 || len(e.Verdicts) == 0 || e.PreFilter != nil {
			return
		}
		want := map[string][]string{}
		for i, v := range e.Verdicts {
			if v.Code == framework.Unschedulable {
				if victims := newPlain(c.view, pod).victims(c.view.Nodes()[i].Node); victims != nil {
					want[c.view.Nodes()[i].Name] = victims
				}
			}
		}
		got := map[string][]string{}
		for _, candidate := range framework.Decide(e).Preemption.Candidates {
			for _, v := range candidate.Victims {
				got[candidate.Node.Name] = append(got[candidate.Node.Name], v.Key)
			}
			slices.Sort(got[candidate.Node.Name])
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("victims %v, plainly %v", got, want)
		}
	})
}

// victims are the pods that have to go from a node, sorted; nil if that does not help.
func (p *plain) victims(n *v1.Node) []string {
	all := p.pods[n.Name]
	lower := func(o *v1.Pod) bool { return *o.Spec.Priority < *p.pod.Spec.Priority }
	stay := slices.DeleteFunc(slices.Clone(all), lower)
	p.pods[n.Name] = stay
	if len(stay) == len(all) || p.verdict(n) != "" {
		return nil
	}
	back := slices.DeleteFunc(slices.Clone(all), func(o *v1.Pod) bool { return !lower(o) })
	slices.SortStableFunc(back, func(a, b *v1.Pod) int {
		return cmp.Or(cmp.Compare(*b.Spec.Priority, *a.Spec.Priority), a.Status.StartTime.Compare(b.Status.StartTime.Time))
	})
	var gone []string
	for _, breaking := range []bool{true, false} {
		for _, o := range back {
			if p.breaks(back, o) != breaking {
				continue
			}
			p.pods[n.Name] = append(slices.Clone(stay), o)
			if p.verdict(n) == "" {
				stay = p.pods[n.Name]
			} else {
				gone = append(gone, o.Namespace+"/"+o.Name)
			}
		}
	}
	slices.Sort(gone)
	return gone
}

// breaks reports whether the removal of a pod, after those before it, would
// break a disruption budget.
func (p *plain) breaks(pods []*v1.Pod, pod *v1.Pod) bool {
	for _, b := range p.budgets {
		used := int32(0)
		for _, o := range pods {
			if o.Namespace == b.Namespace && matchesLabels(b.Spec.Selector.MatchLabels, o.Labels) {
				used++
				if o == pod && used > b.Status.DisruptionsAllowed {
					return true
				}
			}
		}
	}
	return false
}
