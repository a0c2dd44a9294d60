package whatif

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"minisim/sim/scheduler/framework"
)

// uncordon opens a cordoned node.
func (t *trial) uncordon() *Fix {
	for _, n := range t.onlyBy("NodeUnschedulable") {
		var node string
		t.withNode(n, func(n *v1.Node) { n.Spec.Unschedulable = false }, func() { node = t.fits(t.pod.Pod) })
		if node != "" {
			return &Fix{Kind: "uncordon", Node: node, rank: 0,
				Text: fmt.Sprintf("open %s for pods again (it is cordoned)", n.Name), Command: "kubectl uncordon " + n.Name}
		}
	}
	return nil
}

// label gives a node the labels that the pod's selector or one of its affinity
// terms asks for, where fewest are missing.
func (t *trial) label() *Fix {
	var best *Fix
	for _, n := range t.onlyBy("NodeAffinity") {
		missing := missingLabels(t.pod.Pod, n.Node)
		if len(missing) == 0 || best != nil && best.rank <= 5+len(missing) {
			continue
		}
		var node string
		t.withNode(n, func(n *v1.Node) {
			if n.Labels == nil {
				n.Labels = make(map[string]string)
			}
			for key, value := range missing {
				n.Labels[key] = value
			}
		}, func() { node = t.fits(t.pod.Pod) })
		if node == "" {
			continue
		}
		var pairs []string
		for key, value := range missing {
			pairs = append(pairs, key+"="+value)
		}
		slices.Sort(pairs)
		best = &Fix{Kind: "label", Node: node, rank: 5 + len(missing),
			Text:    fmt.Sprintf("label node %s with %s", n.Name, strings.Join(pairs, " and ")),
			Command: fmt.Sprintf("kubectl label node %s --overwrite %s", n.Name, strings.Join(pairs, " "))}
	}
	return best
}

// missingLabels finds labels that would make a node match; none when labels
// cannot do it.
func missingLabels(pod *v1.Pod, node *v1.Node) map[string]string {
	missing := make(map[string]string)
	for key, value := range pod.Spec.NodeSelector {
		if node.Labels[key] != value {
			missing[key] = value
		}
	}
	if match, _ := nodeaffinity.GetRequiredNodeAffinity(&v1.Pod{Spec: v1.PodSpec{Affinity: pod.Spec.Affinity}}).Match(node); match {
		return missing
	}
	for i := range pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		term := &pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[i]
		if labels := labelsFor(term, node); labels != nil {
			for key, value := range labels {
				missing[key] = value
			}
			return missing
		}
	}
	return nil
}

// labelsFor finds labels that make a node match a term of In and Exists
// requirements; nil when the term has others that do not hold.
func labelsFor(term *v1.NodeSelectorTerm, node *v1.Node) map[string]string {
	labels := make(map[string]string)
	for _, r := range term.MatchExpressions {
		value, has := node.Labels[r.Key]
		switch r.Operator {
		case v1.NodeSelectorOpIn:
			if !has || !slices.Contains(r.Values, value) {
				labels[r.Key] = r.Values[0]
			}
		case v1.NodeSelectorOpExists:
			if !has {
				labels[r.Key] = "true"
			}
		}
	}
	if len(term.MatchExpressions) == 0 {
		return nil
	}
	return labels
}

// free removes as few pods as possible from one node, the least important
// first. Pods of higher priority than the pod itself stay.
func (t *trial) free() *Fix {
	var best *Fix
	for _, n := range t.view.Nodes() {
		pods := t.removable(n)
		if len(pods) == 0 {
			continue
		}
		gone, node := t.fewest(n, pods)
		if node == "" || best != nil && best.rank <= 30+len(gone) {
			continue
		}
		keys, commands := make([]string, len(gone)), make([]string, len(gone))
		for i, p := range gone {
			keys[i] = p.Key
			commands[i] = fmt.Sprintf("kubectl delete pod --namespace %s %s", p.Pod.Namespace, p.Pod.Name)
		}
		best = &Fix{Kind: "free", Node: node, Pods: keys, rank: 30 + len(gone), Command: strings.Join(commands, " && "),
			Text: fmt.Sprintf("remove %s from %s", strings.Join(keys, " and "), n.Name)}
	}
	return best
}

// removable lists the pods of a node that may go, if removing pods can help
// there at all: the least important first.
func (t *trial) removable(n *framework.NodeInfo) []*framework.PodInfo {
	for _, plugin := range t.failing[n.Name] {
		if !slices.Contains([]string{"NodeResourcesFit", "NodePorts", "InterPodAffinity", "PodTopologySpread", "NodeVolumeLimits", "VolumeRestrictions"}, plugin) {
			return nil
		}
	}
	var pods []*framework.PodInfo
	for _, p := range n.Pods {
		if p.Priority <= t.pod.Priority {
			pods = append(pods, p)
		}
	}
	slices.SortStableFunc(pods, func(a, b *framework.PodInfo) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Key, b.Key))
	})
	return pods
}

// fewest removes pods until the new one fits, then puts back what need not go.
// The view is as before when it returns.
func (t *trial) fewest(n *framework.NodeInfo, pods []*framework.PodInfo) (gone []*framework.PodInfo, node string) {
	for _, p := range pods {
		t.view.RemovePod(p.Key)
		gone = append(gone, p)
		if node = t.fits(t.pod.Pod); node != "" {
			break
		}
	}
	if node != "" {
		for i := 0; i < len(gone) && len(gone) > 1; {
			t.view.AddPod(gone[i], n.Name)
			if t.fits(t.pod.Pod) == "" {
				t.view.RemovePod(gone[i].Key)
				i++
				continue
			}
			gone = slices.Delete(gone, i, i+1)
		}
		node = t.fits(t.pod.Pod)
	}
	for _, p := range pods {
		if placed, _ := t.view.Placed(p.Key); placed == nil {
			t.view.AddPod(p, n.Name)
		}
	}
	return gone, node
}

// newNode is the name of the node that addNode proposes.
const newNode = "new-node"

// addNode adds a node like one of those there are, without its taints, large
// enough for the pod, and with the labels that the pod and its volumes ask for.
func (t *trial) addNode() *Fix {
	for _, n := range t.view.Nodes() {
		node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: newNode, Labels: make(map[string]string)}}
		for key, value := range n.Node.Labels {
			node.Labels[key] = value
		}
		node.Labels[v1.LabelHostname] = newNode
		asked := t.placesOfVolumes()
		for key, value := range missingLabels(t.pod.Pod, node) {
			asked[key] = value
		}
		var extra []string
		for key, value := range asked {
			if node.Labels[key] != value {
				node.Labels[key] = value
				extra = append(extra, key+"="+value)
			}
		}
		slices.Sort(extra)
		node.Status.Allocatable = atLeast(n.Node.Status.Allocatable, &t.pod.Request)
		t.view.SetNode(node)
		chosen := t.fits(t.pod.Pod)
		t.view.RemoveNode(newNode)
		if chosen == newNode {
			cpu, memory := node.Status.Allocatable[v1.ResourceCPU], node.Status.Allocatable[v1.ResourceMemory]
			text := fmt.Sprintf("add one node like %s, without taints, with %s CPU and %s memory", n.Name, cpu.String(), memory.String())
			if len(extra) > 0 {
				text += ", labelled " + strings.Join(extra, " and ")
			}
			return &Fix{Kind: "node", Node: newNode, rank: 100, Text: text}
		}
	}
	return nil
}

// atLeast raises a node's amounts to what a pod requests.
func atLeast(has v1.ResourceList, request *framework.Resource) v1.ResourceList {
	out := has.DeepCopy()
	if out == nil {
		out = make(v1.ResourceList)
	}
	names := []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage}
	for name := range request.Scalar {
		names = append(names, name)
	}
	for _, name := range names {
		if want := request.Get(name); want > value(name, out[name]) {
			out[name] = quantity(name, want)
		}
	}
	return out
}
