package apiserver

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/api"
)

// filter is what a list or a watch wants of a resource.
type filter struct {
	resource  *api.Resource
	namespace string
	labels    labels.Selector                    // nil: everything
	fields    fields.Selector                    // nil: everything
	known     map[string]func(api.Object) string // the resource's own selectable fields
	view      func(api.Object) api.Object        // how the resource's objects are shown; nil: as they are stored
}

// shown is an object as the watcher or reader sees it; nil stays nil.
func (f *filter) shown(o api.Object) api.Object {
	if f.view == nil || o == nil {
		return o
	}
	return f.view(o)
}

// newFilter refuses field selectors that Kubernetes does not know for the resource.
func (s *Server) newFilter(r *api.Resource, o api.ListOptions) (*filter, error) {
	names := fieldNames[r]
	r = r.Present()
	f := &filter{resource: s.stored(r), namespace: o.Namespace, labels: o.Labels, fields: o.Fields, known: fieldsOf[r], view: s.view(r)}
	if v := s.Catalog().Custom(r); v != nil {
		f.known = v.Fields()
	}
	if f.labels != nil && f.labels.Empty() {
		f.labels = nil
	}
	if f.fields != nil && f.fields.Empty() {
		f.fields = nil
	}
	if f.fields == nil {
		return f, nil
	}
	var err error
	if f.fields, err = f.fields.Transform(func(field, value string) (string, string, error) {
		if name, ok := names[field]; ok {
			field = name
		}
		if !f.knows(r, field) {
			return "", "", apierrors.NewBadRequest(f.unknown(r, field))
		}
		return field, value, nil
	}); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *filter) matches(o api.Object) bool {
	return (f.namespace == "" || o.GetNamespace() == f.namespace) &&
		(f.labels == nil || f.labels.Matches(labels.Set(o.GetLabels()))) &&
		(f.fields == nil || f.fields.Matches(fieldView{o, f.known}))
}

// slot is the narrowest index under which a watch can be found, or a list begun.
type slot struct {
	resource *api.Resource
	by       index
	value    string
}

type index byte

const (
	byResource index = iota
	byNamespace
	byNode
	byName
)

func (f *filter) slot() slot {
	if f.fields != nil {
		if name, ok := f.fields.RequiresExactMatch("metadata.name"); ok {
			return slot{f.resource, byName, name}
		}
		if node, ok := f.fields.RequiresExactMatch("spec.nodeName"); ok && f.resource == api.Pods {
			return slot{f.resource, byNode, node}
		}
	}
	if f.namespace != "" {
		return slot{f.resource, byNamespace, f.namespace}
	}
	return slot{f.resource, byResource, ""}
}

// fieldView shows an object to a field selector without making a map of it.
type fieldView struct {
	object api.Object
	fields map[string]func(api.Object) string
}

// Has says whether the resource has the field.
func (v fieldView) Has(field string) bool {
	return field == "metadata.name" || field == "metadata.namespace" || v.fields[field] != nil
}

// Get is the field's value, "" if the resource does not have it.
func (v fieldView) Get(field string) string {
	switch field {
	case "metadata.name":
		return v.object.GetName()
	case "metadata.namespace":
		return v.object.GetNamespace()
	}
	if f := v.fields[field]; f != nil {
		return f(v.object)
	}
	return ""
}

func (f *filter) knows(r *api.Resource, field string) bool {
	if !r.Namespaced && f.known != nil && field == "metadata.namespace" {
		return false
	}
	return fieldView{fields: f.known}.Has(field)
}

func (f *filter) unknown(r *api.Resource, field string) string {
	switch {
	case r == api.Jobs:
		return fmt.Sprintf("field label %q not supported for Job", field)
	case f.known != nil:
		return "field label not supported: " + field
	}
	return fmt.Sprintf("%q is not a known field selector: only %q, %q", field, "metadata.name", "metadata.namespace")
}
