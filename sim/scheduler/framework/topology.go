package framework

// Topology numbers the domains that one node label makes: nodes with the same
// value share a domain.
type Topology struct {
	// Key is the node label.
	Key string
	// Domains is the number of distinct values.
	Domains int

	of      []int32 // domain by node index; -1 where the label is missing
	members [][]int // node indexes by domain
	epoch   uint64
}

// Members lists the indexes of the nodes in a domain. The slice must not be changed.
func (t *Topology) Members(domain int) []int { return t.members[domain] }

// Of returns the domain of a node, or -1 when it lacks the label.
func (t *Topology) Of(n *NodeInfo) int { return int(t.of[n.index]) }

// Topology returns the domains of a node label. It is worked out once and kept
// until a node comes, goes or changes its labels.
func (s *Snapshot) Topology(key string) *Topology {
	if t := s.topologies[key]; t != nil && t.epoch == s.epochs[EpochNodes] {
		return t
	}
	t := &Topology{Key: key, of: make([]int32, len(s.nodes)), epoch: s.epochs[EpochNodes]}
	numbers := make(map[string]int32)
	for i, n := range s.nodes {
		value, ok := n.Node.Labels[key]
		if !ok {
			t.of[i] = -1
			continue
		}
		number, known := numbers[value]
		if !known {
			number = int32(len(numbers))
			numbers[value] = number
			t.members = append(t.members, nil)
		}
		t.of[i] = number
		t.members[number] = append(t.members[number], i)
	}
	t.Domains = len(numbers)
	if s.topologies == nil {
		s.topologies = make(map[string]*Topology)
	}
	s.topologies[key] = t
	return t
}
