package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

// TestUntilWay has a cluster tell long lines before it is ready, or never become ready.
func TestUntilWay(t *testing.T) {
	long := strings.Repeat("x", 1<<20) + "\n"
	way := wayMark + "/c1\n"
	for name, c := range map[string]struct{ told, way, passed string }{
		"ready":             {"a\n" + way + "b\n", way, "a\n"},
		"after a long line": {long + way, way, long},
		"ended":             {"a\nb", "", "a\nb"},
		"cut off":           {wayMark + "/c", "", wayMark + "/c"},
	} {
		var passed bytes.Buffer
		if got := untilWay(bufio.NewReader(strings.NewReader(c.told)), &passed); got != c.way || passed.String() != c.passed {
			t.Errorf("%s: the way is %.40q after %d bytes, want %.40q after %d", name, got, passed.Len(), c.way, len(c.passed))
		}
	}
}
