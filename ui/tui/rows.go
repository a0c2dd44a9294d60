package tui

import "fmt"

// rows draws the workers a line each, where there is no room for boxes: the name,
// whether it is well, and its pods.
func (d *drawing) rows(r rect) {
	names := 0
	for _, m := range d.s.Workers {
		names = max(names, min(width(m.Name), r.w/3))
	}
	for i, m := range d.s.Workers {
		at := rect{r.x, r.y + i, r.w, 1}
		d.hits = append(d.hits, hit{rect: at, selects: Selection{OfMachine, m.Name}})
		_, p := d.condition(m)
		sign := d.t.Glyphs.On
		if !m.On || m.Ready != "True" {
			sign = d.t.Glyphs.No
		}
		x := d.write(at.x+1, at.y, at.right(), sign+" ", p)
		name := paint{role: title, lit: d.l.Lit["machine "+m.Name], chosen: d.l.Selected == Selection{OfMachine, m.Name}}
		d.write(x, at.y, at.right(), fmt.Sprintf("%-*s", names, cut(m.Name, names, d.t.Glyphs.Ellipsis)), name)
		x += names + 1
		if m.Cordoned {
			x = d.write(x, at.y, at.right(), "cordoned ", paint{role: warn})
		}
		d.blocks(m.Pods, rect{x, at.y, at.right() - x, 1}, !m.On)
	}
}
