package apiserver

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"minisim/sim/api"
	"minisim/sim/etcdstore"
)

// write stores value (nil: deletes) under the request's key if the key is still
// at the revision guard (0: if it does not exist), and returns the object as it
// is now, nil if it is gone. own is the object that value was encoded from,
// no changeable part of which anybody else may have. Within a group the write
// waits for the others, and own is returned as it is.
func (c *call) write(value []byte, own api.Object, guard int64) (api.Object, error) {
	s := c.server
	op := etcdstore.Op{Key: c.Resource.StoreKey(c.Key), Value: value, Guard: guard}
	if s.group != nil {
		s.group.add(c, op, own)
		return own, nil
	}
	_, events, err := s.Store.Commit(op)
	if err != nil {
		return nil, c.refused(err, guard)
	}
	return c.committed(events, value, own)
}

// committed brings the events of the request's write into the cache.
func (c *call) committed(events []etcdstore.Event, value []byte, own api.Object) (api.Object, error) {
	var now api.Object
	for _, ev := range events {
		if !bytes.Equal(ev.Value, value) || inJSON(c.Resource, own) {
			own = nil
		}
		ch, err := c.server.apply(ev, own)
		if err != nil {
			return nil, err
		}
		c.changes = append(c.changes, ch)
		now = ch.new
	}
	if view := c.server.view(c.Resource); view != nil {
		now = view(now)
	}
	return now, nil
}

// inJSON says whether an object is stored as JSON, which may keep it in another form than it had: it is read again.
func inJSON(r *api.Resource, o api.Object) bool {
	_, custom := o.(*unstructured.Unstructured)
	return custom || r == api.CustomResourceDefinitions
}

// refused says what a client gets for a commit that did not come about. A guard
// that does not hold means that somebody else has written: the cache was behind.
func (c *call) refused(err error, guard int64) error {
	var other *etcdstore.ConflictError
	switch {
	case !errors.As(err, &other):
		return storeError(err, 0)
	case guard == 0:
		return apierrors.NewAlreadyExists(c.Resource.GroupResource(), c.Key.Name)
	case other.Have == 0:
		return notFound(c.Resource, c.Key)
	default:
		return conflict(c.Resource, c.Key, errModified)
	}
}

// apply brings one event of the store into the cache. It is the only way in. own
// is the event's object if it is known, else it is decoded.
func (s *Server) apply(ev etcdstore.Event, own api.Object) (change, error) {
	r, k, ok := s.Catalog().parseStoreKey(ev.Key)
	if !ok {
		return change{}, plain("%s: not a key of a known resource", ev.Key)
	}
	s.Trace.Write(ev.Key, ev.Value, ev.Revision)
	s.cache.revision = ev.Revision
	t := s.cache.tables[r]
	ch := change{resource: r, key: k, revision: ev.Revision}
	if it := t.get(k); it != nil {
		ch.old = it.object
	}
	if ev.Value == nil {
		t.remove(k)
	} else {
		if own == nil {
			var err error
			if own, err = s.decode(r, ev.Value, ev.Revision); err != nil {
				return change{}, plain("%v", err)
			}
		} else {
			canonical(own)
			own.SetResourceVersion(strconv.FormatInt(ev.Revision, 10))
		}
		ch.new = own
		t.put(k, s.item(r, own, ev.Value, ev.Revision))
	}
	t.window.add(ev.Revision, k)
	if err := s.follow(r, k, ch.old, ch.new); err != nil {
		return change{}, plain("%v", err)
	}
	return ch, nil
}

// item is an object as the cache keeps it.
func (s *Server) item(r *api.Resource, o api.Object, value []byte, revision int64) *item {
	it := &item{object: o, size: len(value), revision: revision}
	if s.Catalog().Custom(r) != nil {
		it.raw = value
	}
	return it
}

// follow keeps what derives from objects: which addresses are taken, which
// Events expire, which custom resources there are.
func (s *Server) follow(r *api.Resource, k api.Key, old, new api.Object) error {
	switch r {
	case api.Services:
		s.net.follow(old, new)
	case api.Roles, api.ClusterRoles, api.RoleBindings, api.ClusterRoleBindings:
		s.policy.Follow(old, new)
	case api.Events:
		if new != nil {
			s.expireLater(k, new.GetResourceVersion())
		}
	case api.CustomResourceDefinitions:
		crd, _ := new.(*apiextensionsv1.CustomResourceDefinition)
		return s.define(k.Name, crd)
	}
	return nil
}

// since gives the events that a watch missed: those after a revision, or from 0
// the present state as additions.
func (c *call) since(from int64, f *filter) ([]api.Event, error) {
	s := c.server
	if from == 0 {
		var out []api.Event
		for _, o := range c.table().list(f) {
			out = append(out, api.Event{Type: api.Added, Object: o, Revision: s.cache.revision})
		}
		return out, nil
	}
	if from > s.cache.revision {
		return nil, tooLarge(from, s.cache.revision)
	}
	marks, ok := c.table().window.after(from)
	if !ok {
		return nil, tooOld(from, c.table().window.floor)
	}
	var out []api.Event
	for _, m := range marks {
		old, err := s.past(c.Resource, m.key, m.revision-1)
		if err != nil {
			return nil, err
		}
		new, err := s.past(c.Resource, m.key, m.revision)
		if err != nil {
			return nil, err
		}
		if ev, ok := f.event(&change{resource: c.Resource, key: m.key, old: old, new: new, revision: m.revision}); ok {
			out = append(out, ev)
		}
	}
	return out, nil
}

// past is an object at a revision, nil if there was none.
func (s *Server) past(r *api.Resource, k api.Key, revision int64) (api.Object, error) {
	o, err := s.Object(r, k, revision)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return o, err
}

func tooOld(from, floor int64) error {
	return apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", from, floor))
}

// routine says whether a change is of no consequence for whether the cluster
// has settled: leases, Events, and heartbeats in a node's status.
func routine(ch change) bool {
	switch ch.resource {
	case api.Leases, api.Events:
		return true
	case api.Nodes:
		return ch.old != nil && ch.new != nil && sameButHeartbeat(ch.old.(*corev1.Node), ch.new.(*corev1.Node))
	}
	return false
}

func sameButHeartbeat(a, b *corev1.Node) bool {
	if a.Generation != b.Generation || len(a.Status.Conditions) != len(b.Status.Conditions) {
		return false
	}
	x := *b
	x.ResourceVersion = a.ResourceVersion
	x.Status.Conditions = append([]corev1.NodeCondition(nil), b.Status.Conditions...)
	for i := range x.Status.Conditions {
		x.Status.Conditions[i].LastHeartbeatTime = a.Status.Conditions[i].LastHeartbeatTime
	}
	return apiequality.Semantic.DeepEqual(a, &x)
}

// versionOf reads a resourceVersion; 0 for none.
func versionOf(o api.Object) (int64, error) {
	v := o.GetResourceVersion()
	if v == "" || v == "0" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil {
		return 0, plain("strconv.ParseUint: parsing %q: invalid syntax", v)
	}
	return int64(n), nil
}
