package scenario

import (
	"fmt"
	"strings"
	"time"

	"minisim/sim/trace"
)

// Translated is the record of a compose service that became Kubernetes objects.
type Translated struct {
	Service string   `json:"service"`
	Place   string   `json:"place"` // file:line:column
	Objects []string `json:"objects"`
}

// Kind is "translated".
func (Translated) Kind() string { return "translated" }

// Tell says what became what.
func (t Translated) Tell() string {
	return fmt.Sprintf("compose service %s (%s) becomes %s", t.Service, t.Place, strings.Join(t.Objects, ", "))
}

// Noted is the record of a key of the compose file whose meaning has changed or is lost on the way to Kubernetes.
type Noted struct {
	Place      string `json:"place"`
	Path       string `json:"path"`
	Level      string `json:"level"` // kept, changed, lost
	Compose    string `json:"compose,omitempty"`
	Kubernetes string `json:"kubernetes,omitempty"`
	Do         string `json:"do,omitempty"`
}

// Kind is "note".
func (Noted) Kind() string { return "note" }

// Tell gives the note, unless all was kept.
func (n Noted) Tell() string {
	if n.Level == "kept" {
		return ""
	}
	parts := []string{}
	for _, p := range []string{n.Compose, n.Kubernetes, n.Do} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return fmt.Sprintf("%s (%s, %s): %s", n.Path, n.Level, n.Place, strings.Join(parts, "; "))
}

// Built is the record of an image that `build:` made.
type Built struct {
	Service string `json:"service"`
	Image   string `json:"image"`
	Context string `json:"context"`
}

// Kind is "built".
func (Built) Kind() string { return "built" }

// Tell says where the image is now.
func (b Built) Tell() string {
	return fmt.Sprintf("builds %s from %s and pushes it to the registry that the nodes pull from", b.Image, b.Context)
}

// Resumed is the record of a durable cluster that carries on from an earlier run.
type Resumed struct {
	At      time.Duration `json:"atNs"`              // where the clock goes on
	Skipped []string      `json:"skipped,omitempty"` // entries of the timeline that lie before it
}

// Kind is "resumed".
func (Resumed) Kind() string { return "resumed" }

// Tell says what is not done again.
func (r Resumed) Tell() string {
	s := fmt.Sprintf("the data folder has a cluster: carries on at %.3fs, with all machines on", r.At.Seconds())
	if len(r.Skipped) > 0 {
		s += "; what the timeline planned before that time is not done again: " + strings.Join(r.Skipped, ", ")
	}
	return s
}

// Said is the record of the narration.
type Said struct {
	Text string `json:"text"` // Markdown
}

// Kind is "say".
func (Said) Kind() string { return "say" }

// Tell gives the text without its markup.
func (s Said) Tell() string { return Plain(s.Text) }

// Tone makes it stand out.
func (Said) Tone() trace.Tone { return trace.Loud }

// Did is the record of a command that is carried out, or that failed.
type Did struct {
	Text  string `json:"text"`
	Error string `json:"error,omitempty"`
}

// Kind is "verb".
func (Did) Kind() string { return "verb" }

// Tell gives the command.
func (d Did) Tell() string {
	if d.Error != "" {
		return d.Text + " failed: " + d.Error
	}
	return "$ " + d.Text
}

// Tone makes it stand out.
func (d Did) Tone() trace.Tone {
	if d.Error != "" {
		return trace.Bad
	}
	return trace.Loud
}

// Verdict is the record of an expectation that has been decided.
type Verdict struct {
	Place   string `json:"place,omitempty"`
	Expect  string `json:"expect"`
	Held    bool   `json:"held"`
	Because string `json:"because,omitempty"`
	Error   string `json:"error,omitempty"`

	At time.Duration `json:"atNs"` // virtual time of the verdict
}

// Kind is "verdict".
func (Verdict) Kind() string { return "verdict" }

// Tell says whether it held.
func (v Verdict) Tell() string {
	s := "expected " + v.Expect
	if v.Held {
		s += ": holds"
	} else {
		s += ": DOES NOT HOLD"
	}
	if v.Error != "" {
		s += " (" + v.Error + ")"
	}
	if v.Because != "" {
		s += ". " + Plain(v.Because)
	}
	return s
}

// Tone is good or bad.
func (v Verdict) Tone() trace.Tone { return tone(v.Held) }

func tone(good bool) trace.Tone {
	if good {
		return trace.Good
	}
	return trace.Bad
}

// Missed is the record of an entry of the timeline that was never played,
// because its condition has never become true.
type Missed struct {
	Place string `json:"place"`
	When  string `json:"when"`
}

// Kind is "missed".
func (Missed) Kind() string { return "missed" }

// Tell says so.
func (m Missed) Tell() string {
	return fmt.Sprintf("the entry of the timeline at %s was never played: its condition has never become true: %s", m.Place, m.When)
}

// End is the record of the end of a run.
type End struct {
	Reason   string        `json:"reason"`
	Time     time.Duration `json:"timeNs"` // virtual
	Steps    uint64        `json:"steps"`
	Hash     string        `json:"hash"`
	Held     int           `json:"held"`             // expectations that held
	Failed   int           `json:"failed"`           // expectations that did not
	Failures int           `json:"failures"`         // commands that failed
	Points   int64         `json:"points,omitempty"` // for right answers …
	Of       int64         `json:"of,omitempty"`     // … of so many

	Verdicts []Verdict  `json:"verdicts"` // in the order in which they were given
	Services []Standing `json:"services"` // how the compose services stand
}

// Kind is "end".
func (End) Kind() string { return "end" }

// OK says whether the run was a success.
func (e End) OK() bool { return e.Failed == 0 && e.Failures == 0 }

// Tone is good or bad.
func (e End) Tone() trace.Tone { return tone(e.OK()) }

// Tell sums the run up: why it ended, each expectation with its verdict,
// each service that has not all it wants, the hash.
func (e End) Tell() string {
	s := fmt.Sprintf("end of the run at %s of virtual time, %d steps; %s. ", trace.Span(e.Time), e.Steps, e.Reason)
	switch {
	case e.Held+e.Failed == 0:
		s += "Nothing was expected"
	case e.Failed == 0 && e.Held == 1:
		s += "The one expectation held"
	case e.Failed == 0:
		s += fmt.Sprintf("All %d expectations held", e.Held)
	case e.Held+e.Failed == 1:
		s += "The one expectation did not hold"
	default:
		s += fmt.Sprintf("%d of %d expectations did not hold", e.Failed, e.Held+e.Failed)
	}
	if e.Failures > 0 {
		s += "; " + count(int64(e.Failures), "command") + " failed"
	}
	if e.Of > 0 {
		s += fmt.Sprintf("; the answers earned %d of %d points", e.Points, e.Of)
	}
	s += "."
	for _, v := range e.Verdicts {
		held := "held"
		if !v.Held {
			held = "DID NOT HOLD"
		}
		s += fmt.Sprintf("\n- %s: %s (at %.3fs)", v.Expect, held, v.At.Seconds())
	}
	for _, t := range troubled(e.Services) {
		s += "\n- service " + t.String()
	}
	return s + "\nHash " + e.Hash
}
