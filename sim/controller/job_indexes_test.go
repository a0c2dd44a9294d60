package controller

import (
	"fmt"
	"testing"
)

func TestIndexSet(t *testing.T) {
	for _, c := range []struct {
		text    string
		limit   int
		more    []int
		want    string
		len     int
		missing string // three of them
	}{
		{"", 5, nil, "", 0, "[0 1 2]"},
		{"", 5, []int{4, 0, 2, 1, 2}, "0-2,4", 4, "[3]"},
		{"0-2,4", 10, []int{3}, "0-4", 5, "[5 6 7]"},
		{"0,1", 10, nil, "0,1", 2, "[2 3 4]"},
		{"1,3-5,7", 8, []int{6}, "1,3-7", 6, "[0 2]"},
		{"0-9", 5, nil, "0-4", 5, "[]"}, // the Job was made smaller
		{"7", 5, nil, "", 0, "[0 1 2]"},
		{"2,x,4-y,3", 9, nil, "2,3", 2, "[0 1 4]"},
	} {
		s := parseIndexes(c.text, c.limit).with(indexesOf(c.more...)...)
		if got := s.String(); got != c.want || s.len() != c.len || fmt.Sprint(s.missing(3, c.limit)) != c.missing {
			t.Errorf("%q and %v: got %q, %d, without %v; want %q, %d, without %s", c.text, c.more, got, s.len(), s.missing(3, c.limit), c.want, c.len, c.missing)
		}
		for n := range c.limit {
			if grows := s.with(indexesOf(n)...).len() > s.len(); s.has(n) == grows {
				t.Errorf("%q: has %d is %v", c.want, n, s.has(n))
			}
		}
	}
}
