// Package source reads one YAML file that a person wrote and remembers where everything in it stands, so that whatever
// is wrong with it can be said as "file:line:column: what; what to do". The compose room and the scenario room read
// the same file through it.
//
// What must not live here: any knowledge of what the keys mean. Nothing here looks at the network or the clock.
package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file. Line and Col count from 1, Col in characters; a Line of 0 means the file as a whole.
type Pos struct {
	File string
	Line int
	Col  int
}

// String is "file:line:col", or only "file" for the file as a whole.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Compare orders places by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// Diagnostic is one fault of a file: where it is, what it is, and, when we know, what to do about it.
type Diagnostic struct {
	Pos  Pos
	Msg  string
	Hint string
}

// Error is "file:line:col: msg; hint".
func (d Diagnostic) Error() string {
	text := d.Pos.String() + ": " + d.Msg
	if d.Hint != "" {
		text += "; " + d.Hint
	}
	return text
}

// Diagnostics are the faults of one or several files.
type Diagnostics []Diagnostic

// Error has one line per fault, in the order of their places.
func (ds Diagnostics) Error() string {
	lines := make([]string, 0, len(ds))
	for _, d := range ds.Sorted() {
		lines = append(lines, d.Error())
	}
	return strings.Join(lines, "\n")
}

// Sorted is a copy in the order of places, without repetitions.
func (ds Diagnostics) Sorted() Diagnostics {
	sorted := slices.Clone(ds)
	slices.SortStableFunc(sorted, func(a, b Diagnostic) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.Compact(sorted)
}

// Add appends one fault.
func (ds *Diagnostics) Add(pos Pos, hint, format string, args ...any) {
	*ds = append(*ds, Diagnostic{Pos: pos, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// Err is the sorted faults as an error, or nil when there are none.
func (ds Diagnostics) Err() error {
	if len(ds) == 0 {
		return nil
	}
	return ds.Sorted()
}
