package tui

import (
	"fmt"
	"time"

	"minisim/sim/session"
	"minisim/sim/trace"
)

// Split is two futures side by side, as far as both have come.
type Split struct {
	Differ []Paragraph // what first differs
	Sides  [2]Side     // the earlier future and the later one
}

// Side is one future of a Split.
type Side struct {
	Name    string
	Present bool      // the person stands in it
	Picture *Snapshot // of it, at present
	Log     []Line    // from where they part
}

// compared is the comparison of two futures. While the run moves it stays that of
// its beginning: a long run would be compared again for each frame.
func (p *player) compared() *Opened {
	if p.parting == nil || !p.moves() {
		p.parting = p.split()
	}
	return p.parting
}

// split compares the present future with the one before it, or the first with the second.
func (p *player) split() *Opened {
	o := &Opened{Title: "two futures"}
	if len(p.futures) == 1 {
		o.Error = "There is one future only. f makes another, which begins where the run stands; d then compares them."
		return o
	}
	sides, second := p.pair()
	until := min(sides[0].session.Now(), sides[1].session.Now())
	var names [2]string
	var records [2][]trace.Record
	for i, f := range sides {
		names[i] = fmt.Sprintf("future %d", second+i)
		records[i] = upTo(f.session, until)
	}
	c := session.Compare(records[0], records[1])
	o.Title = fmt.Sprintf("%s and %s up to %s", names[0], names[1], seconds(until))
	o.Split = &Split{Differ: differences(c, names)}
	from := until
	if c.Record != nil {
		from = since(c.Record)
	}
	for i, f := range sides {
		o.Split.Sides[i] = Side{Name: names[i], Log: f.camera.tape.between(from, until)}
	}
	return o
}

// upTo are the records of a session up to a virtual time.
func upTo(s *session.Session, t time.Duration) []trace.Record {
	records := s.Records(0, s.StepNumber())
	for len(records) > 0 && records[len(records)-1].Time > t {
		records = records[:len(records)-1]
	}
	return records
}

// since is when two runs part.
func since(d *session.Difference) time.Duration {
	switch {
	case d.A == nil:
		return d.B.Time
	case d.B == nil:
		return d.A.Time
	}
	return min(d.A.Time, d.B.Time)
}

// summary says in a sentence where two runs part, and which decision differs first.
func summary(c session.Comparison, names [2]string) string {
	s := fmt.Sprintf("They part at %s. ", seconds(since(c.Record)))
	if c.Decision == nil {
		return s + "The scheduler has decided the same in both."
	}
	s += fmt.Sprintf("The first decision of the scheduler that differs, at %s:", seconds(since(c.Decision)))
	for i, r := range []*trace.Record{c.Decision.A, c.Decision.B} {
		s += fmt.Sprintf(" in %s %s", names[i], verdictOf(r))
		if i == 0 {
			s += ","
		}
	}
	return s + "."
}

// verdictOf is a decision in a few words.
func verdictOf(r *trace.Record) string {
	if r == nil {
		return "there is none"
	}
	dec := decisionOf(r.Body)
	switch {
	case dec == nil:
		return sentence(r.Body)
	case dec.Winner == "":
		return podName(dec.Pod) + " finds no machine"
	}
	return podName(dec.Pod) + " goes to " + dec.Winner
}

// differences says in words what first differs.
func differences(c session.Comparison, names [2]string) []Paragraph {
	var out []Paragraph
	add := func(format string, args ...any) { out = append(out, Paragraph{fmt.Sprintf(format, args...), true}) }
	tell := func(what string, d *session.Difference) {
		if in := d.In(); in != "" {
			what += ", in " + in
		}
		add("%s:", what)
		for i, r := range []*trace.Record{d.A, d.B} {
			if r == nil {
				add("  %s: nothing of the kind", names[i])
				continue
			}
			add("  %s: %s %s: %s", names[i], seconds(r.Time), r.Actor, sentence(r.Body))
		}
	}
	if c.Record == nil {
		add("Nothing that is told differs.")
		return out
	}
	out = append(out, Paragraph{summary(c, names), true})
	tell(fmt.Sprintf("They part after %s that are the same", plural(c.Record.At, "thing")), c.Record)
	if c.Decision != nil {
		tell(fmt.Sprintf("The first decision of the scheduler that differs is number %d", c.Decision.At+1), c.Decision)
	}
	return out
}

// between are the lines told from one virtual time to another, both included.
func (t *tape) between(from, to time.Duration) []Line {
	var out []Line
	for _, l := range t.lines {
		if l.Time >= from && l.Time <= to && len(out) < logLength {
			out = append(out, l)
		}
	}
	return out
}

// split draws what first differs, and below it both futures: their pictures or, if that is
// asked for, their logs.
func (d *drawing) split(o *Opened, r rect) {
	lines := d.splitLines(o, r.w-2)
	top, bottom := r.top(min(len(lines)+1, max(r.h/4, 4)))
	d.text(o.Title, lines, top, d.l.Scroll)
	left, right := bottom.left(bottom.w / 2)
	left.w--
	narrow := left.w < 2*boxWidth
	lit := apart(o.Split.Sides[0].Picture, o.Split.Sides[1].Picture)
	for i, at := range []rect{left, right} {
		side := o.Split.Sides[i]
		if d.l.Logs {
			d.text(side.title(d.t.Glyphs), d.sideLines(side, at.w-2), at, d.l.Scroll)
			continue
		}
		d.side(side, lit, at, narrow)
	}
}

// title says which future it is, when, and whether the person stands in it.
func (s Side) title(g Glyphs) string {
	name := fmt.Sprintf("%s, at %s", s.Name, seconds(s.Picture.Time))
	if s.Present {
		return g.Mark + " " + name
	}
	return name
}

// side draws one future in half the width: its programs where there is room, its
// machines, and what happens in it. What is not so in the other one is lit.
func (d *drawing) side(side Side, lit map[string]bool, r rect, narrow bool) {
	look := *d.l
	look.Lit, look.Phase, look.Scroll = lit, allPhases, 0
	half := &drawing{canvas: d.canvas, s: side.Picture, l: &look, t: d.t}
	in := half.rule(side.title(d.t.Glyphs), r)
	if in.w >= 70 {
		var lights rect
		lights, in = in.top(1)
		lights.x++
		half.lights(lights)
	}
	var workers rect
	if n := len(half.s.Workers); narrow && n <= in.h/2 {
		workers, in = in.top(n)
		half.rows(workers)
	} else {
		workers, in = in.top(half.workersHeight(rect{in.x, in.y, in.w, in.h * 3 / 2}))
		half.workers(workers)
	}
	if len(half.s.Loose) > 0 {
		var loose rect
		loose, in = in.top(1)
		half.loose(loose)
	}
	half.now(in)
	d.hits = append(d.hits, half.hits...)
}

func (d *drawing) splitLines(o *Opened, n int) []line {
	var out []line
	for _, p := range o.Split.Differ {
		out = append(out, wrapped(p.Text, paint{}, n, 4)...)
	}
	return out
}

// sideLines are one future's log, n columns wide.
func (d *drawing) sideLines(s Side, n int) []line {
	var out []line
	for _, l := range s.Log {
		text := fmt.Sprintf("%s %s: %s", seconds(l.Time), nick(l.Actor), l.Text)
		out = append(out, wrapped(text, paint{role: toned(l.Tone)}, n, 2)...)
	}
	return out
}
