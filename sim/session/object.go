package session

import (
	"fmt"

	"minisim/sim/api"
)

// Object is an object as it was at a revision of the store (0: now). The error is
// NotFound for one that did not exist then, Expired for a revision whose history
// has been given up. The object is shared and must not be changed.
func (s *Session) Object(r *api.Resource, k api.Key, revision int64) (api.Object, error) {
	if newest := s.Revision(); revision < 0 || revision > newest {
		return nil, fmt.Errorf("there is no revision %d yet; the newest is %d", revision, newest)
	}
	return s.Cluster().API.Object(r, k, revision)
}

// Version is one state of an object.
type Version struct {
	Revision int64 // of the store, from which on it was so
	Deleted  bool  // it was removed
}

// History is all that etcd still knows of an object up to the present step,
// oldest first; empty for one that never existed.
func (s *Session) History(r *api.Resource, k api.Key) ([]Version, error) {
	events, err := s.Cluster().Store.History(r.StoreKey(k))
	if err != nil {
		return nil, err
	}
	versions := make([]Version, len(events))
	for i, e := range events {
		versions[i] = Version{Revision: e.Revision, Deleted: e.Value == nil}
	}
	return versions, nil
}

// Revision is the revision of the newest write.
func (s *Session) Revision() int64 { return s.Cluster().API.Revision() }
