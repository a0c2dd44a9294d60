package tui

import (
	"fmt"
	"strconv"

	tea "charm.land/bubbletea/v2"
)

// dialogue draws the scene in the place of what is happening, so that the
// cluster that it is about stays in sight.
func (d *drawing) dialogue(r rect) {
	s := d.s.Scene
	name := "the scenario pauses here"
	if s.ID != "" {
		name = fmt.Sprintf("question %s, %s", s.ID, plural(int(s.Points), "point"))
	}
	d.text(name, d.sceneLines(r.w-2), r, d.l.Scroll)
}

// sceneLines are what the scene is about, its question, the choices and the hints asked for.
func (d *drawing) sceneLines(n int) []line {
	s := d.s.Scene
	var out []line
	if d.s.Now.Kind == "say" {
		out = wrapped(d.s.Now.Text, paint{}, n, 0)
	}
	if s.Text != "" {
		out = append(out, wrapped(s.Text, paint{role: strong}, n, 0)...)
	}
	if s.ID == "" {
		return out
	}
	out = append(out, wrapped(s.Question, paint{role: strong}, n, 0)...)
	for i, c := range s.Choices {
		mark, p := " ", paint{}
		if i == d.l.Choice {
			mark, p = d.t.Glyphs.Mark, paint{role: strong, chosen: true}
		}
		out = append(out, line{{fmt.Sprintf("%s %d  %s", mark, i+1, c), p}})
	}
	for _, h := range s.Hints[:min(d.l.Hints, len(s.Hints))] {
		out = append(out, field("hint", h, paint{}, n)...)
	}
	return out
}

// keys are those of the scene for the last line.
func (s *Scene) keys(hints int) [][2]string {
	if s.ID == "" {
		return [][2]string{{"enter", "go on"}, {"o", "objects"}, {"w", "why"}, {"l", "log"}, {"?", "help"}, {"q", "quit"}}
	}
	out := [][2]string{{"enter", "type an answer"}}
	if n := len(s.Choices); n > 0 {
		out = [][2]string{{fmt.Sprintf("1-%d, up, down", min(n, 9)), "choose"}, {"enter", "answer"}}
	}
	if left := len(s.Hints) - hints; left > 0 {
		out = append(out, [2]string{"h", "hint"})
	}
	return append(out, [2]string{"esc", "no answer"}, [2]string{"o", "objects"}, [2]string{"?", "help"}, [2]string{"q", "quit"})
}

// sceneKey answers a scene, or does nothing of the sort: then it is false.
func (m *model) sceneKey(k string) (tea.Cmd, bool) {
	s := m.snapshot.Scene
	if s == nil || m.look.Panel != Picture {
		return nil, false
	}
	if n, err := strconv.Atoi(k); err == nil && n >= 1 && n <= len(s.Choices) {
		m.look.Choice = n - 1
		return nil, true
	}
	switch k {
	case "esc", "alt+esc":
		m.order(Order{Do: DoAnswer})
	case "enter", "space":
		switch {
		case s.ID == "":
			m.order(Order{Do: DoAnswer})
		case len(s.Choices) == 0:
			return m.ask(reply, ""), true
		case k == "enter":
			m.order(Order{Do: DoAnswer, Text: s.Choices[m.look.Choice]})
		}
	case "up", "down":
		if len(s.Choices) == 0 {
			return nil, false
		}
		step := 1
		if k == "up" {
			step = -1
		}
		m.look.Choice = max(min(m.look.Choice+step, len(s.Choices)-1), 0)
	case "h":
		if m.look.Hints < len(s.Hints) {
			m.look.Hints++
			m.look.Scroll = m.lastScroll()
		}
	default:
		return nil, false
	}
	return nil, true
}

// enter shows a scene that the run has come to, above all else.
func (m *model) enter() {
	m.stopTyping()
	m.show(Picture)
	m.look.Choice, m.look.Hints = 0, 0
}
