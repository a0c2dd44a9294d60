package session

import (
	"testing"
	"time"

	"minisim/sim/scenario"
	"minisim/sim/trace"
)

// TestDifferenceIn: what differs is named, unless two sentences are too unlike to be mistaken for one another.
func TestDifferenceIn(t *testing.T) {
	did := func(text string) trace.Body { return scenario.Did{Text: text} }
	at := func(at time.Duration, actor string, b trace.Body) *trace.Record {
		return &trace.Record{Time: at, Actor: actor, Body: b}
	}
	verdict := scenario.Verdict{Expect: "true", Held: true}
	later := verdict
	later.At, later.Place = 5, "a.yaml:3:1"
	for _, c := range []struct {
		name string
		a, b *trace.Record
		want string
	}{
		{"time", at(2613*time.Microsecond, "user", did("kill a")), at(2911*time.Microsecond, "user", did("kill a")), "the time (0.002613s, 0.002911s)"},
		{"time in ms", at(5*time.Millisecond, "user", did("kill a")), at(6*time.Millisecond, "user", did("kill a")), "the time (0.005s, 0.006s)"},
		{"generated name", at(1, "user", did("evict web-1, web-1 is full")), at(1, "user", did("evict web-2, web-2 is full")), "a word (web-1, web-2)"},
		{"machine", at(1, "kubelet worker-1", did("kill a")), at(1, "kubelet worker-2", did("kill a")), "who acts (kubelet worker-1, kubelet worker-2)"},
		{"word and time", at(1, "user", did("kill a")), at(2, "user", did("kill b")), "a word (a, b) and the time (0.000000001s, 0.000000002s)"},
		{"detail", at(1, "user", verdict), at(1, "user", later), "a detail, atNs"},
		{"other sentence", at(1, "user", did("kill node worker-2")), at(2, "user", did("scale web 3 now")), ""},
		{"nothing", at(1, "user", verdict), nil, ""},
	} {
		if got := (&Difference{A: c.a, B: c.b}).In(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
