package framework

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Cause is why a filter rejects a node, in words and figures, so that nodes
// rejected for one cause can be told together.
type Cause struct {
	// Detail tells it of this node alone, such as "needs 700m cpu, 500m of 2 free".
	Detail string `json:"detail,omitempty"`
	// Trait is what all nodes that are rejected for this cause have in common. It
	// is said of one node and begins with a verb, such as "has taint dedicated=db".
	Trait string `json:"trait,omitempty"`
	// Short lists what the node has too little of.
	Short []Shortage `json:"short,omitempty"`
}

// Shortage is a resource that a node has too little of. Amounts are in
// thousandths for cpu, in bytes for memory and storage, else in units.
type Shortage struct {
	Resource v1.ResourceName `json:"resource"`
	// Need is what the pod requests, Free what the node has left of its Capacity.
	Need     int64 `json:"need"`
	Free     int64 `json:"free"`
	Capacity int64 `json:"capacity"`
}

// Amount writes an amount of a resource as Kubernetes does: 500m, 2, 1Gi, 3.
func Amount(name v1.ResourceName, n int64) string {
	switch name {
	case v1.ResourceCPU:
		return resource.NewMilliQuantity(n, resource.DecimalSI).String()
	case v1.ResourceMemory, v1.ResourceEphemeralStorage:
		return resource.NewQuantity(n, resource.BinarySI).String()
	}
	return resource.NewQuantity(n, resource.DecimalSI).String()
}

// resourceWord is a resource's name in a sentence.
func resourceWord(name v1.ResourceName) string {
	switch name {
	case v1.ResourceCPU:
		return "CPU"
	case v1.ResourceEphemeralStorage:
		return "ephemeral storage"
	}
	return string(name)
}

// causeGroup is a number of nodes that are rejected for one cause.
type causeGroup struct {
	nodes int
	trait string
	// short has, for each resource, the most that is free and the largest capacity.
	short []Shortage
}

// causes groups the rejected nodes of a decision, the largest group first.
func (d *Decision) causes() []*causeGroup {
	var groups []*causeGroup
	byKey := make(map[string]*causeGroup)
	add := func(key, trait string, nodes int) *causeGroup {
		g := byKey[key]
		if g == nil {
			g = &causeGroup{trait: trait}
			byKey[key] = g
			groups = append(groups, g)
		}
		g.nodes += nodes
		return g
	}
	if d.Shortened {
		for _, r := range d.Rejections {
			trait := fmt.Sprintf("fails %s (%s)", r.Plugin, r.Reason)
			add(trait, trait, r.Nodes)
		}
	}
	for i := range d.Nodes {
		n := &d.Nodes[i]
		if n.Feasible || d.Shortened {
			continue
		}
		trait := n.Trait
		if trait == "" && len(n.Short) == 0 {
			trait = fmt.Sprintf("fails %s (%s)", n.Plugin, strings.Join(n.Reasons, ", "))
		}
		key := trait
		for _, s := range n.Short {
			key += " " + string(s.Resource)
		}
		add(key, trait, 1).widen(n.Short)
	}
	slices.SortStableFunc(groups, func(a, b *causeGroup) int { return cmp.Compare(b.nodes, a.nodes) })
	return groups
}

// widen takes a further node's shortages into the group's.
func (g *causeGroup) widen(short []Shortage) {
	if g.short == nil {
		g.short = slices.Clone(short)
	}
	for i, s := range short {
		g.short[i].Free = max(g.short[i].Free, s.Free)
		g.short[i].Capacity = max(g.short[i].Capacity, s.Capacity)
	}
}

// text says what a group's nodes are rejected for: "have too little (at most
// 500m free)". named says that resources have to be told apart.
func (g *causeGroup) text(named bool) string {
	var parts []string
	if g.trait != "" {
		parts = append(parts, conjugate(g.trait, g.nodes))
	}
	for i, s := range g.short {
		part := ""
		if i == 0 {
			part = conjugate("has too little", g.nodes)
		}
		if named {
			part += " " + resourceWord(s.Resource)
		}
		most := "at most "
		if g.nodes == 1 {
			most = ""
		}
		if s.Capacity == 0 {
			part += " (none at all)"
		} else if s.Need > s.Capacity {
			part += fmt.Sprintf(" (%s%s even when empty)", most, Amount(s.Resource, s.Capacity))
		} else {
			part += fmt.Sprintf(" (%s%s free)", most, Amount(s.Resource, s.Free))
		}
		parts = append(parts, strings.TrimSpace(part))
	}
	return strings.Join(parts, " and ")
}

// verbs are the first words of traits, of one node and of several.
var verbs = map[string]string{"has": "have", "is": "are", "lacks": "lack", "fails": "fail", "runs": "run"}

// conjugate puts what is said of one node into the plural if there are more.
func conjugate(trait string, nodes int) string {
	verb, rest, _ := strings.Cut(trait, " ")
	if many, ok := verbs[verb]; ok && nodes > 1 {
		return many + " " + rest
	}
	return trait
}
