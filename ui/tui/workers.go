package tui

import (
	"fmt"
	"strings"
)

// The sizes of a worker's box, its frame included.
const (
	boxWidth   = 25 // at least
	tallBox    = 5  // with a line each for CPU, memory and labels, and so many for pods
	shortBox   = 4  // CPU and memory share a line
	widestBox  = 66
	tallestBox = 12
)

// largestBlock is the width of a pod that is drawn with its name.
const largestBlock = 16

// grid is how the workers are laid out: rows of boxes, or, where they do not
// fit, one character each.
type grid struct {
	columns, rows, width, height int
	heat                         bool
}

// workersHeight is how many rows of r the workers take.
func (d *drawing) workersHeight(r rect) int {
	most := r.h * 2 / 5
	if len(d.s.Loose) > 0 && r.h < 24 {
		most--
	}
	n := len(d.s.Workers)
	most = max(most, tallBox+1)
	g := d.layout(n, r.w, most)
	if g.heat {
		return min(most, max((n+r.w-5)/(r.w-4)+4, 5))
	}
	return g.rows * g.height
}

// layout chooses the largest boxes that fit and are of use.
func (d *drawing) layout(n, w, h int) grid {
	if n == 0 {
		return grid{columns: 1, rows: 1, width: w, height: 3}
	}
	columns := min(n, max(w/boxWidth, 1))
	rows := (n + columns - 1) / columns
	columns = (n + rows - 1) / rows
	g := grid{columns: columns, rows: rows, width: min(w/columns, widestBox), height: min(h/rows, tallestBox)}
	most := 0
	for _, m := range d.s.Workers {
		perRow := max((g.width-1)/(largestBlock+1), 1)
		most = max(most, (len(m.Pods)+perRow-1)/perRow)
	}
	g.height = min(g.height, tallBox+max(most, 2))
	g.heat = g.height < shortBox
	return g
}

func (d *drawing) workers(r rect) {
	if len(d.s.Workers) == 0 {
		in := d.box(r, paint{role: frame})
		d.write(in.x+1, in.y, in.right(), "no workers: no pod can run", paint{role: faint})
		return
	}
	g := d.layout(len(d.s.Workers), r.w, r.h)
	if g.heat {
		d.heat(r)
		return
	}
	verdicts := d.verdicts()
	for i, m := range d.s.Workers {
		at := rect{r.x + i%g.columns*g.width, r.y + i/g.columns*g.height, g.width, g.height}
		d.worker(at, m, verdicts[m.Name])
	}
}

// verdict is what the decision that is shown says of a worker.
type verdict struct {
	text     string
	rejected bool
	wins     bool
}

// verdicts are those that have unfolded so far.
func (d *drawing) verdicts() map[string]verdict {
	dec := d.s.Now.Decision
	out := map[string]verdict{}
	if dec == nil || d.l.Phase < phaseFilter {
		return out
	}
	shown := d.l.Phase - phaseFilter + 1 // nodes are rejected one by one
	for _, n := range dec.Nodes {
		if n.Rejected != "" {
			if shown--; shown < 0 {
				return out
			}
			out[n.Node] = verdict{text: d.t.Glyphs.No + " " + n.Rejected, rejected: true}
		}
	}
	shown -= 2
	for _, n := range dec.Nodes {
		if n.Rejected == "" && shown >= 0 {
			v := verdict{text: fmt.Sprintf("%d points", n.Total)}
			if n.Node == dec.Winner && shown >= 1 {
				v = verdict{text: fmt.Sprintf("%s wins, %d points", d.t.Glyphs.Mark, n.Total), wins: true}
			}
			out[n.Node] = v
		}
	}
	return out
}

// phases is how many phases a decision has: its queue, each rejected node, the scores, the binding.
func phases(dec *Decision) int {
	n := phaseFilter
	for _, c := range dec.Nodes {
		if c.Rejected != "" {
			n++
		}
	}
	return n + 2
}

// worker draws one machine.
func (d *drawing) worker(r rect, m Machine, v verdict) {
	lit := d.l.Lit["machine "+m.Name]
	chosen := d.l.Selected == Selection{OfMachine, m.Name}
	edge := paint{role: frame}
	switch {
	case v.wins:
		edge.role = good
	case v.rejected, !m.On:
		edge.role = faint
	case lit:
		edge.role = warn
	}
	in := d.box(r, edge)
	d.hits = append(d.hits, hit{rect: r, selects: Selection{OfMachine, m.Name}})
	name := paint{role: title, lit: lit, chosen: chosen}
	state, p := d.condition(m)
	room := r.w - 4 - width(state) - 2
	x := d.write(r.x+2, r.y, r.right()-1, " "+d.touched(m.Name)+cut(m.Name, room, d.t.Glyphs.Ellipsis)+" ", name)
	d.write(max(x, r.right()-width(state)-3), r.y, r.right()-1, " "+state+" ", p)

	y := in.y
	if in.h >= 4 {
		d.bar(rect{in.x, y, in.w, 1}, "cpu", m.CPU, cores, m)
		d.bar(rect{in.x, y + 1, in.w, 1}, "mem", m.Memory, memory, m)
		y += 2
	} else {
		half := in.w / 2
		d.bar(rect{in.x, y, half, 1}, "c", m.CPU, cores, m)
		d.bar(rect{in.x + half, y, in.w - half, 1}, "m", m.Memory, memory, m)
		y++
	}
	labels := d.labels(m)
	labelLines := 0
	if len(labels) > 0 && in.bottom()-y >= 2 {
		labelLines = 1
		if in.bottom()-y >= 3+len(m.Pods)*(largestBlock+1)/in.w && len(wrap(joined(labels), in.w)) > 1 {
			labelLines = 2
		}
	}
	d.blocks(m.Pods, rect{in.x, y, in.w, in.bottom() - y - labelLines}, !m.On)
	d.tags(labels, rect{in.x, in.bottom() - labelLines, in.w, labelLines})
	if v.text != "" {
		p := paint{role: strong}
		if v.rejected {
			p.role = bad
		} else if v.wins {
			p.role = good
		}
		d.write(r.x+2, r.bottom()-1, r.right()-1, " "+cut(v.text, r.w-6, d.t.Glyphs.Ellipsis)+" ", p)
	}
}

// touched marks a machine that the last request came from or was told to.
func (d *drawing) touched(name string) string {
	p := d.s.Path
	if p == nil || p.Refused != "" {
		return ""
	}
	if p.Who == "kubelet/"+name {
		return "^ "
	}
	for _, t := range p.Told {
		if t == "kubelet/"+name {
			return "v "
		}
	}
	return ""
}

// condition is what is wrong with a machine, or that it is Ready: its power,
// which only the person in front of the screen sees, and what the masters believe.
func (d *drawing) condition(m Machine) (string, paint) {
	g := d.t.Glyphs
	switch {
	case !m.On && d.s.Step == 0:
		return "off", paint{role: faint}
	case !m.On:
		return g.No + " no power", paint{role: bad}
	case !m.Registered:
		return "joins", paint{role: faint}
	case m.Ready == "True" && m.Cordoned:
		return "cordoned", paint{role: warn}
	case m.Ready == "True":
		return g.On + " Ready", paint{role: good}
	}
	return g.Off + " NotReady", paint{role: bad}
}

// tag is a label, a taint or a remark at the foot of a box.
type tag struct {
	text string
	role role
}

func (d *drawing) labels(m Machine) []tag {
	var tags []tag
	if !m.On && m.Ready == "True" {
		tags = append(tags, tag{"masters believe: Ready", warn})
	}
	for _, t := range m.Taints {
		tags = append(tags, tag{"!" + shortKey(t), bad})
	}
	if m.Zone != "" {
		tags = append(tags, tag{"zone " + m.Zone, faint})
	}
	for _, l := range m.Labels {
		tags = append(tags, tag{l, faint})
	}
	return tags
}

// shortKey leaves out the domain of a key: node.kubernetes.io/unreachable is long, and everybody's.
func shortKey(s string) string {
	for _, domain := range []string{"node.kubernetes.io/", "node.cloudprovider.kubernetes.io/"} {
		s = strings.TrimPrefix(s, domain)
	}
	return s
}

func joined(tags []tag) string {
	var words []string
	for _, t := range tags {
		words = append(words, t.text)
	}
	return strings.Join(words, " ")
}

func (d *drawing) tags(tags []tag, r rect) {
	x, y := r.x, r.y
	for _, t := range tags {
		if x > r.x && x+width(t.text) > r.right() {
			x, y = r.x, y+1
		}
		if y >= r.bottom() {
			return
		}
		x = d.write(x, y, r.right(), cut(t.text, r.right()-x, d.t.Glyphs.Ellipsis), paint{role: t.role}) + 1
	}
}

// bar draws how much of something is requested.
func (d *drawing) bar(r rect, name string, a Amount, unit func(int64) string, m Machine) {
	if !m.Registered {
		return
	}
	figures := unit(a.Requested) + "/" + unit(a.Allocatable)
	n := r.w - width(name) - width(figures) - 3
	x := d.write(r.x, r.y, r.right(), name+" ", paint{role: faint})
	if n >= 3 {
		full := 0
		if a.Allocatable > 0 {
			full = min(int((a.Requested*int64(n)*2+a.Allocatable-1)/a.Allocatable), 2*n) // in half characters, rounded up
		}
		p := paint{role: bar}
		if a.Requested > a.Allocatable*9/10 {
			p.role = warn
		}
		d.fill(x, r.y, n, d.t.Glyphs.Empty, paint{role: faint})
		d.fill(x, r.y, full/2, d.t.Glyphs.Full, p)
		if full%2 == 1 {
			d.fill(x+full/2, r.y, 1, d.t.Glyphs.Part, p)
		}
		x += n + 1
	}
	d.write(x, r.y, r.right(), figures, paint{})
}

// cores writes thousandths of a core as kubectl does, but 1500m as 1.5.
func cores(m int64) string {
	if m%1000 == 0 {
		return fmt.Sprint(m / 1000)
	}
	if m < 1000 {
		return fmt.Sprintf("%dm", m)
	}
	return strings.TrimRight(fmt.Sprintf("%.2f", float64(m)/1000), "0")
}

// memory writes an amount of memory in the largest unit that suits it.
func memory(b int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if b >= u.size {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(b)/float64(u.size)), ".0") + u.name
		}
	}
	return fmt.Sprint(b)
}
