package framework

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Why answers in one sentence where a pod goes and by how much, or why it is
// Pending: what it needs, and which nodes lack what.
func (d *Decision) Why() string {
	if d.Gated != "" {
		return d.Pod + " is Pending: " + d.Gated
	}
	if d.Winner != "" {
		return d.Pod + " goes to " + d.whyWinner()
	}
	return d.Pod + " is Pending: " + d.whyPending()
}

func (d *Decision) whyPending() string {
	if d.Examined == 0 {
		return NoNodes
	}
	if p := d.Prefilter; p != nil && p.Plugin != "" {
		return strings.Join(p.Reasons, ", ")
	}
	parts := d.whyRejected()
	if p := d.Preemption; p != nil {
		text := fmt.Sprintf("%s is to be freed for it: %s must go", p.Nominated, strings.Join(p.Victims, " and "))
		if p.Because != "" {
			text += " (" + p.Because + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// whyRejected tells what the pod needs, if that is too much for some nodes, and
// then which nodes are rejected for what.
func (d *Decision) whyRejected() []string {
	groups := d.causes()
	var needs []string
	for _, g := range groups {
		for _, s := range g.short {
			need := Amount(s.Resource, s.Need) + " " + resourceWord(s.Resource)
			if !slices.Contains(needs, need) {
				needs = append(needs, need)
			}
		}
	}
	var causes []string
	for i, g := range groups {
		noun := ""
		if i == 0 {
			noun = " node"
			if g.nodes > 1 {
				noun = " nodes"
			}
		}
		causes = append(causes, fmt.Sprintf("%d%s %s", g.nodes, noun, g.text(len(needs) > 1)))
	}
	var parts []string
	if len(needs) > 0 {
		parts = append(parts, "needs "+strings.Join(needs, " and "))
	}
	if len(causes) > 0 {
		parts = append(parts, strings.Join(causes, ", "))
	}
	return parts
}

func (d *Decision) whyWinner() string {
	switch {
	case d.ByNomination:
		return d.Winner + ", which preemption has freed for it"
	case d.Feasible == 1:
		return strings.Join(append([]string{d.Winner + ", the only node that it fits on"}, d.whyRejected()...), "; ")
	case d.Tie:
		return fmt.Sprintf("%s, drawn from %d nodes with %d points each", d.Winner, d.BestCount, d.WinnerTotal)
	}
	text := fmt.Sprintf("%s with %d points, %d more than %s", d.Winner, d.WinnerTotal, d.WinnerTotal-d.RunnerUpTotal, d.RunnerUp)
	if lead := d.lead(); lead != "" {
		text += " (" + lead + ")"
	}
	return text
}

// lead tells by which plugins' scores the winner differs from the next node,
// the largest difference first.
func (d *Decision) lead() string {
	winner, next := d.node(d.Winner), d.node(d.RunnerUp)
	if winner == nil || next == nil {
		return ""
	}
	type difference struct {
		plugin string
		points int64
	}
	var differences []difference
	for plugin, s := range winner.Scores.All() {
		other, _ := next.Scores.Get(plugin)
		if points := s.Weighted - other.Weighted; points != 0 {
			differences = append(differences, difference{plugin, points})
		}
	}
	slices.SortStableFunc(differences, func(a, b difference) int { return cmp.Compare(b.points, a.points) })
	var parts []string
	for _, x := range differences {
		parts = append(parts, fmt.Sprintf("%s %+d", x.plugin, x.points))
	}
	return strings.Join(parts, ", ")
}

// node finds a node's record; nil if the decision holds none.
func (d *Decision) node(name string) *NodeRecord {
	if i := slices.IndexFunc(d.Nodes, func(n NodeRecord) bool { return n.Name == name }); i >= 0 {
		return &d.Nodes[i]
	}
	return nil
}
