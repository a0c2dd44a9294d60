package whatif

import (
	"math"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

// Comparison holds two profiles against each other over the same pods.
type Comparison struct {
	A Result `json:"a"`
	B Result `json:"b"`
	// First is the first decision that came out differently; nil if none did.
	First *Difference `json:"firstDifference,omitempty"`
}

// Difference is a decision that two profiles made differently.
type Difference struct {
	// Number is its place in each run, from 1.
	Number int `json:"number"`
	// A and B are the two decisions; nil where a run had ended before.
	A *framework.Decision `json:"a,omitempty"`
	B *framework.Decision `json:"b,omitempty"`
}

// Outcome is what came of one profile: the cluster in the end, the pods that
// have no node, and the decisions in their order.
type Outcome struct {
	View        *framework.Snapshot
	Unscheduled []string
	Decisions   []*framework.Decision
}

// Result tells how a cluster looks in the end. Shares are in per cent of
// allocatable, to one decimal.
type Result struct {
	// Config names the configuration; whoever compares fills it in.
	Config string `json:"config,omitempty"`
	// Nodes tells how full each node is, by name.
	Nodes []NodeUsage `json:"nodes"`
	// NodesUsed is the number of nodes with a pod.
	NodesUsed int `json:"nodesUsed"`
	// Spread is the number of pods on the fullest node less that on the emptiest.
	Spread int `json:"spread"`
	// CPU and Memory tell how full the nodes are together.
	CPU    Filling `json:"cpu"`
	Memory Filling `json:"memory"`
	// Decisions counts the scheduler's decisions; Unscheduled lists the pods
	// without a node.
	Decisions   int      `json:"decisions"`
	Unscheduled []string `json:"unscheduled"`
}

// NodeUsage is what the pods of a node request.
type NodeUsage struct {
	Name   string  `json:"name"`
	Pods   int     `json:"pods"`
	CPU    float64 `json:"cpuPercent"`
	Memory float64 `json:"memoryPercent"`
}

// Filling is how much of a resource is requested.
type Filling struct {
	// Mean is over all nodes; Deviation is the standard deviation, 0 when all
	// are equally full; Most is the fullest node's.
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Most      float64 `json:"most"`
}

// Compare places the pods in turn by each of two sets of profiles.
func Compare(view *framework.Snapshot, pending []*framework.PodInfo, a, b map[string]*framework.Profile) *Comparison {
	return Contrast(play(view, pending, a), play(view, pending, b))
}

func play(view *framework.Snapshot, pending []*framework.PodInfo, profiles map[string]*framework.Profile) Outcome {
	var o Outcome
	o.Decisions, o.View = inTurn(view, pending, profiles)
	for _, p := range pending {
		if placed, _ := o.View.Placed(p.Key); placed == nil {
			o.Unscheduled = append(o.Unscheduled, p.Key)
		}
	}
	return o
}

// Contrast measures two outcomes and finds the first decision that differs: on
// another pod or for another node.
func Contrast(a, b Outcome) *Comparison {
	c := &Comparison{A: a.measure(), B: b.measure()}
	for i := range max(len(a.Decisions), len(b.Decisions)) {
		d := &Difference{Number: i + 1}
		if i < len(a.Decisions) {
			d.A = a.Decisions[i]
		}
		if i < len(b.Decisions) {
			d.B = b.Decisions[i]
		}
		if d.A == nil || d.B == nil || d.A.Pod != d.B.Pod || d.A.Winner != d.B.Winner {
			c.First = d
			break
		}
	}
	return c
}

func (o Outcome) measure() Result {
	r := Result{Nodes: []NodeUsage{}, Decisions: len(o.Decisions), Unscheduled: append([]string{}, o.Unscheduled...)}
	most, least := 0, math.MaxInt
	var cpu, memory []float64
	for _, n := range o.View.Nodes() {
		u := NodeUsage{Name: n.Name, Pods: len(n.Pods)}
		u.CPU, cpu = share(n, v1.ResourceCPU, cpu)
		u.Memory, memory = share(n, v1.ResourceMemory, memory)
		r.Nodes = append(r.Nodes, u)
		most, least = max(most, u.Pods), min(least, u.Pods)
		if u.Pods > 0 {
			r.NodesUsed++
		}
	}
	if len(r.Nodes) > 0 {
		r.Spread = most - least
	}
	r.CPU, r.Memory = filling(cpu), filling(memory)
	return r
}

// share is how much of a node's resource is requested, rounded, and the list of
// such shares with the exact one added; a node without the resource adds none.
func share(n *framework.NodeInfo, name v1.ResourceName, shares []float64) (float64, []float64) {
	capacity := n.Allocatable.Get(name)
	if capacity == 0 {
		return 0, shares
	}
	exact := 100 * float64(n.Requested.Get(name)) / float64(capacity)
	return round(exact), append(shares, exact)
}

func filling(shares []float64) Filling {
	if len(shares) == 0 {
		return Filling{}
	}
	var sum, squares, most float64
	for _, s := range shares {
		sum += s
		most = max(most, s)
	}
	mean := sum / float64(len(shares))
	for _, s := range shares {
		squares += float64((s - mean) * (s - mean))
	}
	return Filling{Mean: round(mean), Deviation: round(math.Sqrt(squares / float64(len(shares)))), Most: round(most)}
}

func round(x float64) float64 { return math.Round(x*10) / 10 }
