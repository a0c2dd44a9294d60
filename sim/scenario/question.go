package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"minisim/internal/source"
)

// Question asks for a prediction: it is put before something is decided, and
// marked against what really happens.
type Question struct {
	Pos         source.Pos
	ID          string // names it in a file of answers; q1, q2, … unless the scenario says otherwise
	Text        string // Markdown
	Choices     []string
	Points      int64 // for the right answer
	Hints       []string
	Explanation string // Markdown, told with the mark

	answer    answer
	answerPos source.Pos
	after     time.Duration // marked so long after the question …
	when      *Condition    // … or when this becomes true
}

// Free says whether any text may be an answer.
func (q *Question) Free() bool { return len(q.Choices) == 0 }

// Understand gives the answer that somebody means by a text: a choice by its
// words or its number, or what they wrote. The error says what may be answered.
func (q *Question) Understand(text string) (string, error) {
	text = strings.TrimSpace(text)
	if q.Free() {
		if text == "" {
			return "", fmt.Errorf("an empty answer")
		}
		return text, nil
	}
	for _, c := range q.Choices {
		if same(c, text) {
			return c, nil
		}
	}
	if i, err := strconv.Atoi(strings.TrimSuffix(text, ".")); err == nil && i >= 1 && i <= len(q.Choices) {
		return q.Choices[i-1], nil
	}
	hint := source.DidYouMean(text, q.Choices)
	if hint == "" {
		hint = "answer with one of " + strings.Join(q.Choices, ", ")
	}
	return "", fmt.Errorf("%q is none of the choices; %s", shorten(text), hint)
}

// maxPoints bounds what one question may be worth.
const maxPoints = 1000

func (d *decoder) question(n *yaml.Node, s *Scenario) *Question {
	d.questions++
	q := &Question{Pos: d.file.Place(n), ID: fmt.Sprintf("q%d", d.questions), Points: 1}
	var answer *yaml.Node
	if !d.fields(n, "a question", keys{
		"id":          func(n *yaml.Node) { d.text(n, "id", &q.ID) },
		"question":    func(n *yaml.Node) { d.text(n, "question", &q.Text) },
		"choices":     func(n *yaml.Node) { q.Choices = d.texts(n, "choices", "a choice") },
		"answer":      func(n *yaml.Node) { answer = n },
		"after":       func(n *yaml.Node) { d.duration(n, "after", &q.after) },
		"when":        func(n *yaml.Node) { q.when = d.condition(n, "when") },
		"points":      func(n *yaml.Node) { d.integer(n, "points", 0, maxPoints, &q.Points) },
		"hints":       func(n *yaml.Node) { q.Hints = d.texts(n, "hints", "a hint") },
		"explanation": func(n *yaml.Node) { d.text(n, "explanation", &q.Explanation) },
	}) {
		return nil
	}
	if q.Text == "" {
		d.fault(n, "add question:", "a question without words")
	}
	if _, choices := source.Lookup(n, "choices"); choices != nil {
		d.checkChoices(choices, q)
	}
	if answer == nil {
		d.fault(n, "add answer:, for example answer: node of next pod of web", "a question without an answer")
	} else {
		d.answer(answer, q)
	}
	if q.when != nil && q.after > 0 {
		d.fault(n, "", "after: and when: do not go together")
	}
	for _, e := range s.Timeline {
		if e.Ask != nil && e.Ask.ID == q.ID {
			d.fault(n, "give it another id:", "two questions are called %q, the first at %s", shorten(q.ID), e.Ask.Pos)
		}
	}
	return q
}

func (d *decoder) checkChoices(n *yaml.Node, q *Question) {
	for i, c := range q.Choices {
		if slices.ContainsFunc(q.Choices[:i], func(o string) bool { return same(o, c) }) {
			d.fault(n, "", "the choice %q stands twice", shorten(c))
		}
	}
	if len(q.Choices) == 1 {
		d.warn(n, "", "a single choice is none")
	}
}

// texts reads a list of texts.
func (d *decoder) texts(n *yaml.Node, what, one string) []string {
	var out []string
	d.each(n, what, func(n *yaml.Node) {
		var text string
		if d.text(n, one, &text) {
			out = append(out, strings.TrimSpace(text))
		}
	})
	return out
}

// answer reads the right answer: one of the choices, a decision to come, or an expression.
func (d *decoder) answer(n *yaml.Node, q *Question) {
	q.answerPos = d.file.Place(n)
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		d.fault(n, "write a choice, a CEL expression or "+factForms(), "answer must be text, this is %s", describe(n))
		return
	}
	for _, c := range q.Choices {
		if same(c, n.Value) {
			q.answer = literal(c)
			return
		}
	}
	if isFact(n.Value) {
		f, err := parseFact(n.Value)
		if err != nil {
			d.fault(n, "", "%s", err)
			return
		}
		q.answer = f
		return
	}
	if e := d.expression(n, "answer", `size(nodes("web"))`, false); e != nil {
		q.answer = computed{e}
	}
}

// same compares two texts as a person would: letter case, space around and
// between words and quotation marks do not matter, and numbers are compared as such.
func same(a, b string) bool {
	a, b = plainWords(a), plainWords(b)
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y && !math.IsNaN(x)
}

func plainWords(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "\"'`.")
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}
