package tui

import (
	"fmt"
	"strings"
	"time"
)

// picture is the cluster, what happens in it and what comes next.
func (d *drawing) picture(r rect) {
	mastersHeight := 4
	if r.h >= 32 {
		mastersHeight = 5
	}
	masters, r := r.top(mastersHeight)
	d.masters(masters)
	workers, r := r.top(d.workersHeight(r))
	d.workers(workers)
	if len(d.s.Loose) > 0 {
		var loose rect
		loose, r = r.top(1)
		d.loose(loose)
	}
	d.story(r)
}

// story is the lower half: what happens, what comes next and, where there is
// room, the end of the log. A scene takes the place of what happens, and of what
// comes next where there is little room.
func (d *drawing) story(r rect) {
	happens := d.now
	if d.s.Scene != nil {
		happens = d.dialogue
	}
	if r.w < 110 && (d.s.Scene != nil || d.s.Now.Text == "") {
		happens(r)
		return
	}
	if r.w < 110 {
		now, rest := r.top(r.h - 1 - max(r.h/3, 3))
		happens(now)
		d.next(rest)
		return
	}
	r, log := r.top(max(r.h*3/5, 10))
	now, rest := r.left(r.w * 3 / 5)
	now.w--
	happens(now)
	d.next(rest)
	d.tail(d.rule("log (l: all of it)", log))
}

// tail draws the last lines of the log, cut to one line each.
func (d *drawing) tail(r rect) {
	lines := d.s.Log
	if n := len(lines) - r.h; n > 0 {
		lines = lines[n:]
	}
	for i, l := range lines {
		x := d.write(r.x+1, r.y+i, r.right(), fmt.Sprintf("%8.3f ", l.Time.Seconds()), paint{role: faint})
		x = d.write(x, r.y+i, r.right(), fmt.Sprintf("%-19s ", cut(nick(l.Actor), 19, d.t.Glyphs.Ellipsis)), paint{role: who})
		d.write(x, r.y+i, r.right(), cut(l.Text, r.right()-x, d.t.Glyphs.Ellipsis), paint{role: toned(l.Tone)})
	}
}

// box draws a frame with a title and gives the room inside.
func (d *drawing) box(r rect, p paint) rect {
	g := d.t.Glyphs
	d.fill(r.x, r.y, r.w, g.Line, p)
	d.fill(r.x, r.bottom()-1, r.w, g.Line, p)
	for y := r.y; y < r.bottom(); y++ {
		d.write(r.x, y, r.right(), g.Side, p)
		d.write(r.right()-1, y, r.right(), g.Side, p)
	}
	for i, at := range [][2]int{{r.x, r.y}, {r.right() - 1, r.y}, {r.x, r.bottom() - 1}, {r.right() - 1, r.bottom() - 1}} {
		d.write(at[0], at[1], at[0]+1, g.Corners[i], p)
	}
	return rect{r.x + 1, r.y + 1, r.w - 2, r.h - 2}
}

// masters draws the control plane and the way of the last request through it.
func (d *drawing) masters(r rect) {
	in := d.box(r, paint{role: frame})
	x := r.x + 2
	for _, m := range d.s.Masters {
		p := paint{role: title, lit: d.l.Lit["machine "+m.Name], chosen: d.l.Selected == Selection{OfMachine, m.Name}}
		name := m.Name
		switch {
		case !m.On && d.s.Step == 0:
			p.role, name = faint, m.Name+" off"
		case !m.On:
			p.role, name = bad, m.Name+" "+d.t.Glyphs.No+" no power"
		}
		end := d.write(x, r.y, in.right(), " "+name+" ", p)
		d.hits = append(d.hits, hit{rect: rect{x, r.y, end - x, 1}, selects: Selection{OfMachine, m.Name}})
		x = end + 1
	}
	if d.s.Way != "" {
		d.write(r.x+2, r.bottom()-1, in.right(), " kubectl: "+d.s.Way+" ", paint{role: title})
	}
	d.lights(rect{in.x + 1, in.y, in.w - 2, 1})
	for i, l := range d.pathLines(in.w-2, in.h-1) {
		d.put(in.x+1, in.y+1+i, in.right(), l)
	}
}

// lights are the programs of the masters; what one is busy with is left out
// where there is no room for it.
func (d *drawing) lights(r rect) {
	for _, detail := range []bool{true, false} {
		n := 0
		for _, p := range d.s.Parts {
			n += width(p.label(detail)) + 4
		}
		if n-1 > r.w && detail {
			continue
		}
		x := r.x
		for _, part := range d.s.Parts {
			lamp, p := d.t.Glyphs.Off, paint{}
			switch {
			case !part.Up && d.s.Step == 0:
			case !part.Up:
				lamp, p = d.t.Glyphs.No, paint{role: bad}
			case part.Working:
				lamp, p = d.t.Glyphs.On, paint{role: light}
			}
			x = d.write(x, r.y, r.right(), lamp+" ", p)
			if part.Working {
				p.role = strong
			}
			x = d.write(x, r.y, r.right(), part.label(detail), p) + 1
			if detail {
				x++
			}
		}
		return
	}
}

// label is a program's name with its figure and, if asked for, what it does.
func (p Part) label(detail bool) string {
	s := p.Name
	if p.Figure != "" {
		s += " " + p.Figure
	}
	if detail && p.Text != "" {
		s += ": " + p.Text
	}
	return s
}

// pathLines are the arrow of the last request: who asked, what the API server
// and etcd did, whom it woke. In one line the stages are left out.
func (d *drawing) pathLines(w, n int) []line {
	p := d.s.Path
	if p == nil {
		return []line{{{"no request in this step", paint{role: faint}}}}
	}
	arrow := span{" " + d.t.Glyphs.Arrow + " ", paint{role: strong}}
	l := line{{p.Who, paint{role: who}}, {" " + p.What, paint{}}, arrow, {"API server", paint{role: strong}}}
	var end line
	switch {
	case p.Refused != "":
		end = line{{": " + p.Refused, paint{role: bad}}}
	case p.Revision == 0:
		end = line{{": nothing written", paint{role: faint}}}
	default:
		end = line{arrow, {fmt.Sprintf("etcd %d", p.Revision), paint{role: strong}}}
		if len(p.Told) > 0 {
			end = append(end, arrow, span{told(p.Told, n == 1), paint{role: who}})
		}
	}
	if n == 1 {
		// What is asked for gives way: the end of the way is what one wants to see.
		room := w - lineWidth(l) - lineWidth(end) + width(l[1].text)
		l[1].text = " " + cut(p.What, max(room-1, 8), d.t.Glyphs.Ellipsis)
		return []line{append(l, end...)}
	}
	if len(p.Stages) > 0 && p.Refused == "" {
		l = append(l, span{" (" + strings.Join(p.Stages, ", ") + ")", paint{role: faint}})
	}
	return []line{l, append(line{{"  ", paint{}}}, end...)}
}

func lineWidth(l line) int {
	n := 0
	for _, s := range l {
		n += width(s.text)
	}
	return n
}

// told names who hears of a request, as shortly as is asked for.
func told(names []string, short bool) string {
	if short && len(names) > 1 {
		return fmt.Sprintf("wakes %d", len(names))
	}
	if len(names) > 5 {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:5], ", "), len(names)-5)
	}
	return strings.Join(names, ", ")
}

// loose draws the pods that have no machine.
func (d *drawing) loose(r rect) {
	x := d.write(r.x+1, r.y, r.right(), fmt.Sprintf("%d on no machine yet: ", len(d.s.Loose)), paint{role: warn})
	d.blocks(d.s.Loose, rect{x, r.y, r.right() - x, 1}, false)
}

// next is the work to come.
func (d *drawing) next(r rect) {
	in := d.rule("what comes next", r)
	y := in.y
	for _, c := range d.s.Next {
		if y >= in.bottom() {
			return
		}
		if c.Often && len(d.s.Next) > in.h {
			continue // heartbeats give way to what happens only once
		}
		when := "now"
		if c.In >= time.Millisecond {
			when = "in " + short(c.In)
		}
		x := d.write(in.x+1, y, in.right(), fmt.Sprintf("%9s  ", when), paint{role: faint})
		x = d.write(x, y, in.right(), nick(c.Who)+" ", paint{role: who})
		d.write(x, y, in.right(), cut(c.Text, in.right()-x, d.t.Glyphs.Ellipsis), paint{})
		y++
	}
	if y == in.y {
		d.write(in.x+1, y, in.right(), "nothing", paint{role: faint})
	}
}

// nick is an actor's name where there is little room.
func nick(actor string) string {
	switch actor {
	case "kube-controller-manager":
		return "controllers"
	case "kube-scheduler":
		return "scheduler"
	}
	return strings.TrimSuffix(actor, "-controller")
}
