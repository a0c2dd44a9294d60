package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// line is what every line of `-o json` has.
type line struct {
	ID, Step, Cause uint64
	Time            *float64
	Actor, Kind     string
	Request         struct{ Verb, Resource, Key, Subresource string }
	Pod             struct{ Pod, Did string }
	Reconcile       struct{ Resource, Key string }
	Translated      struct{ Service string }
}

// jsonTrace runs a scenario with -o json and checks each line against the schema of docs/trace.md.
func jsonTrace(t *testing.T, name string) []line {
	t.Helper()
	out, stderr, code := invoke(t, "", "run", name, "-o", "json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var lines []line
	for i, text := range strings.Split(strings.TrimSpace(out), "\n") {
		var l line
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("line %d: %v: %s", i+1, err, text)
		}
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			t.Fatal(err)
		}
		if l.ID != uint64(i+1) || l.Time == nil || l.Actor == "" || l.Kind == "" || fields[l.Kind] == nil || l.Cause >= l.ID {
			t.Fatalf("line %d does not follow the schema: %s", i+1, text)
		}
		if i > 0 && (*l.Time < *lines[i-1].Time || l.Step < lines[i-1].Step) {
			t.Fatalf("line %d goes back in time: %s", i+1, text)
		}
		lines = append(lines, l)
	}
	return lines
}

// TestCausesLeadBackToTheComposeFile follows the causes of a ready pod:
// compose service → Deployment → ReplicaSet → pod → binding → running.
func TestCausesLeadBackToTheComposeFile(t *testing.T) {
	lines := jsonTrace(t, "hello")
	var chain []string
	for _, l := range lines {
		if l.Pod.Did == "ready" && strings.HasPrefix(l.Pod.Pod, "default/hello-") {
			for l.Cause != 0 {
				chain = append(chain, fmt.Sprint(l.Kind, " ", l.Request.Verb, l.Request.Resource, l.Request.Subresource, l.Reconcile.Resource, l.Translated.Service))
				l = lines[l.Cause-1]
			}
			chain = append(chain, fmt.Sprint(l.Kind, " ", l.Translated.Service))
			break
		}
	}
	slices.Reverse(chain)
	next := 0
	for _, want := range []string{"translated hello", "request createdeployments.apps", "request createreplicasets.apps", "request createpods", "request createpodsbinding", "pod"} {
		i := slices.IndexFunc(chain[next:], func(s string) bool { return strings.HasPrefix(s, want) })
		if i < 0 {
			t.Fatalf("no %q in its place in the chain:\n%s", want, strings.Join(chain, "\n"))
		}
		next += i + 1
	}
}
