package scenario

import (
	"errors"
	"fmt"
	"strings"

	"minisim/sim/api"
	"minisim/sim/cluster"
	"minisim/sim/trace"
)

// exam is the questions of a run, what was answered and what was right. Answers
// come from outside and decide nothing: the run and its hash are the same whatever they are.
type exam struct {
	given     map[string]string // by question
	items     []*item           // asked so far, in order
	decisions []cluster.Decision
}

// item is one question that was asked.
type item struct {
	*Question
	entry  int    // its index in the timeline
	posed  bool   // the step that asks is over and the right answer is waited for
	known  bool   // the right answer can be said: mark is queued
	truth  string // it, where it was read off a decision
	why    string // the decision that it was read off
	mark   *Mark  // nil: not marked yet
	closed bool   // the mark is that of a run that has ended without an answer
	judged bool   // it has had a mark; what is answered later would make another one of it in a replay
}

// Asked is the record of a question.
type Asked struct {
	ID       string   `json:"id"`
	Question string   `json:"question"` // Markdown
	Choices  []string `json:"choices,omitempty"`
	Points   int64    `json:"points"`
}

// Kind is "ask".
func (Asked) Kind() string { return "ask" }

// Tell gives the question and its choices.
func (a Asked) Tell() string {
	s := "question " + a.ID + ": " + Plain(a.Question)
	for i, c := range a.Choices {
		s += fmt.Sprintf("\n%d. %s", i+1, c)
	}
	return s
}

// Tone makes it stand out.
func (Asked) Tone() trace.Tone { return trace.Loud }

// Mark is the record of a question that has been marked.
type Mark struct {
	ID          string `json:"id"`
	Question    string `json:"question"`
	Answered    bool   `json:"answered"`
	Answer      string `json:"answer,omitempty"`
	Right       string `json:"right,omitempty"` // the right answer
	Correct     bool   `json:"correct"`
	Points      int64  `json:"points"`
	Of          int64  `json:"of"`
	Explanation string `json:"explanation,omitempty"` // Markdown
	Why         string `json:"why,omitempty"`         // the decision in a sentence
	Error       string `json:"error,omitempty"`       // why it cannot be marked
}

// Kind is "mark".
func (Mark) Kind() string { return "mark" }

// Tell gives the right answer and what is to be learned from it.
func (m Mark) Tell() string {
	s := "question " + m.ID + ": "
	switch {
	case m.Error != "":
		return s + "cannot be marked: " + m.Error
	case m.Correct:
		s += fmt.Sprintf("%s is right, %d of %d points", m.Answer, m.Points, m.Of)
	case m.Answered:
		s += fmt.Sprintf("%s is not right: it is %s. %d of %d points", m.Answer, m.Right, m.Points, m.Of)
	default:
		s += "the right answer is " + m.Right
	}
	s += "."
	if m.Explanation != "" {
		s += " " + Plain(m.Explanation)
	}
	if m.Why != "" {
		s += "\n" + m.Why
	}
	return s
}

// Tone is good or bad for an answer.
func (m Mark) Tone() trace.Tone {
	if !m.Answered {
		return trace.Loud
	}
	return tone(m.Correct)
}

// Answer notes what somebody answers to a question, by its id. It may be changed
// until the question is marked. The error says what may be answered.
func (r *Runner) Answer(id, text string) error {
	for i := range r.Scenario.Timeline {
		q := r.Scenario.Timeline[i].Ask
		if q == nil || q.ID != id {
			continue
		}
		if it := r.exam.item(i); it != nil && (it.known || it.judged) {
			return fmt.Errorf("question %s is decided already", id)
		}
		answer, err := q.Understand(text)
		if err == nil {
			r.exam.given[id] = answer
		}
		return err
	}
	return fmt.Errorf("there is no question %q", shorten(id))
}

// Open are the questions that have been asked and can still be answered, in the order in which they were.
func (r *Runner) Open() []*Question {
	var out []*Question
	for _, it := range r.exam.items {
		if !it.known && !it.judged {
			out = append(out, it.Question)
		}
	}
	return out
}

// Given is what was answered to a question, by its id; "" if nothing was.
func (r *Runner) Given(id string) string { return r.exam.given[id] }

// Marks are those given so far, in the order of the questions.
func (r *Runner) Marks() []Mark {
	var out []Mark
	for _, it := range r.exam.items {
		if it.mark != nil {
			out = append(out, *it.mark)
		}
	}
	return out
}

// Questions are all that a scenario asks, in the order of the file.
func (s *Scenario) Questions() []*Question {
	var out []*Question
	for _, e := range s.Timeline {
		if e.Ask != nil {
			out = append(out, e.Ask)
		}
	}
	return out
}

// Mark gives the mark for an answer to a question that a run has marked already.
// An empty answer is none.
func (q *Question) Mark(m Mark, answer string) Mark {
	m.Answer, m.Answered = answer, answer != ""
	m.Points, m.Correct = 0, false
	if m.Error == "" && m.Answered && right(answer, m.Right) {
		m.Points, m.Correct = m.Of, true
	}
	return m
}

// prepare begins to listen to the scheduler if a question is about its decisions.
func (x *exam) prepare(r *Runner) {
	x.given = map[string]string{}
	for _, q := range r.Scenario.Questions() {
		if _, ok := q.answer.(*fact); ok {
			r.Cluster.Trace.Subscribe(func(rec trace.Record) {
				if d, ok := rec.Body.(cluster.Decision); ok {
					x.decisions = append(x.decisions, d)
				}
			})
			return
		}
	}
}

func (x *exam) item(entry int) *item {
	for _, it := range x.items {
		if it.entry == entry {
			return it
		}
	}
	return nil
}

// ask puts the question of an entry.
func (x *exam) ask(r *Runner, entry int) {
	q := r.Scenario.Timeline[entry].Ask
	x.items = append(x.items, &item{Question: q, entry: entry})
	r.Cluster.Trace.Then(Asked{ID: q.ID, Question: q.Text, Choices: q.Choices, Points: q.Points})
}

// wait begins to wait for the right answer to the question of an entry.
func (x *exam) wait(r *Runner, entry int) {
	it := x.item(entry)
	it.posed = true
	if _, ok := it.answer.(*fact); ok || it.when != nil {
		return // follow finds out
	}
	r.queued++
	r.Cluster.Engine.After(it.after, r.work(markWork, entry))
}

// follow looks whether a question that waits can be answered now.
func (x *exam) follow(r *Runner) {
	for _, it := range x.items {
		if !it.posed || it.known {
			continue
		}
		switch a := it.answer.(type) {
		case *fact:
			x.readOff(r, it, a)
		default:
			if it.when != nil { // else mark comes at its time
				it.known, _ = it.when.Holds()
			}
		}
		if it.known {
			r.queued++
			r.Cluster.Engine.After(0, r.work(markWork, it.entry))
		}
	}
	x.decisions = x.decisions[:0]
}

// readOff looks for the fact in the decisions of the step.
func (x *exam) readOff(r *Runner, it *item, f *fact) {
	for _, d := range x.decisions {
		pod := r.View.get(api.Pods, api.ParseKey(d.Pod))
		if pod == nil || pod.GetLabels()[appLabel] != f.service {
			continue
		}
		text, err := f.form.read(d, f.node)
		if err != nil {
			it.why = err.Error()
			continue
		}
		it.truth, it.known, it.why = text, true, d.Sentence()
		return
	}
}

// mark marks the question of an entry.
func (r *Runner) mark(entry int) {
	it := r.exam.item(entry)
	text, err := it.truth, error(nil)
	switch a := it.answer.(type) {
	case literal:
		text = string(a)
	case computed:
		var value any
		if value, err = a.Value(); err == nil {
			text = truth(value)
		}
	}
	it.known = true
	r.judge(it, text, err)
}

// judge gives the mark for a question whose right answer is text, or cannot be said.
func (r *Runner) judge(it *item, text string, err error) {
	q := it.Question
	m := Mark{ID: q.ID, Question: q.Text, Right: text, Of: q.Points, Explanation: q.Explanation, Why: it.why}
	if err != nil {
		m.Of, m.Right, m.Error = 0, "", err.Error()
	}
	m = q.Mark(m, r.exam.given[q.ID])
	it.mark, it.judged = &m, true
	r.Cluster.Trace.Add(m)
}

var errUndecided = errors.New("what it asks about has not happened")

// close marks what can no longer be decided.
func (x *exam) close(r *Runner) {
	for _, it := range x.items {
		if it.mark == nil {
			err := errUndecided
			if it.why != "" {
				err = errors.New(strings.TrimSuffix(it.why, "."))
			}
			r.judge(it, "", err)
			it.closed = true
		}
	}
}

// reopen takes back the marks that close gave.
func (x *exam) reopen() {
	for _, it := range x.items {
		if it.closed {
			it.mark, it.closed = nil, false
		}
	}
}

// score is the points for right answers and how many there were to earn; both 0 when nobody has answered.
func (x *exam) score() (points, of int64) {
	answered := false
	for _, it := range x.items {
		if it.mark != nil {
			points += it.mark.Points
			of += it.mark.Of
			answered = answered || it.mark.Answered
		}
	}
	if !answered {
		return 0, 0
	}
	return points, of
}
