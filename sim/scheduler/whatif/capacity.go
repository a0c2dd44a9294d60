package whatif

import (
	"fmt"

	"minisim/sim/scheduler/framework"
)

// Capacity tells how many more of a pod fit.
type Capacity struct {
	// Pod is namespace/name of the pod that was asked about.
	Pod string `json:"pod"`
	// Fit is how many more fit, Limited that the search ended at its limit.
	Fit     int  `json:"fit"`
	Limited bool `json:"limited,omitempty"`
	// Nodes tells where, by node name.
	Nodes []NodeCount `json:"nodes"`
	// Stop is the decision on the first one that does not fit; nil when Limited.
	Stop *framework.Decision `json:"stop,omitempty"`
}

// NodeCount is a number of pods on a node.
type NodeCount struct {
	Node string `json:"node"`
	Pods int    `json:"pods"`
}

// CapacityLimit is how many pods Capacity tries unless told otherwise.
const CapacityLimit = 100_000

// HowMany places copies of a pod, one after the other, until one does not fit
// or limit is reached (0 means CapacityLimit). The pod's own name, node and
// nomination do not count.
func HowMany(view *framework.Snapshot, pod *framework.PodInfo, profile *framework.Profile, limit int) *Capacity {
	if limit <= 0 {
		limit = CapacityLimit
	}
	view = view.Clone()
	view.RemovePod(pod.Key)
	view.Unnominate(pod.Key)
	evaluator := framework.NewEvaluator(profile, view)
	result := &Capacity{Pod: pod.Key, Nodes: []NodeCount{}}
	counts := make(map[string]int)
	for {
		if result.Fit == limit {
			result.Limited = true
			break
		}
		next := replica(pod, result.Fit+1)
		verdict := framework.Decide(evaluator.Evaluate(next))
		if verdict.Node() == nil {
			result.Stop = verdict.Table()
			break
		}
		counts[verdict.Node().Name]++
		view.AddPod(next, verdict.Node().Name)
		result.Fit++
	}
	for _, n := range view.Nodes() {
		if counts[n.Name] > 0 {
			result.Nodes = append(result.Nodes, NodeCount{n.Name, counts[n.Name]})
		}
	}
	return result
}

// replica is the n-th copy of a pod.
func replica(p *framework.PodInfo, n int) *framework.PodInfo {
	pod := p.Pod.DeepCopy()
	pod.Name = fmt.Sprintf("%s-%d", pod.Name, n)
	pod.UID = ""
	pod.Spec.NodeName = ""
	pod.Status.NominatedNodeName = ""
	return framework.NewPodInfo(pod)
}
