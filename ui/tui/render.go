package tui

import (
	"fmt"
	"strings"
)

// The smallest screen that shows the picture.
const (
	MinWidth  = 80
	MinHeight = 24
)

// hit is a part of the screen that can be clicked.
type hit struct {
	rect
	selects Selection
	row     int // of a list, from 1
}

// drawing is one frame in the making.
type drawing struct {
	*canvas
	s    *Snapshot
	l    *Look
	t    *Theme
	hits []hit
}

// Render draws one frame, and says what can be clicked. It depends on its
// arguments only and changes none of them.
func Render(s *Snapshot, l *Look, t *Theme) (string, []hit) {
	d := draw(s, l, t)
	return d.styled(t), d.hits
}

func draw(s *Snapshot, l *Look, t *Theme) *drawing {
	d := &drawing{canvas: newCanvas(l.Width, l.Height), s: s, l: l, t: t}
	d.ascii = t.Glyphs.Line == ASCII.Line
	if l.Width < MinWidth || l.Height < MinHeight {
		d.tooSmall()
		return d
	}
	all := rect{0, 0, l.Width, l.Height}
	head, rest := all.top(1)
	body, foot := rest.top(rest.h - 1)
	d.header(head)
	switch l.Panel {
	case Picture:
		d.picture(body)
	case Log:
		d.text("what has been told", d.logLines(), body, l.Scroll)
	case Opening:
		d.opened(body)
	case Help:
		d.text("help", helpLines(t, body.w-2), body, l.Scroll)
	}
	d.footer(foot)
	return d
}

// tooSmall says so in a plain sentence, and what happens.
func (d *drawing) tooSmall() {
	lines := wrap(fmt.Sprintf("This window has %d×%d characters; the picture needs %d×%d. Make it larger, or run with --plain.",
		d.l.Width, d.l.Height, MinWidth, MinHeight), d.l.Width)
	lines = append(lines, "")
	lines = append(lines, wrap(seconds(d.s.Time)+"  "+d.s.Now.Actor+": "+d.s.Now.Text, d.l.Width)...)
	if d.s.Scene != nil {
		lines = append(lines, wrap(d.s.Scene.Text+" "+d.s.Scene.Question, d.l.Width)...)
	}
	if d.s.End != nil {
		lines = append(lines, wrap(d.s.End.Text, d.l.Width)...)
	}
	for y, line := range lines {
		d.write(0, y, d.l.Width, line, paint{})
	}
}

func (d *drawing) header(r rect) {
	p := paint{role: strong, chosen: true}
	d.fill(r.x, r.y, r.w, " ", p)
	right := fmt.Sprintf("%s  step %d  etcd %d ", seconds(d.s.Time), d.s.Step, d.s.Revision)
	if d.s.Futures > 1 {
		right = fmt.Sprintf("future %d of %d  ", d.s.Branch, d.s.Futures) + right
	}
	x := d.write(r.x+1, r.y, r.right(), "minisim "+cut(d.s.Name, r.w/4, d.t.Glyphs.Ellipsis), p) + 2
	state, detail := d.state()
	if room := r.right() - width(right) - 1 - x; width(state+detail) <= room {
		state += detail
	} else {
		state = cut(state, room, d.t.Glyphs.Ellipsis)
	}
	d.write(x, r.y, r.right(), state, p)
	d.write(r.right()-width(right), r.y, r.right(), right, p)
}

// state is whether the run plays, stands or is over, and what one may want to
// know of that where there is room.
func (d *drawing) state() (state, detail string) {
	switch {
	case d.s.Way != "" && d.s.End != nil && d.s.Playing:
		return d.t.Glyphs.Mark + " lives on", ", the scenario is over"
	case d.s.Way != "" && d.s.End != nil:
		return "stopped", ", the scenario is over"
	case d.s.End != nil && d.s.Failed:
		return d.t.Glyphs.No + " over", ", not all went well"
	case d.s.End != nil:
		return d.t.Glyphs.Yes + " over", ""
	case d.s.Scene != nil:
		return "waits for you", ""
	case !d.s.Playing:
		return "stopped", ", steps by " + d.s.Stride
	}
	return d.t.Glyphs.Mark + " plays", ", " + d.s.Pace
}

// seconds is a virtual time as the account has it.
func seconds(t interface{ Seconds() float64 }) string { return fmt.Sprintf("%.3fs", t.Seconds()) }

// rule draws a panel's title line and gives the room below it.
func (d *drawing) rule(name string, r rect) rect {
	if r.h == 0 {
		return r
	}
	head, rest := r.top(1)
	d.fill(head.x, head.y, head.w, d.t.Glyphs.Line, paint{role: frame})
	if name != "" {
		d.write(head.x+2, head.y, head.right()-1, " "+name+" ", paint{role: title})
	}
	return rest
}

// span is a piece of a line in one paint.
type span struct {
	text  string
	paint paint
}

// line is a line of several spans.
type line []span

func plainLine(s string) line { return line{{text: s}} }

// put draws a line.
func (d *drawing) put(x, y, limit int, l line) {
	for _, s := range l {
		x = d.write(x, y, limit, s.text, s.paint)
	}
}

// text draws lines under a title, scrolled; it says when there is more.
func (d *drawing) text(name string, lines []line, r rect, scroll int) {
	in := d.rule(name, r)
	first := max(min(scroll, len(lines)-in.h), 0)
	for i := range in.h {
		if first+i >= len(lines) {
			break
		}
		d.put(in.x+1, in.y+i, in.right(), lines[first+i])
	}
	if below := len(lines) - first - in.h; below > 0 || first > 0 {
		more := fmt.Sprintf(" %d–%d of %d ", first+1, min(first+in.h, len(lines)), len(lines))
		if keys := more + "(pgup, pgdn) "; width(name)+width(keys)+6 <= r.w {
			more = keys
		}
		d.write(r.right()-width(more)-1, r.y, r.right(), more, paint{role: faint})
	}
}

// wrapped is text in one paint, broken to n columns, each further line indented.
// Blanks at the beginning stay.
func wrapped(s string, p paint, n, indent int) []line {
	body := strings.TrimLeft(s, " ")
	first := strings.Repeat(" ", len(s)-len(body))
	var out []line
	for i, part := range wrap(body, n-max(indent, len(first))) {
		if i == 0 {
			part = first + part
		} else {
			part = strings.Repeat(" ", indent) + part
		}
		out = append(out, line{{part, p}})
	}
	return out
}

func toned(t Tone) role {
	switch t {
	case Good:
		return good
	case Bad:
		return bad
	case Loud:
		return strong
	}
	return text
}

// logLines is the log, a line each.
func (d *drawing) logLines() []line {
	var out []line
	for _, l := range d.s.Log {
		if d.l.Filter != "" && !strings.Contains(strings.ToLower(l.Actor+" "+l.Text), strings.ToLower(d.l.Filter)) {
			continue
		}
		for i, part := range wrap(l.Text, d.l.Width-logIndent-1) {
			head := line{{fmt.Sprintf("%*s", logIndent, ""), paint{}}}
			if i == 0 {
				head = line{
					{fmt.Sprintf("%10s  ", seconds(l.Time)), paint{role: faint}},
					{fmt.Sprintf("%-22s ", cut(l.Actor, 22, d.t.Glyphs.Ellipsis)), paint{role: who}},
				}
			}
			out = append(out, append(head, span{part, paint{role: toned(l.Tone)}}))
		}
	}
	return out
}

// logIndent is where the sentences of the log begin.
const logIndent = 10 + 2 + 22 + 1
