package tui

import (
	"strings"

	"minisim/sim/trace"
)

// tape keeps of the account what the screen shows again and again: the lines
// that were told, who has worked since the step before, the last request, which
// pods pull an image. The player's goroutine uses it.
type tape struct {
	lines   []Line
	told    int          // lines in all
	read    int          // characters of narration in all
	last    trace.Record // the last that was told
	worked  map[string]bool
	request *trace.Record // the last since mark that wrote something or was refused

	requestTold bool // it is told of, not only murmured
	pulling     map[string]bool
}

// tapeLength is how many lines can be scrolled back to.
const tapeLength = 5000

func newTape() *tape { return &tape{worked: map[string]bool{}, pulling: map[string]bool{}} }

// mark begins a step: what worked before is over.
func (t *tape) mark() {
	clear(t.worked)
	t.request, t.requestTold = nil, false
}

// rewound makes a tape of the records of a run that has been wound back, and
// stands after them.
func rewound(records []trace.Record, step uint64) *tape {
	t := newTape()
	for i, r := range records {
		if r.Step == step && (i == 0 || records[i-1].Step != step) {
			t.mark()
		}
		t.record(r)
	}
	return t
}

// record is the trace's sink.
func (t *tape) record(r trace.Record) {
	t.worked[r.Actor] = true
	kind := r.Body.Kind()
	teller, ok := r.Body.(trace.Teller)
	if !ok {
		return
	}
	sentence := teller.Tell()
	switch kind {
	case "request":
		t.asked(r, sentence != "")
	case "pod":
		var p podBody
		if read(r.Body, kind, &p) {
			t.pod(p)
		}
	}
	if sentence == "" {
		return
	}
	t.last = r
	t.told++
	if kind == "say" || kind == "mark" {
		t.read += len(sentence)
	}
	if len(t.lines) >= 2*tapeLength {
		t.lines = append([]Line(nil), t.lines[tapeLength:]...)
	}
	t.lines = append(t.lines, lineOf(r, sentence))
}

// asked notes a request. A heartbeat or a report does not take the place of one
// that is told.
func (t *tape) asked(r trace.Record, told bool) {
	m, ok := r.Body.(trace.Murmurer)
	if told || !t.requestTold && ok && m.Murmur() != "" {
		t.request, t.requestTold = &r, told
	}
}

// pod notes which pods are pulling an image, which the API does not say.
func (t *tape) pod(p podBody) {
	switch p.Did {
	case "pull":
		t.pulling[p.Pod] = true
	case "start", "backoff", "stop", "forgot", "reject":
		delete(t.pulling, p.Pod)
	}
}

func lineOf(r trace.Record, sentence string) Line {
	l := Line{ID: r.ID, Step: r.Step, Time: r.Time, Actor: r.Actor, Text: sentence}
	if b, ok := r.Body.(trace.Toned); ok {
		l.Tone = Tone(b.Tone())
	}
	return l
}

// sentence is what a record says: what it tells, else what it murmurs, else its kind.
func sentence(b trace.Body) string {
	if w, ok := trace.StepWork(b); ok {
		return strings.TrimSpace(w.Kind + " " + w.Key)
	}
	if t, ok := b.(trace.Teller); ok {
		if s := t.Tell(); s != "" {
			return s
		}
	}
	if m, ok := b.(trace.Murmurer); ok {
		if s := m.Murmur(); s != "" {
			return s
		}
	}
	return b.Kind()
}
