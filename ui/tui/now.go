package tui

import (
	"fmt"
	"strings"
	"time"
)

// now is the panel with the step that the run stands at. A decision that is too
// long for it shows its end, which is what unfolds.
func (d *drawing) now(r rect) {
	lines := d.nowLines(r.w - 2)
	first := d.l.Scroll
	if d.s.Now.Decision != nil {
		first += len(lines) - r.h + 1
	}
	d.text("what is happening", lines, r, max(first, 0))
}

// nowLines is the step in one plain sentence and then in detail, n columns wide.
func (d *drawing) nowLines(n int) []line {
	h := d.s.Now
	if h.Text == "" {
		return d.welcomeLines(n)
	}
	out := d.sentenceLines(h.Line, n)
	switch {
	case h.Decision != nil:
		out = append(out, d.decisionLines(h.Decision, n)...)
	case h.Reconcile != nil:
		out = append(out, reconcileLines(h.Reconcile, n)...)
	case h.Request != nil:
		out = append(out, requestLines(h.Request, n)...)
	default:
		for _, s := range h.Detail {
			out = append(out, wrapped(s, paint{role: faint}, n, 2)...)
		}
	}
	if len(h.Why) > 0 && h.Decision == nil {
		out = append(out, field("because", fmt.Sprintf("%s: %s", h.Why[0].Actor, h.Why[0].Text), paint{}, n)...)
	}
	return out
}

// sentenceLines are when, who and what, broken to n columns.
func (d *drawing) sentenceLines(l Line, n int) []line {
	head := line{{seconds(l.Time) + "  ", paint{role: faint}}, {l.Actor + "  ", paint{role: who}}}
	tone := paint{role: toned(l.Tone)}
	if l.Tone == Plain {
		tone.role = strong
	}
	// The words that stand beside the head are those that still do when it is a blank of its width.
	parts := wrap(strings.Repeat("x", max(min(lineWidth(head)-1, n), 1))+" "+l.Text, n)
	out := []line{head}
	if _, beside, ok := strings.Cut(parts[0], " "); ok {
		out[0] = append(head, span{beside, tone})
	}
	for _, part := range parts[1:] {
		out = append(out, line{{part, tone}})
	}
	return out
}

// field is a name in front of wrapped text.
func field(name, value string, p paint, n int) []line {
	const indent = 10
	var out []line
	for i, part := range wrap(value, n-indent) {
		label := ""
		if i == 0 {
			label = name
		}
		out = append(out, line{{fmt.Sprintf("%-*s", indent, label), paint{role: title}}, {part, p}})
	}
	return out
}

func reconcileLines(r *Reconcile, n int) []line {
	var out []line
	add := func(name, value string, p paint) {
		if value != "" {
			out = append(out, field(name, value, p, n)...)
		}
	}
	add("wanted", r.Want, paint{})
	add("found", r.Have, paint{})
	add("so", r.Do, paint{role: good})
	add("rule", r.Because, paint{})
	return out
}

// decisionLines are the phases of a scheduling decision, as far as they have unfolded.
func (d *drawing) decisionLines(dec *Decision, n int) []line {
	phase := d.l.Phase
	queue := fmt.Sprintf("%s is taken out, attempt %d", dec.Pod, dec.Attempt)
	if len(dec.Queue) > 0 {
		queue += fmt.Sprintf("; %s still in it", plural(len(dec.Queue), "pod"))
	}
	out := field("queue", queue, paint{}, n)
	if phase < phaseFilter {
		return out
	}
	rejected := 0
	out = append(out, field("filter", fmt.Sprintf("%s looked at, %d can take it", plural(dec.Examined, "node"), dec.Feasible), paint{}, n)...)
	if dec.Prefilter != "" {
		out = append(out, field("", d.t.Glyphs.No+" "+dec.Prefilter, paint{role: bad}, n)...)
	} else {
		for _, c := range dec.Nodes {
			if c.Rejected == "" {
				continue
			}
			if rejected++; phase < phaseFilter+rejected {
				return out
			}
			out = append(out, line{{"          ", paint{}}, {d.t.Glyphs.No + " " + c.Node, paint{role: bad}}, {"  " + c.Rejected, paint{role: strong}}})
			out = append(out, field("", "  "+c.Reason, paint{}, n)...)
		}
		for _, c := range dec.Counts {
			out = append(out, field("", d.t.Glyphs.No+" "+c, paint{role: bad}, n)...)
		}
	}
	if phase < phaseFilter+rejected+1 {
		return out
	}
	out = append(out, d.scoreLines(dec, n)...)
	if phase < phaseFilter+rejected+2 {
		return out
	}
	name, p := "bind", paint{role: good}
	if dec.Winner == "" {
		name, p = "so", paint{role: warn}
	}
	return append(out, field(name, dec.Outcome, p, n)...)
}

// scoreLines is the table of feasible nodes and plugins, best first, with as
// many columns as there is room for; all of it is in the why panel.
func (d *drawing) scoreLines(dec *Decision, n int) []line {
	if dec.Feasible == 0 {
		return nil
	}
	nameWidth := 10
	for _, c := range dec.Nodes {
		if c.Rejected == "" {
			nameWidth = max(nameWidth, min(width(c.Node)+3, 24))
		}
	}
	const column = 9
	columns := min(len(dec.Plugins), max((n-10-nameWidth-7)/column, 0))
	head := line{{"score     ", paint{role: title}}, {fmt.Sprintf("%-*s%6s", nameWidth, "node", "total"), paint{role: faint}}}
	if columns < len(dec.Plugins) {
		columns = max(columns-1, 0) // the last one is for all the others
	}
	for _, p := range dec.Plugins[:columns] {
		head = append(head, span{fmt.Sprintf("%*s", column, cut(nickname(p), column-1, "")), paint{role: faint}})
	}
	if columns < len(dec.Plugins) {
		head = append(head, span{fmt.Sprintf("%*s", column, "others"), paint{role: faint}})
	}
	out := []line{head}
	for _, c := range dec.Nodes {
		if c.Rejected != "" {
			continue
		}
		mark, p := "  ", paint{}
		if c.Node == dec.Winner {
			mark, p = d.t.Glyphs.Mark+" ", paint{role: good}
		}
		l := line{{"          ", paint{}}, {fmt.Sprintf("%-*s%6d", nameWidth, mark+cut(c.Node, nameWidth-3, d.t.Glyphs.Ellipsis), c.Total), p}}
		for _, s := range c.Scores[:min(columns, len(c.Scores))] {
			l = append(l, span{fmt.Sprintf("%*d", column, s), p})
		}
		if columns < len(c.Scores) {
			others := int64(0)
			for _, s := range c.Scores[columns:] {
				others += s
			}
			l = append(l, span{fmt.Sprintf("%*d", column, others), p})
		}
		out = append(out, l)
	}
	return out
}

// nickname is a plugin's name for a narrow column.
func nickname(plugin string) string {
	names := map[string]string{
		"NodeResourcesFit": "Fit", "NodeResourcesBalancedAllocation": "Balanced", "ImageLocality": "Images",
		"TaintToleration": "Taints", "NodeAffinity": "NodeAff", "PodTopologySpread": "Spread",
		"InterPodAffinity": "PodAff", "VolumeBinding": "Volumes",
	}
	if s, ok := names[plugin]; ok {
		return s
	}
	return plugin
}

// short is a span of time as a person says it: 3ms, 4.2s, 37s, 4m10s.
func short(t time.Duration) string {
	switch {
	case t <= 0:
		return "0s"
	case t < time.Second:
		return t.Round(time.Millisecond).String()
	case t < 10*time.Second:
		return t.Round(100 * time.Millisecond).String()
	}
	s := t.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
