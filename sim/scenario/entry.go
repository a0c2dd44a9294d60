package scenario

import (
	"math"

	"go.yaml.in/yaml/v3"
)

// entry reads one entry of the timeline.
func (d *decoder) entry(n *yaml.Node, s *Scenario) {
	e := Entry{Pos: d.file.Place(n)}
	var want Expectation
	has := map[string]bool{}
	note := func(key string, f func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) { has[key] = true; f(n) }
	}
	if !d.fields(n, "an entry of the timeline", keys{
		"at":      note("at", func(n *yaml.Node) { d.duration(n, "at", &e.At) }),
		"every":   note("every", func(n *yaml.Node) { d.every(n, &e) }),
		"times":   note("times", func(n *yaml.Node) { d.integer(n, "times", 1, math.MaxInt32, &e.Times) }),
		"until":   note("until", func(n *yaml.Node) { d.duration(n, "until", &e.Until) }),
		"when":    note("when", func(n *yaml.Node) { e.When = d.condition(n, "when") }),
		"again":   note("again", func(n *yaml.Node) { d.boolean(n, "again", &e.Again) }),
		"say":     note("say", func(n *yaml.Node) { d.text(n, "say", &e.Say) }),
		"pause":   note("pause", func(n *yaml.Node) { d.pause(n, &e) }),
		"ask":     note("ask", func(n *yaml.Node) { e.Ask = d.question(n, s) }),
		"do":      note("do", func(n *yaml.Node) { d.commands(n, &e) }),
		"expect":  note("expect", func(n *yaml.Node) { want.Pos = d.file.Place(n); want.Condition = d.condition(n, "expect") }),
		"within":  note("within", func(n *yaml.Node) { d.duration(n, "within", &want.Within) }),
		"because": note("because", func(n *yaml.Node) { d.text(n, "because", &want.Because) }),
	}) {
		return
	}
	e.Timed = has["at"]
	if e.Every > 0 && !e.Timed {
		e.At = e.Every
	}
	if has["times"] {
		e.Times = max(e.Times, 1) // a number that was refused is no reason for more faults
	}
	if want.Condition != nil {
		e.Expect = &want
	}
	d.consistent(n, &e, has)
	s.Timeline = append(s.Timeline, e)
}

// consistent finds keys of an entry that do not go together.
func (d *decoder) consistent(n *yaml.Node, e *Entry, has map[string]bool) {
	if !has["at"] && !has["every"] && !has["when"] {
		d.fault(n, "say when, for example at: 60s", "an entry of the timeline has no time")
	}
	if has["every"] && has["when"] {
		d.fault(n, "use when: with again: true", "every: and when: do not go together")
	}
	for _, rule := range []struct{ key, needs string }{
		{"times", "every"}, {"until", "every"}, {"again", "when"}, {"within", "expect"}, {"because", "expect"},
	} {
		if has[rule.key] && !has[rule.needs] {
			d.fault(n, "", "%s: says nothing without %s:", rule.key, rule.needs)
		}
	}
	if e.Ask != nil && (e.Every > 0 || e.Again) {
		d.fault(n, "ask once", "an entry that repeats cannot ask")
	}
	if e.Until > 0 && e.Until < e.At {
		d.fault(n, "", "until: (%s) comes before the first time (%s)", e.Until, e.At)
	}
	if !has["say"] && !has["pause"] && !has["ask"] && !has["do"] && !has["expect"] {
		d.warn(n, "give it say:, pause:, ask:, do: or expect:", "this entry does nothing")
	}
}

func (d *decoder) every(n *yaml.Node, e *Entry) {
	if d.duration(n, "every", &e.Every) && e.Every == 0 {
		d.fault(n, "", "every must be above 0")
	}
}

// pause reads true, false, or what is said at the stop.
func (d *decoder) pause(n *yaml.Node, e *Entry) {
	on, text := true, ""
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" {
		d.boolean(n, "pause", &on)
	} else if !d.text(n, "pause", &text) {
		return
	}
	if on {
		e.Pause = &text
	}
}

// commands reads one command or a list of them.
func (d *decoder) commands(n *yaml.Node, e *Entry) {
	if n.Kind == yaml.SequenceNode {
		d.each(n, "do", func(n *yaml.Node) { d.command(n, e) })
		return
	}
	d.command(n, e)
}

func (d *decoder) command(n *yaml.Node, e *Entry) {
	var text string
	if !d.text(n, "do", &text) {
		return
	}
	c, err := ParseCommand(text, d.view)
	if err != nil {
		d.fault(n, "", "%s", err)
		return
	}
	c.Pos = d.file.Place(n)
	e.Do = append(e.Do, c)
}

// expectation reads one of finally: a condition, or a mapping with what one learns from it.
func (d *decoder) expectation(n *yaml.Node) *Expectation {
	e := Expectation{Pos: d.file.Place(n)}
	if n.Kind == yaml.ScalarNode {
		e.Condition = d.condition(n, "an expectation")
	} else {
		found := false
		ok := d.fields(n, "an expectation", keys{
			"expect":  func(n *yaml.Node) { found = true; e.Pos = d.file.Place(n); e.Condition = d.condition(n, "expect") },
			"because": func(n *yaml.Node) { d.text(n, "because", &e.Because) },
		})
		if ok && !found {
			d.fault(n, "", "an expectation without expect:")
		}
	}
	if e.Condition == nil {
		return nil
	}
	return &e
}
