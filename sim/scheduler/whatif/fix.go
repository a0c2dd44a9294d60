package whatif

import (
	"cmp"
	"slices"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Fix is a change that makes a pod fit. Each was proved by running the
// scheduler on a copy of the cluster with the change made.
type Fix struct {
	// Kind is the sort of change: "request", "toleration", "label", "uncordon",
	// "port", "free", "prefer" or "node".
	Kind string `json:"kind"`
	// Text says in a sentence what to change.
	Text string `json:"text"`
	// Command is a kubectl command that does it; "" where Patch has to be used.
	Command string `json:"command,omitempty"`
	// Patch is YAML to be merged into what makes the pod (or to be applied, for
	// a new node).
	Patch string `json:"patch,omitempty"`
	// Node is where the pod would go then.
	Node string `json:"node"`
	// Pods are those that have to go, for "free".
	Pods []string `json:"pods,omitempty"`

	rank int // lower is the smaller change
}

// trial is a pod that does not fit, with what is needed to try changes.
type trial struct {
	view    *framework.Snapshot // the trial's own copy
	profile *framework.Profile
	pod     *framework.PodInfo
	// failing holds each node's failing plugins, by node name.
	failing map[string][]string
}

// Fixes finds the smallest changes that would make a pod fit, the smallest
// first: at most one of each kind. It returns none when the pod fits already.
func Fixes(view *framework.Snapshot, pod *framework.PodInfo, profile *framework.Profile) []Fix {
	view = view.Clone()
	evaluation := profile.Evaluate(view, pod)
	if len(evaluation.Feasible) > 0 {
		return nil
	}
	t := &trial{view: view, profile: profile, pod: pod, failing: make(map[string][]string)}
	for _, n := range evaluation.Table(framework.Outcome{Winner: -1}).Nodes {
		for _, f := range n.Failures {
			t.failing[n.Name] = append(t.failing[n.Name], f.Plugin)
		}
	}
	var fixes []Fix
	for _, find := range []func() *Fix{t.uncordon, t.tolerate, t.label, t.lower, t.unport, t.free, t.prefer, t.addNode} {
		if fix := find(); fix != nil {
			fixes = append(fixes, *fix)
		}
	}
	slices.SortStableFunc(fixes, func(a, b Fix) int { return cmp.Compare(a.rank, b.rank) })
	return fixes
}

// onlyBy lists the nodes that nothing but one plugin rejects.
func (t *trial) onlyBy(plugin string) []*framework.NodeInfo {
	var nodes []*framework.NodeInfo
	for _, n := range t.view.Nodes() {
		if f := t.failing[n.Name]; len(f) == 1 && f[0] == plugin {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// fits runs the scheduler for a pod on the trial's cluster as it is now and
// returns the chosen node; "" if none fits.
func (t *trial) fits(pod *v1.Pod) string {
	if n := framework.Decide(t.profile.Evaluate(t.view, framework.NewPodInfo(pod))).Node(); n != nil {
		return n.Name
	}
	return ""
}

// withNode runs f with a node changed and puts the node back.
func (t *trial) withNode(n *framework.NodeInfo, change func(*v1.Node), f func()) {
	original := n.Node
	changed := original.DeepCopy()
	change(changed)
	t.view.SetNode(changed)
	f()
	t.view.SetNode(original)
}
