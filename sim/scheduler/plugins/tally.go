package plugins

import (
	"slices"

	"minisim/sim/scheduler/framework"
)

// tally sums something by topology domain, for any number of topology keys.
type tally struct {
	rows []tallyRow
	// entries counts what was added less what was taken away, whatever its
	// weight; 0 means that nothing contributes.
	entries int64
	// touched are the domains whose sums have changed since drain; all says
	// that entries has come from 0 or gone to it.
	touched []touchedDomain
	all     bool
}

// touchedDomain is a domain whose sum has changed.
type touchedDomain struct {
	topology *framework.Topology
	domain   int
}

type tallyRow struct {
	topology *framework.Topology
	sums     []int64 // by domain
}

// add adds amount, counting as entries (±1 normally), to the domain of a node;
// a node without the key is in no domain.
func (t *tally) add(view *framework.Snapshot, key string, node *framework.NodeInfo, amount, entries int64) {
	row := t.row(view, key)
	if domain := row.topology.Of(node); domain >= 0 {
		row.sums[domain] += amount
		before := t.entries
		t.entries += entries
		t.all = t.all || (before == 0) != (t.entries == 0)
		t.touched = append(t.touched, touchedDomain{row.topology, domain})
	}
}

// drain calls mark for every node in a domain whose sum has changed since it
// was last called.
func (t *tally) drain(mark func(node int)) {
	for _, d := range t.touched {
		for _, node := range d.topology.Members(d.domain) {
			mark(node)
		}
	}
	t.settle()
}

// settle forgets what has changed.
func (t *tally) settle() { t.touched, t.all = t.touched[:0], false }

func (t *tally) row(view *framework.Snapshot, key string) *tallyRow {
	for i := range t.rows {
		if t.rows[i].topology.Key == key {
			return &t.rows[i]
		}
	}
	topology := view.Topology(key)
	t.rows = append(t.rows, tallyRow{topology, make([]int64, topology.Domains)})
	return &t.rows[len(t.rows)-1]
}

// at returns the sum for a node's domain under a key, and whether the node has
// the key.
func (t *tally) at(view *framework.Snapshot, key string, node *framework.NodeInfo) (int64, bool) {
	row := t.row(view, key)
	domain := row.topology.Of(node)
	if domain < 0 {
		return 0, false
	}
	return row.sums[domain], true
}

// total is the sum over all keys of a node's domains.
func (t *tally) total(node *framework.NodeInfo) int64 {
	var sum int64
	for i := range t.rows {
		if domain := t.rows[i].topology.Of(node); domain >= 0 {
			sum += t.rows[i].sums[domain]
		}
	}
	return sum
}

// positive reports whether some domain of a node has a sum above 0, and under
// which key.
func (t *tally) positive(node *framework.NodeInfo) (key string, found bool) {
	for i := range t.rows {
		if domain := t.rows[i].topology.Of(node); domain >= 0 && t.rows[i].sums[domain] > 0 {
			return t.rows[i].topology.Key, true
		}
	}
	return "", false
}

func (t *tally) clone() tally {
	c := tally{rows: slices.Clone(t.rows), entries: t.entries}
	for i := range c.rows {
		c.rows[i].sums = slices.Clone(c.rows[i].sums)
	}
	return c
}
