package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"minisim/sim/apiserver"
	"minisim/sim/etcdstore"
)

// counter is a store that counts what is written to it.
type counter struct {
	apiserver.Store
	tally
}

// tally is how much was written.
type tally struct {
	Writes       int            // objects
	Transactions int            // in which they were written
	Folders      map[string]int // objects by the folder of their resource ("pods", "events")
}

// Commit passes the commit on and counts it.
func (c *counter) Commit(ops ...etcdstore.Op) (int64, []etcdstore.Event, error) {
	revision, events, err := c.Store.Commit(ops...)
	if err == nil {
		c.Transactions++
		c.Writes += len(ops)
		for _, op := range ops {
			folder, _, _ := strings.Cut(strings.TrimPrefix(op.Key, etcdstore.DefaultPrefix), "/")
			c.Folders[folder]++
		}
	}
	return revision, events, err
}

// reset begins to count anew.
func (c *counter) reset() { c.tally = tally{Folders: map[string]int{}} }

// read is what was counted so far.
func (c *counter) read() tally {
	t := c.tally
	t.Folders = maps.Clone(t.Folders)
	return t
}

// perPod says what is written for one of n pods, the most frequent first.
func (t *tally) perPod(n int) string {
	folders := slices.SortedFunc(maps.Keys(t.Folders), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.Folders[b], t.Folders[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, f := range folders[:min(len(folders), 5)] {
		parts = append(parts, fmt.Sprintf("%s %.1f", f, float64(t.Folders[f])/float64(n)))
	}
	return strings.Join(parts, ", ")
}
