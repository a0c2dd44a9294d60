package plugins

import (
	"slices"

	"minisim/sim/scheduler/framework"
)

// domainCounts counts pods by topology domain and always knows the lowest
// count, so that a change of one pod costs the same in a small and in a large
// cluster.
type domainCounts struct {
	topology *framework.Topology
	counts   []int64
	// eligible marks the domains that have a node whose pods count.
	eligible []bool
	domains  int           // number of eligible domains
	at       map[int64]int // number of eligible domains by count
	low      int64         // lowest count of an eligible domain
}

func newDomainCounts(t *framework.Topology) *domainCounts {
	return &domainCounts{topology: t, counts: make([]int64, t.Domains), eligible: make([]bool, t.Domains), at: make(map[int64]int)}
}

// include makes a domain eligible.
func (d *domainCounts) include(domain int) {
	if d.eligible[domain] {
		return
	}
	d.eligible[domain] = true
	d.domains++
	d.at[d.counts[domain]]++
	if d.domains == 1 || d.counts[domain] < d.low {
		d.low = d.counts[domain]
	}
}

// add changes an eligible domain's count by delta.
func (d *domainCounts) add(domain int, delta int64) {
	was := d.counts[domain]
	now := was + delta
	d.counts[domain] = now
	if d.at[was]--; d.at[was] == 0 {
		delete(d.at, was)
	}
	d.at[now]++
	if now < d.low {
		d.low = now
	}
	for d.at[d.low] == 0 {
		d.low++
	}
}

func (d *domainCounts) clone() *domainCounts {
	c := *d
	c.counts = slices.Clone(d.counts)
	c.eligible = slices.Clone(d.eligible)
	c.at = make(map[int64]int, len(d.at))
	for count, n := range d.at {
		c.at[count] = n
	}
	return &c
}
