package session

import (
	"cmp"
	"slices"

	"minisim/sim/trace"
)

// window keeps the newest records.
type window struct {
	keep    int
	records []trace.Record // between keep and twice as many, in their order
}

func (w *window) add(r trace.Record) {
	if len(w.records) >= 2*w.keep {
		n := copy(w.records, w.records[len(w.records)-w.keep:])
		clear(w.records[n:])
		w.records = w.records[:n]
	}
	w.records = append(w.records, r)
}

// steps gives the records of the steps from to to, both included.
func (w *window) steps(from, to uint64) []trace.Record {
	byStep := func(r trace.Record, step uint64) int { return cmp.Compare(r.Step, step) }
	lo, _ := slices.BinarySearchFunc(w.records, from, byStep)
	hi := len(w.records)
	if to+1 > to {
		hi, _ = slices.BinarySearchFunc(w.records, to+1, byStep)
	}
	return slices.Clone(w.records[lo:max(lo, hi)])
}
