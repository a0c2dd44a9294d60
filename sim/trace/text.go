package trace

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Tone says how a line should strike the eye.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Bad
	Loud // something done to the cluster from outside
)

// Toned is a Body with a tone.
type Toned interface{ Tone() Tone }

// Text writes a run as lines that a person reads: virtual time, who, what and
// why. A sentence that repeats the line before is folded into a count.
type Text struct {
	Color   bool
	Verbose bool // tell the noise as well
	Spoken  bool // it is read aloud: an arrow becomes a word
	Width   int  // of the terminal, in columns; 0: lines are not wrapped

	w       io.Writer
	failed  func(error)
	broken  bool
	last    string
	repeats int
	lines   int
}

// NewText gives a writer of text. The first error of w is handed to failed,
// once, and nothing is written after it.
func NewText(w io.Writer, failed func(error)) *Text { return &Text{w: w, failed: failed} }

// Lines is how many lines have been told.
func (t *Text) Lines() int { return t.lines }

// Record is the Sink.
func (t *Text) Record(r Record) {
	b, ok := r.Body.(Teller)
	if !ok {
		return
	}
	sentence := b.Tell()
	if m, ok := r.Body.(Murmurer); ok && sentence == "" && t.Verbose {
		sentence = m.Murmur()
	}
	if sentence == "" {
		return
	}
	line := r.Actor + "\x00" + sentence
	if line == t.last {
		t.repeats++
		return
	}
	t.Flush()
	t.last = line
	tone := Plain
	if b, ok := r.Body.(Toned); ok {
		tone = b.Tone()
	}
	t.lines++
	t.write(t.format(r.Time, r.Actor, sentence, tone))
}

// Flush tells of repetitions that have not been told.
func (t *Text) Flush() {
	if t.repeats > 0 {
		t.write(fmt.Sprintf("%*s  (the same %d times more)\n", indent, "", t.repeats))
	}
	t.repeats, t.last = 0, ""
}

// indent is where sentences begin: after the time and the actor.
const (
	timeWidth  = 10
	actorWidth = 26
	indent     = timeWidth + 2 + actorWidth
)

func (t *Text) format(at time.Duration, actor, sentence string, tone Tone) string {
	if t.Spoken {
		sentence = strings.ReplaceAll(sentence, " → ", ", then ")
	}
	when := fmt.Sprintf("%*s", timeWidth, fmt.Sprintf("%.3fs", at.Seconds()))
	who := fmt.Sprintf("%-*s", actorWidth, actor)
	margin := "\n" + strings.Repeat(" ", indent+2)
	body := strings.Join(t.wrap(sentence), margin)
	if t.Width > 0 && utf8.RuneCountInString(actor) > actorWidth {
		body = margin + body // a long name gets a line of its own
	}
	if !t.Color {
		return when + "  " + who + "  " + body + "\n"
	}
	return "\x1b[2m" + when + "\x1b[0m  \x1b[36m" + who + "\x1b[0m  " + colors[tone] + body + "\x1b[0m\n"
}

var colors = map[Tone]string{Plain: "", Good: "\x1b[32m", Bad: "\x1b[31m", Loud: "\x1b[1m"}

func (t *Text) wrap(s string) []string {
	room := t.Width - indent - 2
	if room < 20 {
		return strings.Split(s, "\n")
	}
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line := ""
		for _, word := range strings.Split(paragraph, " ") {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
				lines = append(lines, line)
				line = word
				continue
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		lines = append(lines, line)
	}
	return lines
}

func (t *Text) write(s string) {
	if t.broken {
		return
	}
	if _, err := io.WriteString(t.w, s); err != nil {
		t.broken = true
		t.failed(err)
	}
}
