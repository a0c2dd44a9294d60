package session

import (
	"reflect"
	"slices"

	"minisim/sim/trace"
)

// Difference is a place at which two runs part. The one that has nothing there has nil.
type Difference struct {
	At   int // how many were the same before
	A, B *trace.Record
}

// Comparison says how two runs differ; nil stands for not at all.
type Comparison struct {
	Record   *Difference // the first thing told that differs
	Decision *Difference // the first decision of a scheduler that differs
}

// Compare compares the records of two runs. Two are the same when the same was
// told of the same actor at the same virtual time. Passed over are what nobody is
// told (steps, heartbeats), what names places in the compose file, and the end.
func Compare(a, b []trace.Record) Comparison {
	isTold := func(r trace.Record) bool { return tells(r.Body) && !slices.Contains(beside, r.Body.Kind()) }
	isDecision := func(r trace.Record) bool { return r.Body.Kind() == "decision" }
	return Comparison{Record: first(a, b, isTold), Decision: first(a, b, isDecision)}
}

// beside are the kinds of records that say something of the file, not of the run.
var beside = []string{"translated", "note", "built", "end"}

// first finds the first of the chosen records that differs.
func first(a, b []trace.Record, chosen func(trace.Record) bool) *Difference {
	i, j := 0, 0
	for n := 0; ; n++ {
		x, y := next(a, &i, chosen), next(b, &j, chosen)
		if x == nil && y == nil {
			return nil
		}
		if x == nil || y == nil || x.Time != y.Time || x.Actor != y.Actor || !reflect.DeepEqual(x.Body, y.Body) {
			return &Difference{At: n, A: x, B: y}
		}
	}
}

func next(records []trace.Record, i *int, chosen func(trace.Record) bool) *trace.Record {
	for ; *i < len(records); *i++ {
		if chosen(records[*i]) {
			*i++
			return &records[*i-1]
		}
	}
	return nil
}
