package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"minisim/sim/engine"
)

type note struct {
	Text string `json:"text"`
}

func (note) Kind() string { return "note" }

// sentence is a record that says so much.
type sentence string

func (sentence) Kind() string   { return "sentence" }
func (s sentence) Tell() string { return string(s) }

func play(seed uint64, value string, sinks ...Sink) string {
	e := engine.New(engine.Config{Seed: seed})
	r := NewRecorder(e, []byte("input"))
	for _, s := range sinks {
		r.Subscribe(s)
	}
	e.Register("a", engine.ActorFunc(func(w engine.Work) {
		if w.Key == "first" {
			r.Then(note{"because"})
			e.After(1500*time.Millisecond, engine.Work{Actor: "a", Kind: "k", Key: "second"})
			r.Write("/registry/pods/default/x", []byte(value), 3)
			r.Request("admin", "create", "pods", "default/x", "created")
		}
	}))
	e.After(0, engine.Work{Actor: "a", Kind: "k", Key: "first"})
	for {
		if _, err := e.Step(); err != nil {
			return r.Hash()
		}
	}
}

func TestHashCoversWhatWasWrittenAndNotWhoLooked(t *testing.T) {
	plain := play(1, "v")
	if plain != play(1, "v", JSONLines(&bytes.Buffer{}, func(error) {})) {
		t.Error("looking at the run changed its hash")
	}
	if plain == play(1, "w") {
		t.Error("another write gave the same hash")
	}
}

func TestJSONLinesLinkCauses(t *testing.T) {
	var out bytes.Buffer
	play(1, "v", JSONLines(&out, func(err error) { t.Fatal(err) }))
	type line struct {
		ID, Cause, Step uint64
		Time            float64
		Kind            string
	}
	var got []line
	for _, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got = append(got, l)
	}
	if len(got) != 3 || got[1].Kind != "note" || got[2].Cause != got[1].ID || got[2].Time != 1.5 || got[2].Step != 2 {
		t.Errorf("records %+v", got)
	}
}

type brokenWriter struct{ calls int }

func (b *brokenWriter) Write([]byte) (int, error) { b.calls++; return 0, errors.New("disk full") }

func TestJSONLinesReportAnErrorOnce(t *testing.T) {
	w, failed := &brokenWriter{}, 0
	play(1, "v", JSONLines(w, func(error) { failed++ }))
	if failed != 1 || w.calls != 1 {
		t.Errorf("%d reports, %d writes", failed, w.calls)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", time.Second: "1", 60005 * time.Millisecond: "60.005", 1: "0.000000001", 50 * time.Millisecond: "0.05",
	} {
		if got := Seconds(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

// TestSpoken has a text that is read aloud say its arrows in words.
func TestSpoken(t *testing.T) {
	var out strings.Builder
	text := NewText(&out, func(err error) { t.Error(err) })
	text.Spoken = true
	text.Record(Record{Actor: "a", Body: sentence("wants 3, has 0 → create 3")})
	if got := out.String(); !strings.Contains(got, "has 0, then create 3") {
		t.Errorf("%q", got)
	}
}
