package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"minisim/sim/scenario"
)

// maxHistory is how many typed lines are remembered.
const maxHistory = 200

// ask begins to type a line.
func (m *model) ask(what ask, text string) tea.Cmd {
	m.asking = what
	m.input.SetValue(text)
	m.input.CursorEnd()
	m.input.SetWidth(0)
	m.past = len(m.history)
	return m.input.Focus()
}

// marks stand before the line.
var marks = map[ask]string{command: ":", goal: "go to ", search: "/", reply: "your answer: "}

// prompt is the line as it is drawn.
func (m *model) prompt() *Prompt {
	before := string([]rune(m.input.Value())[:m.input.Position()])
	p := &Prompt{Mark: marks[m.asking], Text: m.input.Value(), Cursor: width(before)}
	switch m.asking {
	case command:
		p.Hints = m.completions(m.input.Value())
		if len(p.Hints) == 0 || m.input.Value() == "" {
			p.Hints = []string{usage(m.input.Value())}
		}
	case goal:
		p.Hints = []string{`90s, +30s, #step, scheduling, redis ready, worker-1 is NotReady, or ready("redis") == 1`}
	case search:
		p.Hints = []string{"enter keeps the search, esc ends it"}
	}
	return p
}

// typing edits the line.
func (m *model) typing(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "esc", "alt+esc":
		if m.asking == search {
			m.look.Filter = ""
		}
		m.stopTyping()
		return nil
	case "enter":
		return m.typed(strings.TrimSpace(m.input.Value()))
	case "up", "down":
		m.recall(msg.String() == "down")
		return nil
	case "tab":
		m.complete()
		return nil
	case "backspace":
		if m.input.Value() == "" {
			m.stopTyping()
			return nil
		}
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	if m.asking == search {
		m.look.Filter, m.look.Row, m.look.Scroll = m.input.Value(), 0, 0
	}
	return cmd
}

func (m *model) stopTyping() {
	m.asking = nothing
	m.input.Blur()
}

// typed is the end of a line.
func (m *model) typed(text string) tea.Cmd {
	what := m.asking
	m.stopTyping()
	if text == "" {
		return nil
	}
	if what != search && (len(m.history) == 0 || m.history[len(m.history)-1] != text) {
		m.history = append(m.history, text)
		m.history = m.history[max(len(m.history)-maxHistory, 0):]
	}
	switch what {
	case goal:
		m.order(Order{Do: DoGo, Text: text})
	case reply:
		m.order(Order{Do: DoAnswer, Text: text})
	case search:
		if m.look.Panel == Picture {
			m.show(Log)
		}
		m.look.Filter = text
	case command:
		return m.command(text)
	}
	return nil
}

// command carries out a line that was typed behind the colon.
func (m *model) command(text string) tea.Cmd {
	if slices.Contains([]string{"q", "quit", "exit"}, text) {
		return tea.Quit
	}
	first, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	for _, w := range words {
		if w.name != first || rest == "" && !w.bare {
			continue
		}
		if w.action == DoList {
			m.show(Opening)
			m.snapshot.Opened = nil
		}
		m.order(Order{Do: w.action, Text: rest})
		return nil
	}
	m.order(Order{Do: DoVerb, Text: text})
	return nil
}

// recall brings back what was typed before.
func (m *model) recall(later bool) {
	if later {
		m.past = min(m.past+1, len(m.history))
	} else {
		m.past = max(m.past-1, 0)
	}
	text := ""
	if m.past < len(m.history) {
		text = m.history[m.past]
	}
	m.input.SetValue(text)
	m.input.CursorEnd()
}

// complete goes on with the last word as far as there is only one way.
func (m *model) complete() {
	if m.asking != command {
		return
	}
	options := m.completions(m.input.Value())
	if len(options) == 0 {
		return
	}
	common := options[0]
	for _, o := range options[1:] {
		for !strings.HasPrefix(o, common) {
			common = common[:len(common)-1]
		}
	}
	if len(options) == 1 {
		common += " "
	}
	text := m.input.Value()
	head := text[:strings.LastIndexByte(text, ' ')+1]
	if len(head)+len(common) > len(text) {
		m.input.SetValue(head + common)
		m.input.CursorEnd()
	}
}

// completions are the words with which the last word of a line could go on: a
// verb at first, then what the verb's usage names at this place.
func (m *model) completions(text string) []string {
	typed := strings.Fields(text)
	if text == "" || strings.HasSuffix(text, " ") {
		typed = append(typed, "")
	}
	last := typed[len(typed)-1]
	var options []string
	if len(typed) == 1 {
		for _, v := range scenario.Verbs() {
			options = append(options, v.Name)
		}
		for _, w := range words {
			options = append(options, w.name)
		}
	} else {
		for _, form := range strings.Split(usage(text), " | ") {
			options = append(options, scenario.CompleteForm(typed, form, m.named)...)
		}
	}
	options = slices.DeleteFunc(options, func(o string) bool { return !strings.HasPrefix(o, last) })
	slices.Sort(options)
	return slices.Compact(options)
}

// named are the names that a word in capitals stands for in a verb's usage.
func (m *model) named(what string) (names []string) {
	switch what {
	case "NODE":
		eachMachine(m.snapshot, func(x Machine) { names = append(names, x.Name) })
	case "SERVICE":
		return m.snapshot.Apps
	case "NAME":
		eachMachine(m.snapshot, func(x Machine) {
			for _, p := range x.Pods {
				names = append(names, podName(p.Key))
			}
		})
	}
	return names
}

// usage is how the verb at the beginning of a line is used.
func usage(text string) string {
	first, _, _ := strings.Cut(strings.TrimLeft(text, " "), " ")
	for _, v := range scenario.Verbs() {
		if v.Name == first {
			return v.Usage
		}
	}
	for _, w := range words {
		if w.name == first {
			return w.usage
		}
	}
	var names []string
	for _, v := range scenario.Verbs() {
		names = append(names, v.Name)
	}
	return strings.Join(names, ", ")
}
