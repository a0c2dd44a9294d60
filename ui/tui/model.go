package tui

import (
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// model is the screen's state. Update is the only one that changes it.
type model struct {
	snapshot *Snapshot
	base     *Snapshot // what lit is measured against
	baseTime time.Time
	look     Look
	theme    *Theme
	glyphs   Glyphs

	background Background
	give       func(Order) bool // false: the player has too much to do
	arrival    <-chan *Snapshot

	asking  ask
	input   textinput.Model
	history []string
	past    int // where in the history the prompt stands; len(history): at the new line
}

// ask says what is being typed.
type ask int

const (
	nothing ask = iota
	command
	goal
	search
	reply
)

// newModel makes a screen that sends its orders to give and takes Snapshots from arrival.
func newModel(give func(Order) bool, arrival <-chan *Snapshot, g Glyphs, b Background) *model {
	in := textinput.New()
	in.Prompt = ""
	in.CharLimit = 500
	in.SetVirtualCursor(false)
	return &model{
		snapshot: &Snapshot{}, give: give, arrival: arrival, glyphs: g, theme: NewTheme(b != Light, g), background: b,
		look: Look{Phase: allPhases}, input: in,
	}
}

// arrived is a Snapshot that has come from the player; over is the end of all of them.
type (
	arrived struct{ *Snapshot }
	over    struct{}
	unfold  struct{ id uint64 } // it is time for the next phase of the decision with this id
)

// unfoldTime is how long each phase of a decision stands alone.
const unfoldTime = 350 * time.Millisecond

// litTime is for how long a change stays lit while the run plays.
const litTime = 700 * time.Millisecond

// Init asks the terminal for its background and waits for the first Snapshot.
func (m *model) Init() tea.Cmd { return tea.Batch(tea.RequestBackgroundColor, m.wait) }

// wait takes the next Snapshot. It runs beside the screen, which goes on.
func (m *model) wait() tea.Msg {
	s, ok := <-m.arrival
	if !ok {
		return over{}
	}
	return arrived{s}
}

// Update takes in what has happened: a Snapshot, a key, the mouse, another size.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case arrived:
		return m, tea.Batch(m.take(msg.Snapshot, time.Now()), m.wait)
	case over:
		return m, tea.Quit
	case unfold:
		return m, m.unfold(msg.id)
	case tea.WindowSizeMsg:
		m.look.Width, m.look.Height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		if m.background == Unknown {
			m.theme = NewTheme(msg.IsDark(), m.glyphs)
		}
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.MouseClickMsg:
		m.click(msg.Mouse().X, msg.Mouse().Y)
	case tea.MouseWheelMsg:
		switch msg.Button {
		case tea.MouseWheelUp:
			m.scroll(-3)
		case tea.MouseWheelDown:
			m.scroll(3)
		}
	case tea.PasteMsg:
		if m.asking != nothing {
			var cmd tea.Cmd
			m.input, cmd = m.input.Update(msg)
			return m, cmd
		}
	}
	return m, nil
}

// take shows a new Snapshot. What it lights is what has changed since the
// person's last step, or, while the run plays, a moment ago.
func (m *model) take(s *Snapshot, now time.Time) tea.Cmd {
	old := m.snapshot
	stepped := s.Strides != old.Strides
	if m.base == nil || stepped || s.Playing && now.Sub(m.baseTime) > litTime {
		m.base, m.baseTime = old, now
	}
	m.snapshot = s
	if s.Scene != nil && s.Scene != old.Scene {
		m.enter()
	}
	m.look.Lit = changed(m.base, s)
	if s.Now.ID == old.Now.ID && s.Now.Step == old.Now.Step {
		return nil
	}
	if m.look.Panel == Picture {
		m.look.Scroll = 0
	}
	m.look.Phase = allPhases
	if s.Now.Decision == nil || s.Playing {
		return nil
	}
	m.look.Phase = phaseQueue
	if s.Stride == stridePhase {
		return nil // the person unfolds it
	}
	return m.later(s.Now.ID)
}

func (m *model) later(id uint64) tea.Cmd {
	return tea.Tick(unfoldTime, func(time.Time) tea.Msg { return unfold{id} })
}

// unfold shows one phase more of the decision, if it is still the one on the screen.
func (m *model) unfold(id uint64) tea.Cmd {
	now := m.snapshot.Now
	if now.Decision == nil || now.ID != id || m.look.Phase >= phases(now.Decision) {
		return nil
	}
	m.look.Phase++
	return m.later(id)
}

// View is the frame.
func (m *model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "minisim " + m.snapshot.Name
	if m.look.Width == 0 {
		return v
	}
	look := m.look
	if m.asking != nothing {
		look.Prompt = m.prompt()
		v.Cursor = tea.NewCursor(width(look.Prompt.Mark)+look.Prompt.Cursor, look.Height-1)
	}
	v.Content, _ = Render(m.snapshot, &look, m.theme)
	return v
}
