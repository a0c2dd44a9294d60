package whatif

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"minisim/sim/scheduler/framework"
)

// tolerate adds tolerations for the taints of the node that needs fewest.
func (t *trial) tolerate() *Fix {
	var best *Fix
	for _, n := range t.onlyBy("TaintToleration") {
		pod := t.pod.Pod.DeepCopy()
		var added []v1.Toleration
		var names []string
		for i := range n.Node.Spec.Taints {
			taint := &n.Node.Spec.Taints[i]
			if taint.Effect == v1.TaintEffectPreferNoSchedule {
				continue
			}
			toleration := v1.Toleration{Key: taint.Key, Operator: v1.TolerationOpEqual, Value: taint.Value, Effect: taint.Effect}
			if taint.Value == "" {
				toleration.Operator = v1.TolerationOpExists
			}
			added = append(added, toleration)
			names = append(names, taint.ToString())
		}
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, added...)
		node := t.fits(pod)
		if node == "" || best != nil && best.rank <= 10+len(added) {
			continue
		}
		best = &Fix{
			Kind: "toleration", Node: node, rank: 10 + len(added),
			Text:  "let the pod tolerate " + strings.Join(names, " and "),
			Patch: patch(map[string]any{"spec": map[string]any{"tolerations": pod.Spec.Tolerations}}),
		}
	}
	return best
}

// patch writes a change as YAML.
func patch(change any) string {
	text, err := yaml.Marshal(change)
	if err != nil {
		return ""
	}
	return string(text)
}

// cut is a node with what the pod asks too much of it.
type cut struct {
	node  *framework.NodeInfo
	to    map[v1.ResourceName]int64 // what the pod may ask
	share float64                   // of the request that has to go, the largest
}

// lower asks less of what is short, where that is the smallest part.
func (t *trial) lower() *Fix {
	var cuts []cut
	for _, n := range t.onlyBy("NodeResourcesFit") {
		if c, ok := cutFor(t.pod, n); ok {
			cuts = append(cuts, c)
		}
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.share, b.share) })
	for _, c := range cuts {
		pod, text := reduce(t.pod, c.to)
		if pod == nil {
			continue
		}
		if node := t.fits(pod); node != "" {
			return &Fix{
				Kind: "request", Node: node, rank: 20,
				Text:  text,
				Patch: patch(map[string]any{"spec": map[string]any{"containers": requestsOf(pod)}}),
			}
		}
	}
	return nil
}

// cutFor finds what a node has left of each resource that it has too little of.
func cutFor(pod *framework.PodInfo, n *framework.NodeInfo) (cut, bool) {
	c := cut{node: n, to: make(map[v1.ResourceName]int64)}
	if int64(len(n.Pods)) >= n.Allocatable.Pods {
		return c, false
	}
	names := []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage}
	for name := range pod.Request.Scalar {
		names = append(names, name)
	}
	for _, name := range names {
		want, free := pod.Request.Get(name), n.Allocatable.Get(name)-n.Requested.Get(name)
		if want <= free || want == 0 {
			continue
		}
		if free <= 0 {
			return c, false
		}
		c.to[name] = free
		c.share = max(c.share, float64(want-free)/float64(want))
	}
	return c, len(c.to) > 0
}

// reduce takes what is too much off the container that asks most; nil when no
// single container asks enough.
func reduce(p *framework.PodInfo, to map[v1.ResourceName]int64) (*v1.Pod, string) {
	pod := p.Pod.DeepCopy()
	var parts []string
	for _, name := range sortedNames(to) {
		over := p.Request.Get(name) - to[name]
		at, most := -1, int64(0)
		for i := range pod.Spec.Containers {
			if n := value(name, pod.Spec.Containers[i].Resources.Requests[name]); n > most {
				at, most = i, n
			}
		}
		if at < 0 || most <= over {
			return nil, ""
		}
		container := &pod.Spec.Containers[at]
		less := quantity(name, most-over)
		before := quantity(name, most)
		parts = append(parts, fmt.Sprintf("lower the %s request of container %s from %s to %s",
			name, container.Name, before.String(), less.String()))
		container.Resources.Requests[name] = less
	}
	return pod, strings.Join(parts, " and ")
}

func sortedNames(m map[v1.ResourceName]int64) []v1.ResourceName {
	var names []v1.ResourceName
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func value(name v1.ResourceName, q resource.Quantity) int64 {
	if name == v1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

func quantity(name v1.ResourceName, n int64) resource.Quantity {
	switch name {
	case v1.ResourceCPU:
		return *resource.NewMilliQuantity(n, resource.DecimalSI)
	case v1.ResourceMemory, v1.ResourceEphemeralStorage:
		return *resource.NewQuantity(n, resource.BinarySI)
	}
	return *resource.NewQuantity(n, resource.DecimalSI)
}

// requestsOf lists the containers with their requests, as a patch wants them.
func requestsOf(pod *v1.Pod) []map[string]any {
	var out []map[string]any
	for _, c := range pod.Spec.Containers {
		out = append(out, map[string]any{"name": c.Name, "resources": map[string]any{"requests": c.Resources.Requests}})
	}
	return out
}
