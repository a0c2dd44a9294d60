package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"minisim/sim/trace"
)

// maxWords is how many words that differ are worth naming; beyond, one reads both sentences.
const maxWords = 3

// In names what differs, so that a reader who sees two sentences alike knows where to
// look: the time, who acts, single words such as generated names, or a detail that is not
// told. It is "" where one run has nothing, and where the sentences speak for themselves.
func (d *Difference) In() string {
	if d.A == nil || d.B == nil {
		return ""
	}
	in, alike := otherWords(sentence(d.A.Body), sentence(d.B.Body))
	if !alike {
		return ""
	}
	if d.A.Actor != d.B.Actor {
		in = append(in, fmt.Sprintf("who acts (%s, %s)", d.A.Actor, d.B.Actor))
	}
	if d.A.Time != d.B.Time {
		a, b := unlike(d.A.Time, d.B.Time)
		in = append(in, fmt.Sprintf("the time (%s, %s)", a, b))
	}
	if len(in) == 0 {
		in = append(in, otherField(d.A.Body, d.B.Body))
	}
	return strings.Join(in, " and ")
}

func sentence(b trace.Body) string {
	if t, ok := b.(trace.Teller); ok {
		return t.Tell()
	}
	return ""
}

// otherWords are the few words in which two sentences differ; false if they differ in more than that.
func otherWords(a, b string) (words []string, alike bool) {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return nil, false
	}
	for i := range x {
		pair := fmt.Sprintf("a word (%s, %s)", strings.Trim(x[i], ",;:."), strings.Trim(y[i], ",;:."))
		if x[i] != y[i] && !slices.Contains(words, pair) {
			words = append(words, pair)
		}
	}
	return words, len(words) <= maxWords
}

// unlike writes two times with as many digits as it takes to tell them apart.
func unlike(a, b time.Duration) (string, string) {
	for _, unit := range []time.Duration{time.Millisecond, time.Microsecond} {
		if x, y := a.Round(unit), b.Round(unit); x != y {
			return trace.Seconds(x) + "s", trace.Seconds(y) + "s"
		}
	}
	return trace.Seconds(a) + "s", trace.Seconds(b) + "s"
}

// otherField names the first field of two records, in the schema of -o json, that differs.
func otherField(a, b trace.Body) string {
	if a.Kind() != b.Kind() {
		return fmt.Sprintf("the kind of record (%s, %s)", a.Kind(), b.Kind())
	}
	x, y := fieldsOf(a), fieldsOf(b)
	names := slices.Sorted(maps.Keys(x))
	for name := range y {
		if _, both := x[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if !bytes.Equal(x[name], y[name]) {
			return "a detail, " + name
		}
	}
	return "a detail"
}

func fieldsOf(b trace.Body) (fields map[string]json.RawMessage) {
	text, err := json.Marshal(b)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		return nil
	}
	return fields
}
