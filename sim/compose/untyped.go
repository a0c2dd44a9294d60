package compose

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Helpers over decoded YAML: each gives the empty value when the shape is another one, because the schema check has
// already complained about that.

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// text is a string, or "".
func text(v any) string {
	s, _ := v.(string)
	return s
}

// texts is a list of strings, also when only one was written.
func texts(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var all []string
	for _, item := range list(v) {
		if s, ok := item.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// names are the keys of a mapping, or the items of a list that stands for one.
func names(v any) []string {
	if m := mapping(v); m != nil {
		return slices.Sorted(maps.Keys(m))
	}
	return texts(v)
}

// sorted ranges over a map in the order of its keys.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

func index(i int) string { return strconv.Itoa(i) }

// below is a path one or more steps further down, never sharing memory with the one above.
func below(path []string, parts ...string) []string {
	return append(slices.Clone(path), parts...)
}

// oneLine makes an error fit on one line.
func oneLine(err error) string {
	return strings.Join(strings.Fields(fmt.Sprint(err)), " ")
}
