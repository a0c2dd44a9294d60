package framework

import (
	"fmt"
	"strings"
)

// namedNodes is how many rejected nodes a sentence names; more are counted.
const namedNodes = 3

// Sentence sums a decision up for people: how many nodes were looked at, which
// were rejected by which rule, and who won by how much.
func (d *Decision) Sentence() string {
	if d.Examined == 0 {
		return fmt.Sprintf("%s: %s", d.Pod, NoNodes)
	}
	parts := []string{fmt.Sprintf("%s looked at, %d feasible", count(d.Examined, "node"), d.Feasible)}
	if rejected := d.rejectedText(); rejected != "" {
		parts = append(parts, rejected)
	}
	if d.Winner != "" {
		parts = append(parts, d.winnerText())
	} else {
		parts = append(parts, d.pendingText())
	}
	return d.Pod + ": " + strings.Join(parts, "; ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (d *Decision) rejectedText() string {
	rejected := d.Examined - d.Feasible
	if p := d.Prefilter; p != nil && p.Plugin != "" {
		return fmt.Sprintf("all rejected by %s (%s)", p.Plugin, strings.Join(p.Reasons, ", "))
	}
	if rejected == 0 {
		return ""
	}
	if d.Shortened || rejected > namedNodes {
		var parts []string
		for _, r := range d.Rejections {
			parts = append(parts, fmt.Sprintf("%d by %s (%s)", r.Nodes, r.Plugin, r.Reason))
		}
		return fmt.Sprintf("%d rejected: %s", rejected, strings.Join(parts, ", "))
	}
	var parts []string
	for i := range d.Nodes {
		if n := &d.Nodes[i]; !n.Feasible {
			parts = append(parts, fmt.Sprintf("%s rejected by %s (%s)", n.Name, n.Plugin, n.why()))
		}
	}
	return strings.Join(parts, ", ")
}

// why is the rejection in numbers, else Kubernetes' reason.
func (n *NodeRecord) why() string {
	if n.Detail != "" {
		return n.Detail
	}
	return strings.Join(n.Reasons, ", ")
}

func (d *Decision) winnerText() string {
	switch {
	case d.ByNomination:
		return fmt.Sprintf("%s is taken: it had been freed for this pod by preemption", d.Winner)
	case d.RunnerUp == "":
		return fmt.Sprintf("%s is the only one, with %d", d.Winner, d.WinnerTotal)
	case d.Tie:
		return fmt.Sprintf("%s wins the draw among %d with %d each", d.Winner, d.BestCount, d.WinnerTotal)
	}
	return fmt.Sprintf("%s wins with %d against %d of %s", d.Winner, d.WinnerTotal, d.RunnerUpTotal, d.RunnerUp)
}

func (d *Decision) pendingText() string {
	if p := d.Preemption; p != nil {
		return fmt.Sprintf("%s is to be freed for it: %s must go", p.Nominated, strings.Join(p.Victims, ", "))
	}
	return "it stays Pending"
}
