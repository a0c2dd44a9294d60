package framework

// indexSet is a set of node indexes that lists itself in the order of adding.
type indexSet struct {
	in   []bool
	list []int
}

func newIndexSet(n int) indexSet { return indexSet{in: make([]bool, n)} }

func (s *indexSet) add(i int) {
	if !s.in[i] {
		s.in[i] = true
		s.list = append(s.list, i)
	}
}

func (s *indexSet) clear() {
	for _, i := range s.list {
		s.in[i] = false
	}
	s.list = s.list[:0]
}
