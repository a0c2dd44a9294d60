package apiserver

import "minisim/sim/api"

// What follows is for whoever looks at the cluster from outside of the
// simulation: it leaves no record and takes no part in the run.

// Answers says whether the server answers requests.
func (s *Server) Answers() bool { return !s.down }

// Newest is the revision of the newest write to a resource that the server
// knows of, or the revision at which it began to look.
func (s *Server) Newest(r *api.Resource) int64 { return s.table(s.known(r)).window.newest() }

// Changed gives the keys of a resource that were written after a revision, the
// oldest write first, and false if not all of them are remembered.
func (s *Server) Changed(r *api.Resource, after int64) ([]api.Key, bool) {
	marks, ok := s.table(s.known(r)).window.after(after)
	keys := make([]api.Key, 0, len(marks))
	for _, m := range marks {
		keys = append(keys, m.key)
	}
	return keys, ok
}

func (w *window) newest() int64 {
	switch n := len(w.marks); {
	case n == 0:
		return w.floor
	case n < windowSize:
		return w.marks[n-1].revision
	default:
		return w.marks[(w.first+n-1)%n].revision
	}
}
