package framework

import "slices"

// Epoch counts changes of one sort, so that a cached result can tell whether
// what it was made from still holds.
type Epoch int

const (
	// EpochMembers grows when a node comes or goes.
	EpochMembers Epoch = iota
	// EpochNodes grows when a node comes, goes, or changes labels or taints.
	EpochNodes
	// EpochImages grows when the spread of an image over nodes changes.
	EpochImages
	// EpochWorkloads grows when namespaces, services or owners of pods change.
	EpochWorkloads
	// EpochStorage grows when claims, volumes, classes or CSI objects change.
	EpochStorage
	// EpochNominations grows when a pod's nominated node changes.
	EpochNominations
	epochKinds
)

// Epoch returns the count of changes of one sort.
func (s *Snapshot) Epoch(e Epoch) uint64 { return s.epochs[e] }

func (s *Snapshot) bump(e Epoch) { s.epochs[e]++ }

// Change is one change of a node: a pod that came (Delta 1) or went (−1), or
// the node object itself (no pod).
type Change struct {
	Node  *NodeInfo
	Pod   *PodInfo
	Delta int64
}

// logLimit bounds the change log, which holds on to pods as they were. A reader that
// falls further behind looks at all nodes again, which costs it hardly more by then.
const logLimit = 1024

// changeLog is the tail of all changes, by an ever growing position.
type changeLog struct {
	base    uint64
	entries []Change
}

func (l *changeLog) add(c Change) {
	if len(l.entries) >= 2*logLimit {
		drop := len(l.entries) - logLimit
		l.entries = slices.Delete(l.entries, 0, drop)
		l.base += uint64(drop)
	}
	l.entries = append(l.entries, c)
}

// Changes returns the changes since a position and the position to ask from
// next time; ok is false when they are no longer all known.
func (s *Snapshot) Changes(since uint64) (changes []Change, next uint64, ok bool) {
	next = s.log.base + uint64(len(s.log.entries))
	if since < s.log.base || since > next {
		return nil, next, false
	}
	return s.log.entries[since-s.log.base:], next, true
}

// nodeSet is a set of nodes that lists itself without sorting or map order.
type nodeSet struct {
	nodes []*NodeInfo
	at    map[*NodeInfo]int
}

// update puts n in or takes it out.
func (s *nodeSet) update(n *NodeInfo, in bool) {
	at, has := s.at[n]
	switch {
	case in && !has:
		if s.at == nil {
			s.at = make(map[*NodeInfo]int)
		}
		s.at[n] = len(s.nodes)
		s.nodes = append(s.nodes, n)
	case !in && has:
		last := s.nodes[len(s.nodes)-1]
		s.nodes[at] = last
		s.at[last] = at
		s.nodes = s.nodes[:len(s.nodes)-1]
		delete(s.at, n)
	}
}
