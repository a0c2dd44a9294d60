package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// orderKeys are keys that are an order and nothing else.
var orderKeys = map[string]Order{
	"space": {Do: DoStep}, "enter": {Do: DoStep}, "n": {Do: DoScheduling}, "N": {Do: DoSame},
	"c": {Do: DoPlay}, "p": {Do: DoPause}, "+": {Do: DoFaster}, "=": {Do: DoFaster}, "-": {Do: DoSlower},
	"b": {Do: DoBack}, "f": {Do: DoFork}, "[": {Do: DoSwitch, N: -1}, "]": {Do: DoSwitch, N: +1},
}

// key does what a key stands for.
func (m *model) key(msg tea.KeyPressMsg) tea.Cmd {
	k := msg.String()
	if k == "ctrl+c" {
		return tea.Interrupt
	}
	if m.asking != nothing {
		return m.typing(msg)
	}
	if cmd, ok := m.sceneKey(k); ok {
		return cmd
	}
	if m.look.Panel == Opening && m.snapshot.Opened != nil && m.snapshot.Opened.Rows != nil && m.listKey(k) {
		return nil
	}
	if o, ok := orderKeys[k]; ok {
		if k == "space" && m.stillUnfolding() {
			m.look.Phase++
			return nil
		}
		m.order(o)
		return nil
	}
	if m.panelKey(k) || m.selectionKey(k) {
		return nil
	}
	switch k {
	case "q":
		return tea.Quit
	case ":":
		return m.ask(command, "")
	case "g":
		return m.ask(goal, "")
	case "/":
		return m.ask(search, m.look.Filter)
	case "t":
		if name, ok := m.selectedMachine(); ok {
			return m.ask(command, "taint node "+name+" ")
		}
		return m.ask(command, "taint node ")
	case "s":
		if p, ok := m.selectedPod(); ok {
			return m.ask(command, "scale "+p.App+" ")
		}
		return m.ask(command, "scale ")
	}
	return nil
}

// stillUnfolding says whether the person unfolds a decision phase by phase, and it is not done.
func (m *model) stillUnfolding() bool {
	dec := m.snapshot.Now.Decision
	return m.look.Panel == Picture && m.snapshot.Stride == stridePhase && dec != nil && m.look.Phase < phases(dec)
}

// order passes an order on. It never waits.
func (m *model) order(o Order) {
	if !m.give(o) {
		s := *m.snapshot
		s.Note, s.NoteBad = "too many keys at once: the simulation has not caught up yet", true
		m.snapshot = &s
	}
}

// panelKey opens and closes panels and scrolls them.
func (m *model) panelKey(k string) bool {
	switch k {
	case "esc", "backspace", "alt+esc": // the last is what two quick ones look like
		m.show(Picture)
	case "?", "h":
		m.show(Help)
	case "l":
		m.show(Log)
		m.look.Scroll = 1 << 20 // the end
	case "o":
		m.open(Order{Do: DoList})
	case "e":
		m.open(Order{Do: DoEvents})
		m.look.Row = 1 << 20 // the latest
	case "d":
		if o := m.snapshot.Opened; m.look.Panel == Opening && o != nil && o.Split != nil {
			m.look.Logs, m.look.Scroll = !m.look.Logs, 0
			return true
		}
		m.open(Order{Do: DoSplit})
	case "w":
		m.open(Order{Do: DoWhy})
	case "y":
		if p, ok := m.selectedPod(); ok {
			m.open(Order{Do: DoObject, Ref: Ref{Resource: "pods", Key: p.Key}})
		} else if name, ok := m.selectedMachine(); ok {
			m.open(Order{Do: DoObject, Ref: Ref{Resource: "nodes", Key: name}})
		} else if about := m.snapshot.Now.About; about.Key != "" {
			m.open(Order{Do: DoObject, Ref: about})
		} else {
			m.open(Order{Do: DoList})
		}
	case "<", ">":
		m.revision(k == ">")
	case "pgup", "pgdown":
		page := max(m.look.Height/2, 1)
		if k == "pgup" {
			page = -page
		}
		m.scroll(page)
	case "home":
		m.look.Scroll = 0
	case "end":
		m.look.Scroll = 1 << 20
	default:
		return false
	}
	return true
}

// show changes to another panel.
func (m *model) show(p Panel) {
	if m.look.Panel == Opening && p != Opening {
		m.order(Order{Do: DoClose})
	}
	m.look.Panel, m.look.Scroll, m.look.Row, m.look.Filter = p, 0, 0, ""
}

// open asks for a list, an object or the like, and waits for it on an empty panel.
func (m *model) open(o Order) {
	m.show(Opening)
	m.order(o)
	s := *m.snapshot
	s.Opened = nil
	m.snapshot = &s
}

// revision shows the opened object as it was one write before, or after.
func (m *model) revision(after bool) {
	o := m.snapshot.Opened
	if m.look.Panel != Opening || o == nil || o.Ref.Key == "" {
		return
	}
	ref := o.Ref
	ref.Revision = o.Before
	if after {
		ref.Revision = o.After
	}
	if ref.Revision != 0 {
		m.order(Order{Do: DoObject, Ref: ref})
	}
}

// listKey moves in a list and opens its rows.
func (m *model) listKey(k string) bool {
	rows := shownRows(m.snapshot.Opened, m.look.Filter)
	row := max(min(m.look.Row, len(rows)-1), 0)
	page := max(m.look.Height-4, 1)
	switch k {
	case "up":
		row--
	case "down":
		row++
	case "pgup":
		row -= page
	case "pgdown":
		row += page
	case "home":
		row = 0
	case "end":
		row = len(rows) - 1
	case "enter":
		if row < len(rows) {
			m.follow(rows[row].Ref)
		}
		return true
	default:
		return false
	}
	m.look.Row = max(min(row, len(rows)-1), 0)
	return true
}

// follow opens what a row stands for.
func (m *model) follow(r Ref) {
	if r.Key == "" {
		m.open(Order{Do: DoList, Text: r.Resource})
		return
	}
	m.open(Order{Do: DoObject, Ref: r})
}

// scroll moves the text of the panel, or the chosen row of a list.
func (m *model) scroll(n int) {
	if o := m.snapshot.Opened; m.look.Panel == Opening && o != nil && o.Rows != nil {
		m.look.Row = max(min(m.look.Row+n, len(o.Rows)-1), 0)
		return
	}
	if m.look.Panel == Picture {
		last := m.lastScroll()
		m.look.Scroll = max(min(m.look.Scroll+n, last), -last)
		return
	}
	m.look.Scroll = max(min(m.look.Scroll, m.lastScroll())+n, 0)
}

// lastScroll is how far the text of the panel can be scrolled at most.
func (m *model) lastScroll() int {
	d := draw(m.snapshot, &m.look, m.theme)
	switch m.look.Panel {
	case Log:
		return max(len(d.logLines())-m.look.Height+3, 0)
	case Help:
		return max(len(helpLines(m.theme, m.look.Width-2))-m.look.Height+3, 0)
	case Opening:
		o := m.snapshot.Opened
		if o != nil && o.Split != nil {
			n := m.look.Width/2 - 3
			return max(len(d.splitLines(o, m.look.Width-2)), len(d.sideLines(o.Split.Sides[0], n)), len(d.sideLines(o.Split.Sides[1], n))) - 1
		}
		if o != nil {
			return max(len(o.Text)-m.look.Height+3, 0)
		}
		return 0
	}
	if m.snapshot.Scene != nil {
		return len(d.sceneLines(m.look.Width - 2))
	}
	return len(d.nowLines(m.look.Width - 2))
}

// selectedPod is the selected pod.
func (m *model) selectedPod() (Pod, bool) {
	var found Pod
	ok := false
	if m.look.Selected.Kind == OfPod {
		eachPod(m.snapshot, func(_ string, p Pod) {
			if p.Key == m.look.Selected.Name {
				found, ok = p, true
			}
		})
	}
	return found, ok
}

// selectedMachine is the name of the selected machine.
func (m *model) selectedMachine() (string, bool) {
	return m.look.Selected.Name, m.look.Selected.Kind == OfMachine
}

// podName is an object's name as the verbs take it: their namespace is default.
func podName(key string) string { return strings.TrimPrefix(key, "default/") }
