package apiserver

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// DeleteCollection deletes all that o selects, for somebody who may do just
// that: whether they may list or delete single objects does not matter. It
// returns the objects as they were before. One that is gone meanwhile is no error.
func (s *Server) DeleteCollection(id Identity, r *api.Resource, o api.ListOptions, opts metav1.DeleteOptions, dryRun bool) ([]api.Object, error) {
	if s.down {
		return nil, api.ErrUnreachable
	}
	all := &call{Request: api.Request{Verb: api.VerbDeleteCollection, Resource: r, Key: api.Key{Namespace: o.Namespace}}, server: s, id: id, outcome: Read}
	list, err := all.list(o)
	all.record(err)
	if err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		q := api.Request{Verb: api.VerbDelete, Resource: r, Key: api.KeyOf(item), Delete: *opts.DeepCopy(), DryRun: dryRun}
		c := &call{Request: q, server: s, id: id, outcome: Read, rule: all.rule, granted: true}
		if _, err := s.carryOut(c); err != nil && !apierrors.IsNotFound(err) {
			return nil, err
		}
	}
	return list.Items, nil
}
