package controller

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// indexSet is a set of completion indexes: spans in ascending order that neither
// overlap nor touch. A Job may have 100,000 indexes, and its status holds them as spans.
type indexSet []indexSpan

// indexSpan are the indexes from first to last, both included.
type indexSpan struct{ first, last int }

// parseIndexes reads what String writes, for example "0-2,5". Indexes from limit on
// and what cannot be understood are left out.
func parseIndexes(text string, limit int) indexSet {
	var spans []indexSpan
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err == nil && err2 == nil && first < limit {
			spans = append(spans, indexSpan{first, min(last, limit-1)})
		}
	}
	return indexSet(nil).with(spans...)
}

// with is the union of the set and some spans.
func (s indexSet) with(more ...indexSpan) indexSet {
	spans := slices.Concat(s, more)
	slices.SortFunc(spans, func(a, b indexSpan) int { return cmp.Compare(a.first, b.first) })
	var out indexSet
	for _, next := range spans {
		if n := len(out); n > 0 && next.first <= out[n-1].last+1 {
			out[n-1].last = max(out[n-1].last, next.last)
			continue
		}
		out = append(out, next)
	}
	return out
}

// has says whether an index is in the set.
func (s indexSet) has(index int) bool {
	_, found := slices.BinarySearchFunc(s, index, func(span indexSpan, index int) int {
		switch {
		case span.last < index:
			return -1
		case span.first > index:
			return 1
		}
		return 0
	})
	return found
}

// len is how many indexes are in the set.
func (s indexSet) len() int {
	n := 0
	for _, span := range s {
		n += span.last - span.first + 1
	}
	return n
}

// missing are the n lowest indexes below limit that are not in the set.
func (s indexSet) missing(n, limit int) []int {
	var out []int
	next := 0
	for _, span := range append(slices.Clip(s), indexSpan{limit, limit}) {
		for ; next < min(span.first, limit) && len(out) < n; next++ {
			out = append(out, next)
		}
		next = max(next, span.last+1)
	}
	return out
}

// String writes the set as the status of a Job has it: spans of three and more as "0-2".
func (s indexSet) String() string {
	var parts []string
	for _, span := range s {
		first, last := strconv.Itoa(span.first), strconv.Itoa(span.last)
		switch {
		case span.first == span.last:
			parts = append(parts, first)
		case span.first+1 == span.last:
			parts = append(parts, first, last)
		default:
			parts = append(parts, first+"-"+last)
		}
	}
	return strings.Join(parts, ",")
}

// indexesOf is the set of some indexes, given in any order.
func indexesOf(indexes ...int) indexSet {
	spans := make([]indexSpan, len(indexes))
	for i, n := range indexes {
		spans[i] = indexSpan{n, n}
	}
	return indexSet(nil).with(spans...)
}

// common is how many indexes are in both sets.
func (s indexSet) common(other indexSet) int {
	return s.len() + other.len() - s.with(other...).len()
}
