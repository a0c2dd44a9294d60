package tui

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
)

// role is what a piece of the screen stands for; the theme says how that looks.
type role uint8

const (
	text role = iota
	faint
	frame  // lines between panels
	title  // of a panel
	strong // what to read first
	good
	bad
	warn
	who   // an actor
	light // of a program that works
	bar   // the filled part of a bar
	app   // the first of the applications' colours; they come last
)

// apps is how many colours there are for applications.
const apps = 6

// paint is how a cell looks: its role, and whether it has changed in the last
// step or is selected.
type paint struct {
	role   role
	lit    bool
	chosen bool
}

// Theme is how a screen looks: colours for a dark or a light background out of
// the terminal's own 16, and the characters that the terminal can show.
type Theme struct {
	Glyphs Glyphs
	styles map[paint]sgr
}

// sgr is what stands before and after a styled text.
type sgr struct{ before, after string }

// NewTheme makes a theme for a dark or a light background; the dark one can be
// read on a light background, too, for terminals that do not say. What a terminal
// without colours shows is bold, underlined and reversed text.
func NewTheme(dark bool, g Glyphs) *Theme {
	t := &Theme{Glyphs: g, styles: map[paint]sgr{}}
	for r := text; r < app+apps; r++ {
		for i := range 4 {
			p := paint{r, i&1 != 0, i&2 != 0}
			before, after, _ := strings.Cut(style(p, dark).Inline(true).Render("x"), "x")
			t.styles[p] = sgr{before, after}
		}
	}
	return t
}

func style(p paint, dark bool) lipgloss.Style {
	pick := lipgloss.LightDark(dark)
	s := lipgloss.NewStyle()
	switch p.role {
	case faint, frame:
		s = s.Faint(true) // there are palettes whose bright black is the background
	case title, strong:
		s = s.Bold(true)
	case good, light:
		s = s.Foreground(lipgloss.Green)
	case bad:
		s = s.Foreground(pick(lipgloss.Red, lipgloss.BrightRed)).Bold(true)
	case warn:
		s = s.Foreground(pick(lipgloss.Magenta, lipgloss.Yellow))
	case who, bar:
		s = s.Foreground(pick(lipgloss.Blue, lipgloss.Cyan))
	default:
		if p.role >= app {
			c := appColors[p.role-app]
			s = s.Background(c.back).Foreground(c.fore)
		}
	}
	if p.lit {
		s = s.Bold(true).Underline(true)
	}
	if p.chosen {
		s = s.Reverse(true)
	}
	return s
}

// appColors are readable on every terminal's palette: dark text on the light
// ones, light text on the dark ones.
var appColors = [apps]struct{ back, fore color.Color }{
	{lipgloss.Cyan, lipgloss.Black}, {lipgloss.Yellow, lipgloss.Black}, {lipgloss.Magenta, lipgloss.BrightWhite},
	{lipgloss.Green, lipgloss.Black}, {lipgloss.Blue, lipgloss.BrightWhite}, {lipgloss.White, lipgloss.Black},
}

func (t *Theme) render(s string, p paint) string {
	g, ok := t.styles[p]
	if !ok || g.before == "" {
		return s
	}
	return g.before + s + g.after
}

// Glyphs are the characters beyond ASCII, or what stands for them.
type Glyphs struct {
	States                   [Done + 1]string
	Full, Part, Empty        string // of bars
	Line, Side               string
	Corners                  [4]string // top left, top right, bottom left, bottom right
	Arrow, On, Off, Ellipsis string
	Yes, No, Mark            string
	Heat                     [5]string // from idle to full
}

// Unicode is for terminals that show UTF-8.
var Unicode = Glyphs{
	States: [...]string{"○", "◌", "↓", "◐", "●", "⊘", "✖", "✔"},
	Full:   "█", Part: "▌", Empty: "░", Line: "─", Side: "│", Corners: [...]string{"┌", "┐", "└", "┘"},
	Arrow: "→", On: "●", Off: "○", Ellipsis: "…", Yes: "✔", No: "✖", Mark: "▶",
	Heat: [...]string{"·", "░", "▒", "▓", "█"},
}

// ASCII is for all others.
var ASCII = Glyphs{
	States: [...]string{"o", "~", "v", "%", "#", "x", "!", "+"},
	Full:   "#", Part: "+", Empty: ".", Line: "-", Side: "|", Corners: [...]string{"+", "+", "+", "+"},
	Arrow: "->", On: "*", Off: "o", Ellipsis: "~", Yes: "+", No: "!", Mark: ">",
	Heat: [...]string{".", ":", "+", "%", "#"},
}

var asciiWords = strings.NewReplacer("→", "->", "…", "...", "×", "x", "–", "-", "—", "-", "·", "-", "≥", ">=", "≤", "<=", "’", "'", "“", `"`, "”", `"`)

// toASCII writes a sentence with what every terminal can show.
func toASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x80 {
			return '?'
		}
		return r
	}, asciiWords.Replace(s))
}
