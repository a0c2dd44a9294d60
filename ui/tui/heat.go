package tui

import "fmt"

// heat draws workers that are too many for boxes: a character for each, or for
// several, that shows how much CPU is requested, and in words what the colours cannot say.
func (d *drawing) heat(r rect) {
	in := d.box(r, paint{role: frame})
	workers := d.s.Workers
	cells := in.w * max(in.h-1, 1)
	per := (len(workers) + cells - 1) / cells
	var all group
	for i := 0; i < len(workers); i += per {
		var g group
		for _, m := range workers[i:min(i+per, len(workers))] {
			g.add(m)
			all.add(m)
		}
		at := i / per
		x, y := in.x+at%in.w, in.y+at/in.w
		d.write(x, y, in.right(), g.glyph(d.t.Glyphs), d.groupPaint(g, workers[i:min(i+per, len(workers))]))
		d.hits = append(d.hits, hit{rect: rect{x, y, 1, 1}, selects: Selection{OfMachine, workers[i].Name}})
	}
	scale := ""
	for _, h := range d.t.Glyphs.Heat {
		scale += h
	}
	head := fmt.Sprintf(" %d workers, %d of them not ready, %s ", all.machines, all.bad, plural(all.pods, "pod"))
	d.write(r.x+2, r.y, r.right()-1, head, paint{role: title})
	foot := fmt.Sprintf("cpu requested %s from none to all; %d%% in all", scale, all.share())
	if per > 1 {
		foot += fmt.Sprintf("; each sign is %d workers", per)
	}
	if m, ok := d.machine(d.l.Selected.Name); ok && d.l.Selected.Kind == OfMachine {
		state, _ := d.condition(m)
		foot = fmt.Sprintf("%s %s  cpu %s/%s  mem %s/%s  %s", m.Name, state, cores(m.CPU.Requested), cores(m.CPU.Allocatable),
			memory(m.Memory.Requested), memory(m.Memory.Allocatable), tally(m.Pods, d.t.Glyphs))
	}
	d.write(in.x+1, in.bottom()-1, in.right(), cut(foot, in.w-2, d.t.Glyphs.Ellipsis), paint{})
}

// group is some workers taken together.
type group struct {
	machines, bad, pods int
	cpu                 Amount
}

func (g *group) add(m Machine) {
	g.machines++
	g.pods += len(m.Pods)
	if !m.On || m.Ready != "True" {
		g.bad++
	}
	g.cpu.Requested += m.CPU.Requested
	g.cpu.Allocatable += m.CPU.Allocatable
}

// share is how much of the CPU is requested, in percent.
func (g *group) share() int64 {
	if g.cpu.Allocatable == 0 {
		return 0
	}
	return g.cpu.Requested * 100 / g.cpu.Allocatable
}

func (g *group) glyph(s Glyphs) string {
	if g.bad > 0 {
		return s.No
	}
	share := g.share()
	switch {
	case share == 0:
		return s.Heat[0]
	case share >= 100:
		return s.Heat[4]
	}
	return s.Heat[1+min(share*3/100, 2)]
}

func (d *drawing) groupPaint(g group, members []Machine) paint {
	p := paint{role: bar}
	if g.bad > 0 {
		p.role = bad
	}
	for _, m := range members {
		p.lit = p.lit || d.l.Lit["machine "+m.Name]
		p.chosen = p.chosen || d.l.Selected == Selection{OfMachine, m.Name}
		if d.s.Now.Decision != nil && m.Name == d.s.Now.Decision.Winner {
			p.role = good
		}
	}
	return p
}

func (d *drawing) machine(name string) (Machine, bool) {
	for _, m := range d.s.Workers {
		if m.Name == name {
			return m, true
		}
	}
	return Machine{}, false
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
