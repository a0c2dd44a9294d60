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
	// Differs is the first pod on which they decided differently; "" if none.
	Differs string `json:"differs,omitempty"`
	// DecisionA and DecisionB are the two decisions on it.
	DecisionA *framework.Decision `json:"decisionA,omitempty"`
	DecisionB *framework.Decision `json:"decisionB,omitempty"`
}

// Result tells how a cluster looks after all pods were placed in turn.
type Result struct {
	// Scheduled and Pending count the pods that were asked about.
	Scheduled int `json:"scheduled"`
	Pending   int `json:"pending"`
	// NodesUsed is the number of nodes with a pod.
	NodesUsed int `json:"nodesUsed"`
	// CPU and Memory tell how full the nodes are.
	CPU    Filling `json:"cpu"`
	Memory Filling `json:"memory"`
}

// Filling is how much of a resource is requested, in percent of allocatable.
type Filling struct {
	// Mean is over all nodes; Deviation is the standard deviation, 0 when all
	// are equally full; Most is the fullest node's.
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Most      float64 `json:"most"`
}

// Compare places the pods in turn by each of two sets of profiles.
func Compare(view *framework.Snapshot, pending []*framework.PodInfo, a, b map[string]*framework.Profile) *Comparison {
	c := &Comparison{}
	decisionsA, viewA := inTurn(view, pending, a)
	decisionsB, viewB := inTurn(view, pending, b)
	c.A, c.B = resultOf(viewA, decisionsA), resultOf(viewB, decisionsB)
	for i := 0; i < len(decisionsA) && i < len(decisionsB); i++ {
		if decisionsA[i].Winner != decisionsB[i].Winner {
			c.Differs, c.DecisionA, c.DecisionB = decisionsA[i].Pod, decisionsA[i], decisionsB[i]
			break
		}
	}
	return c
}

func resultOf(view *framework.Snapshot, decisions []*framework.Decision) Result {
	var r Result
	for _, d := range decisions {
		if d.Winner != "" {
			r.Scheduled++
		} else {
			r.Pending++
		}
	}
	for _, n := range view.Nodes() {
		if len(n.Pods) > 0 {
			r.NodesUsed++
		}
	}
	r.CPU, r.Memory = filling(view, v1.ResourceCPU), filling(view, v1.ResourceMemory)
	return r
}

func filling(view *framework.Snapshot, name v1.ResourceName) Filling {
	var f Filling
	var shares []float64
	for _, n := range view.Nodes() {
		if capacity := n.Allocatable.Get(name); capacity > 0 {
			shares = append(shares, 100*float64(n.Requested.Get(name))/float64(capacity))
		}
	}
	if len(shares) == 0 {
		return f
	}
	for _, s := range shares {
		f.Mean += s / float64(len(shares))
		f.Most = max(f.Most, s)
	}
	var squares float64
	for _, s := range shares {
		squares += float64((s-f.Mean)*(s-f.Mean)) / float64(len(shares))
	}
	f.Deviation = math.Sqrt(squares)
	return f
}
