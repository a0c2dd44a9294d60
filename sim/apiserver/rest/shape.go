package rest

import (
	"fmt"
	"net/http"
	"reflect"
	"time"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1beta1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
	"minisim/sim/apiserver/outside"
	"minisim/sim/apiserver/rest/printers"
)

// The shapes in which objects can be shown besides their own.
const (
	asTable        = "Table"
	asMetadata     = "PartialObjectMetadata"
	asMetadataList = "PartialObjectMetadataList"
)

// shapes says whether the API's things can be shown so: all of them as their
// metadata, and as a Table in what has a text.
func shapes(a accepted) bool {
	if a.group != metav1.GroupName || a.version != "v1" && a.version != "v1beta1" {
		return false
	}
	return a.as == asTable && a.info.MediaType != outside.Protobuf || a.as == asMetadata || a.as == asMetadataList
}

// shape shows an object in the shape wanted.
func (c *exchange) shape(a accepted, o api.Object, now time.Time) (runtime.Object, error) {
	switch a.as {
	case asTable:
		return c.table([]api.Object{o}, metav1.ListMeta{ResourceVersion: o.GetResourceVersion()}, now, true)
	case asMetadata:
		return metadataOf(o), nil
	case asMetadataList:
		return nil, c.noSuchShape(a, " not", "")
	}
	return o, nil
}

// noSuchShape is the error for a list that is wanted as one object, or one object as a list.
func (c *exchange) noSuchShape(a accepted, not, list string) error {
	return routeError(http.StatusNotAcceptable, fmt.Sprintf("you requested %s, but the requested object is%s a list (*%s.%s%s)",
		a.as, not, kinds.Package(c.target.resource.Group), c.target.resource.Kind, list))
}

// shapeList shows a list in the shape wanted.
func (c *exchange) shapeList(a accepted, items []api.Object, meta metav1.ListMeta, now time.Time) (runtime.Object, error) {
	switch a.as {
	case asTable:
		return c.table(items, meta, now, true)
	case asMetadata:
		return nil, c.noSuchShape(a, "", "List")
	case asMetadataList:
		out := &metav1.PartialObjectMetadataList{ListMeta: meta, Items: make([]metav1.PartialObjectMetadata, 0, len(items))}
		out.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind(asMetadataList))
		for _, o := range items {
			out.Items = append(out.Items, *metadataOf(o))
		}
		return out, nil
	}
	return listOf(c.target.resource, items, meta)
}

// metadataOf shows an object's metadata only.
func metadataOf(o api.Object) *metav1.PartialObjectMetadata {
	out := &metav1.PartialObjectMetadata{ObjectMeta: metaOf(o)}
	out.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind(asMetadata))
	return out
}

// metaOf is an object's metadata, shared with the object.
func metaOf(o api.Object) metav1.ObjectMeta {
	if u, ok := o.(*unstructured.Unstructured); ok {
		meta, _, _ := objectmeta.GetObjectMeta(u.Object, true) // what is malformed was refused or dropped on its way in
		return *meta
	}
	return *o.(metav1.ObjectMetaAccessor).GetObjectMeta().(*metav1.ObjectMeta)
}

// listOf is a list of the resource's own kind. As in Kubernetes its items do
// not say again of which kind they are.
func listOf(r *api.Resource, items []api.Object, meta metav1.ListMeta) (runtime.Object, error) {
	kind := r.GVK()
	kind.Kind = r.ListKind
	if _, custom := r.New().(*unstructured.Unstructured); custom {
		return customList(kind, items, meta), nil
	}
	list, err := wire().scheme.New(kind)
	if err != nil {
		return nil, err
	}
	list.GetObjectKind().SetGroupVersionKind(kind)
	v := reflect.ValueOf(list).Elem()
	v.FieldByName("ListMeta").Set(reflect.ValueOf(meta))
	field := v.FieldByName("Items")
	all := reflect.MakeSlice(field.Type(), len(items), len(items))
	for i, o := range items {
		item := all.Index(i)
		item.Set(reflect.ValueOf(o).Elem()) // the top of the object; all below it is shared
		item.Addr().Interface().(runtime.Object).GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	}
	field.Set(all)
	return list, nil
}

// customList is a list of custom resources. Its items say of which kind they are.
func customList(kind schema.GroupVersionKind, items []api.Object, meta metav1.ListMeta) runtime.Object {
	list := &unstructured.UnstructuredList{Items: make([]unstructured.Unstructured, len(items))}
	list.SetGroupVersionKind(kind)
	list.SetResourceVersion(meta.ResourceVersion)
	list.SetContinue(meta.Continue)
	list.SetRemainingItemCount(meta.RemainingItemCount)
	for i, o := range items {
		list.Items[i] = *o.(*unstructured.Unstructured)
	}
	return list
}

// toPresent are objects in the present version of their resource.
func toPresent(items []api.Object) []api.Object {
	present := make([]api.Object, len(items))
	for i, o := range items {
		present[i] = kinds.ToPresent(o)
	}
	return present
}

// table shows objects as kubectl prints them. Only the first table of a watch has a heading.
func (c *exchange) table(items []api.Object, meta metav1.ListMeta, now time.Time, heading bool) (runtime.Object, error) {
	var t *metav1.Table
	if c.target.custom != nil {
		t = c.target.custom.Table(items, now)
	} else {
		t = printers.Table(c.target.resource.Present(), toPresent(items), now)
	}
	t.ListMeta = meta
	t.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind(asTable))
	if !heading {
		t.ColumnDefinitions = nil
	}
	var options metav1.TableOptions
	if err := c.parameters(&options); err != nil {
		return nil, err
	}
	if errs := validation.ValidateTableOptions(&options); len(errs) > 0 {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("Unable to convert to Table as requested: %v", errs[0]))
	}
	for i, o := range items {
		switch options.IncludeObject {
		case metav1.IncludeNone:
		case metav1.IncludeObject:
			t.Rows[i].Object.Object = o
		default:
			t.Rows[i].Object.Object = metadataOf(o)
		}
	}
	return t, nil
}
