package framework

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// TableLines writes a decision as a table: a line per feasible node with its
// scores by plugin, raw, normalised and weighted, best first; then a line per
// rejected node with every failing rule that is known.
func (d *Decision) TableLines() []string { return d.tableLines(true) }

// CompactLines writes the table with weighted scores only, and with the first
// failing rule of each rejected node.
func (d *Decision) CompactLines() []string { return d.tableLines(false) }

func (d *Decision) tableLines(wide bool) []string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	d.scoreTable(w, wide)
	w.Flush() // the columns of the next table are its own
	d.rejectionTable(w, wide)
	w.Flush()
	if d.Shortened {
		fmt.Fprintf(w, "(%d of %d nodes shown)\n", len(d.Nodes), d.Examined)
		for _, r := range d.Rejections {
			fmt.Fprintf(w, "%d rejected by %s: %s\n", r.Nodes, r.Plugin, r.Reason)
		}
	}
	if d.Message != "" {
		fmt.Fprintln(w, d.Message)
	}
	w.Flush()
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func (d *Decision) scoreTable(w *tabwriter.Writer, wide bool) {
	var feasible []*NodeRecord
	var plugins []string
	for i := range d.Nodes {
		if d.Nodes[i].Feasible {
			feasible = append(feasible, &d.Nodes[i])
		}
	}
	if len(feasible) == 0 {
		return
	}
	slices.SortStableFunc(feasible, func(a, b *NodeRecord) int { return int(b.Total - a.Total) })
	for plugin := range feasible[0].Scores.All() {
		plugins = append(plugins, plugin)
	}
	fmt.Fprintf(w, "NODE\tTOTAL\t%s\t\n", strings.Join(plugins, "\t"))
	for _, n := range feasible {
		mark := ""
		if n.Name == d.Winner {
			mark = "*"
		}
		fmt.Fprintf(w, "%s%s\t%d\t", n.Name, mark, n.Total)
		for _, s := range n.Scores.All() {
			if wide {
				fmt.Fprintf(w, "%d (raw %d → %d)\t", s.Weighted, s.Raw, s.Normalized)
			} else {
				fmt.Fprintf(w, "%d\t", s.Weighted)
			}
		}
		fmt.Fprintln(w)
	}
}

func (d *Decision) rejectionTable(w *tabwriter.Writer, wide bool) {
	head := false
	for i := range d.Nodes {
		n := &d.Nodes[i]
		if n.Feasible {
			continue
		}
		if !head {
			fmt.Fprintln(w, "NODE\tREJECTED BY\tREASON\tIN NUMBERS\t")
			head = true
		}
		failures := n.Failures
		if len(failures) == 0 || !wide {
			failures = []Rejection{{Plugin: n.Plugin, Reasons: n.Reasons, Cause: n.Cause}}
		}
		name := n.Name
		for _, f := range failures {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", name, f.Plugin, strings.Join(f.Reasons, ", "), f.Detail)
			name = ""
		}
	}
}
