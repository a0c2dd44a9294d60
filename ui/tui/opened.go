package tui

import (
	"fmt"
	"strings"
)

// opened draws a list, the text of an object or whatever else was asked for.
func (d *drawing) opened(r rect) {
	o := d.s.Opened
	switch {
	case o == nil:
		d.text("a moment", nil, r, 0)
	case o.Error != "":
		d.text(o.Title, wrapped(o.Error, paint{role: bad}, r.w-2, 0), r, 0)
	case o.Split != nil:
		d.split(o, r)
	case o.Rows != nil:
		d.table(o, r)
	default:
		var lines []line
		for _, p := range o.Text {
			if d.l.Filter == "" || strings.Contains(strings.ToLower(p.Text), strings.ToLower(d.l.Filter)) {
				lines = append(lines, textLines(p, r.w-2)...)
			}
		}
		d.text(o.Title, lines, r, d.l.Scroll)
	}
}

// textLines are the lines of a paragraph, n columns wide.
func textLines(p Paragraph, n int) []line {
	if !p.Sentence {
		parts := broken(p.Text, n)
		lines := []line{yamlLine(parts[0])}
		for _, part := range parts[1:] {
			lines = append(lines, plainLine(part))
		}
		return lines
	}
	return wrapped(p.Text, paint{}, n, sentenceIndent)
}

// broken breaks a line of YAML or of a table that is wider than n columns, at a space
// if there is one, and leaves the spaces within it as they are.
func broken(s string, n int) []string {
	runes := []rune(s)
	var out []string
	for n > 2*brokenIndent && len(runes) > n {
		at := n
		for at > n/2 && runes[at] != ' ' {
			at--
		}
		if runes[at] != ' ' {
			at = n // one long word
		}
		out = append(out, strings.TrimRight(string(runes[:at]), " "))
		rest := strings.TrimLeft(string(runes[at:]), " ")
		runes = []rune(strings.Repeat(" ", brokenIndent) + rest)
	}
	return append(out, string(runes))
}

// brokenIndent is where the rest of a line begins that was broken.
const brokenIndent = 6

// sentenceIndent is where the further lines of a sentence begin: after its time.
const sentenceIndent = 13

// yamlLine dims a key so that the values stand out.
func yamlLine(s string) line {
	trimmed := strings.TrimLeft(s, " -")
	key, value, ok := strings.Cut(trimmed, ": ")
	if strings.HasSuffix(trimmed, ":") {
		key, value, ok = strings.TrimSuffix(trimmed, ":"), "", true
	}
	if !ok || strings.ContainsAny(key, " \"") {
		return plainLine(s)
	}
	before := s[:len(s)-len(trimmed)]
	return line{{before, paint{role: faint}}, {key + ":", paint{role: who}}, {strings.TrimPrefix(" "+value, "  "), paint{}}}
}

// shownRows are the rows of a list that the search has left.
func shownRows(o *Opened, filter string) []Row {
	if o == nil || filter == "" {
		if o == nil {
			return nil
		}
		return o.Rows
	}
	var out []Row
	for _, row := range o.Rows {
		if strings.Contains(strings.ToLower(strings.Join(row.Cells, " ")), strings.ToLower(filter)) {
			out = append(out, row)
		}
	}
	return out
}

// table draws rows in columns; the chosen one is always in sight.
func (d *drawing) table(o *Opened, r rect) {
	rows := shownRows(o, d.l.Filter)
	name := fmt.Sprintf("%s (%d)", o.Title, len(rows))
	if d.l.Filter != "" {
		name += " with " + d.l.Filter
	}
	in := d.rule(name, r)
	widths := make([]int, len(o.Columns))
	for i, c := range o.Columns {
		widths[i] = width(c)
	}
	for _, row := range rows {
		for i, c := range row.Cells {
			if i < len(widths) {
				widths[i] = min(max(widths[i], width(c)), max(in.w/2, 10))
			}
		}
	}
	head, in := in.top(1)
	d.row(head, o.Columns, widths, paint{role: faint})
	chosen := max(min(d.l.Row, len(rows)-1), 0)
	first := max(chosen-in.h+1, 0)
	for i := first; i < len(rows) && i-first < in.h; i++ {
		at := rect{in.x, in.y + i - first, in.w, 1}
		p := paint{role: toned(rows[i].Tone), chosen: i == chosen}
		if i == chosen {
			d.fill(at.x, at.y, at.w, " ", p)
		}
		d.row(at, rows[i].Cells, widths, p)
		d.hits = append(d.hits, hit{rect: at, row: i + 1})
	}
	if len(rows) == 0 {
		d.write(in.x+1, in.y, in.right(), "nothing here", paint{role: faint})
	}
}

func (d *drawing) row(r rect, cells []string, widths []int, p paint) {
	x := r.x + 1
	for i, c := range cells {
		if x >= r.right() {
			return
		}
		limit := r.right()
		if i < len(cells)-1 {
			limit = min(x+widths[i], limit)
		}
		d.write(x, r.y, limit, cut(c, limit-x, d.t.Glyphs.Ellipsis), p)
		x += widths[i] + 2
	}
}
