package tui

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// cell is one place of the screen. The second half of a wide character has no text.
type cell struct {
	text  string
	paint paint
}

// canvas is a screen to draw on: everything is clipped to where it belongs.
type canvas struct {
	width, height int
	ascii         bool // the terminal shows nothing else
	cells         []cell
}

func newCanvas(width, height int) *canvas {
	c := &canvas{width: width, height: height, cells: make([]cell, width*height)}
	for i := range c.cells {
		c.cells[i].text = " "
	}
	return c
}

// write puts text at (x, y), up to the column limit, and returns the column
// after it. What a terminal would take for a command becomes a blank.
func (c *canvas) write(x, y, limit int, text string, p paint) int {
	limit = min(limit, c.width)
	if y < 0 || y >= c.height {
		return x
	}
	if c.ascii {
		text = toASCII(text)
	}
	row := c.cells[y*c.width : (y+1)*c.width]
	for g := displaywidth.StringGraphemes(text); g.Next(); {
		s, w := g.Value(), g.Width()
		if s[0] < ' ' || s[0] == 0x7f || s == "\u0085" || w == 0 {
			s, w = " ", 1
		}
		if x+w > limit || x < 0 {
			break
		}
		row[x] = cell{s, p}
		for i := 1; i < w; i++ {
			row[x+i] = cell{"", p}
		}
		x += w
	}
	return x
}

// fill repeats a character of width 1 over a stretch of a row.
func (c *canvas) fill(x, y, width int, char string, p paint) {
	if y < 0 || y >= c.height {
		return
	}
	for i := max(x, 0); i < min(x+width, c.width); i++ {
		c.cells[y*c.width+i] = cell{char, p}
	}
}

// styled is the canvas as text for a terminal.
func (c *canvas) styled(t *Theme) string { return c.lines(t.render) }

func (c *canvas) lines(render func(string, paint) string) string {
	var out, run strings.Builder
	for y := range c.height {
		row := c.cells[y*c.width : (y+1)*c.width]
		last := len(row) // blanks at the end need not be sent
		for last > 0 && row[last-1] == (cell{text: " "}) {
			last--
		}
		for i := 0; i < last; {
			p := row[i].paint
			run.Reset()
			for ; i < last && row[i].paint == p; i++ {
				run.WriteString(row[i].text)
			}
			out.WriteString(render(run.String(), p))
		}
		if y < c.height-1 {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// rect is a part of the canvas.
type rect struct{ x, y, w, h int }

func (r rect) right() int  { return r.x + r.w }
func (r rect) bottom() int { return r.y + r.h }

func (r rect) contains(x, y int) bool {
	return x >= r.x && x < r.right() && y >= r.y && y < r.bottom()
}

// top cuts n rows off, as many as there are.
func (r rect) top(n int) (rect, rect) {
	n = max(min(n, r.h), 0)
	return rect{r.x, r.y, r.w, n}, rect{r.x, r.y + n, r.w, r.h - n}
}

// left cuts n columns off, as many as there are.
func (r rect) left(n int) (rect, rect) {
	n = max(min(n, r.w), 0)
	return rect{r.x, r.y, n, r.h}, rect{r.x + n, r.y, r.w - n, r.h}
}

func width(s string) int { return displaywidth.String(s) }

// cut shortens s to n columns, with an ellipsis when something is lost.
func cut(s string, n int, ellipsis string) string {
	if width(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	return displaywidth.TruncateString(s, n, ellipsis)
}

// wrap breaks text into lines of n columns at most; what is too long for a line is broken.
func wrap(text string, n int) []string {
	n = max(n, 1)
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == "":
				line = word
			case width(line)+1+width(word) <= n:
				line += " " + word
			default:
				lines = append(lines, line)
				line = word
			}
			for width(line) > n {
				head := displaywidth.TruncateString(line, n, "")
				if head == "" {
					break // a character that is wider than the line
				}
				lines = append(lines, head)
				line = line[len(head):]
			}
		}
		lines = append(lines, line)
	}
	return lines
}
