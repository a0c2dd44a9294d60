package apiserver

import (
	"bytes"
	"cmp"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"minisim/sim/api"
	"minisim/sim/apiserver/custom"
	"minisim/sim/apiserver/kinds"
)

// owners knows who has which fields of the objects that server-side apply has
// ever touched. Others have no managedFields, and cost nothing.
type owners struct {
	managers map[ownedPart]*managedfields.FieldManager
}

// ownedPart is what a field manager is for: a resource, or a subresource of it.
type ownedPart struct {
	resource    *api.Resource
	subresource string
}

// ownedKinds is the schemas of all kinds; to read them takes a moment, and only apply needs them.
var ownedKinds = sync.OnceValues(func() (*runtime.Scheme, managedfields.TypeConverter) {
	scheme := runtime.NewScheme()
	for _, r := range api.Served() {
		scheme.AddKnownTypeWithName(r.GVK(), r.New())
		metav1.AddToGroupVersion(scheme, r.GVK().GroupVersion())
	}
	return scheme, applyconfigurations.NewTypeConverter(scheme)
})

// versions converts objects among the versions in which a resource is served,
// which a scheme does within a group only.
type versions struct{ runtime.ObjectConvertor }

// ConvertToVersion gives an object in another version of its resource; in must not be used any more.
func (v versions) ConvertToVersion(in runtime.Object, to runtime.GroupVersioner) (runtime.Object, error) {
	if _, raw := in.(runtime.Unstructured); raw {
		var err error
		if in, err = v.ObjectConvertor.ConvertToVersion(in, in.GetObjectKind().GroupVersionKind().GroupVersion()); err != nil {
			return nil, err
		}
	}
	if o, ok := in.(api.Object); ok {
		o = kinds.ToPresent(o)
		for _, r := range api.Others() {
			if shown := kinds.ToVersion(o, r); shown != o && r.GVK().GroupVersion() == to {
				return shown, nil
			}
		}
		in = o
	}
	return v.ObjectConvertor.ConvertToVersion(in, to)
}

// managerOf is the field manager of a resource or subresource, for requests that speak a version of it (nil: the present one).
func (s *Server) managerOf(r, spoken *api.Resource, subresource string) (*managedfields.FieldManager, error) {
	if v := s.Catalog().Custom(r); v != nil {
		return v.Manager(subresource)
	}
	return s.owners.of(r, spoken, subresource)
}

// of is the field manager of one of Kubernetes' own resources.
func (w *owners) of(r, spoken *api.Resource, subresource string) (*managedfields.FieldManager, error) {
	if spoken == nil {
		spoken = r
	}
	part := ownedPart{spoken, subresource}
	if m := w.managers[part]; m != nil {
		return m, nil
	}
	scheme, types := ownedKinds()
	if r == api.CustomResourceDefinitions {
		var err error
		if types, err = custom.DefinitionTypes(); err != nil {
			return nil, err
		}
	}
	gv := r.GVK().GroupVersion()
	m, err := managedfields.NewDefaultFieldManager(types, versions{scheme}, scheme, scheme, spoken.GVK(), gv, subresource, reset(spoken, subresource))
	if err != nil {
		return nil, err
	}
	if w.managers == nil {
		w.managers = map[ownedPart]*managedfields.FieldManager{}
	}
	w.managers[part] = m
	return m, nil
}

// reset are the fields that a request cannot change, whoever it is from: nobody gets to own them by it.
func reset(r *api.Resource, subresource string) map[fieldpath.APIVersion]fieldpath.Filter {
	if !r.Status {
		return nil
	}
	field := "status"
	if subresource == "status" {
		field = "spec"
	}
	version := fieldpath.APIVersion(schema.GroupVersion{Group: r.Group, Version: r.Version}.String())
	return map[fieldpath.APIVersion]fieldpath.Filter{version: fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie(field)))}
}

// manager is the name under which the request's fields are owned.
func (c *call) manager() string { return cmp.Or(c.Manager, c.id.Process, c.id.User) }

// owned notes whose the fields are that an update of an object changes.
func (c *call) owned(old, o api.Object) (api.Object, error) {
	if len(old.GetManagedFields()) == 0 {
		return o, nil
	}
	m, err := c.server.managerOf(c.Resource, c.spoken, c.Subresource)
	if err != nil {
		return nil, err
	}
	updated, ok := m.UpdateNoErrors(old.DeepCopyObject(), o, c.manager()).(api.Object)
	if !ok {
		return o, nil
	}
	c.date(updated, old)
	return updated, nil
}

// date gives the owners' entries the virtual time at which they last changed,
// and with it their order.
func (c *call) date(o, old api.Object) {
	entries := o.GetManagedFields()
	for i := range entries {
		e := &entries[i]
		now := c.server.now()
		e.Time = &now
		for _, before := range old.GetManagedFields() {
			if sameOwner(&before, e) && before.FieldsV1 != nil && e.FieldsV1 != nil && bytes.Equal(before.FieldsV1.Raw, e.FieldsV1.Raw) {
				e.Time = before.Time
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b metav1.ManagedFieldsEntry) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), compareTimes(a.Time, b.Time), cmp.Compare(a.Manager, b.Manager),
			cmp.Compare(a.APIVersion, b.APIVersion), cmp.Compare(a.Subresource, b.Subresource))
	})
	o.SetManagedFields(entries)
}

func sameOwner(a, b *metav1.ManagedFieldsEntry) bool {
	return a.Manager == b.Manager && a.Operation == b.Operation && a.APIVersion == b.APIVersion && a.Subresource == b.Subresource
}

func compareTimes(a, b *metav1.Time) int {
	if a == nil || b == nil {
		return 0
	}
	return a.Compare(b.Time)
}
