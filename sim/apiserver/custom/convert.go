package custom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "k8s.io/apimachinery/pkg/util/json"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"minisim/sim/api"
)

// Read reads what the store has of an object, in the version in which objects
// are stored now. What its schema does not know (any more) is dropped, what it
// has a default for is filled in.
func (d *Definition) Read(data []byte) (api.Object, error) {
	o := &unstructured.Unstructured{}
	if err := kjson.Unmarshal(data, &o.Object); err != nil {
		return nil, fmt.Errorf("decode a %s: %w", d.Stored.Resource.Kind, err)
	}
	v := d.Named(o.GroupVersionKind().Version)
	if v == nil {
		return nil, fmt.Errorf("decode a %s: request to convert CR from an invalid group/version: %s", d.Stored.Resource.Kind, o.GetAPIVersion())
	}
	if _, err := v.coerce(o, false, true); err != nil {
		return nil, fmt.Errorf("decode a %s: %w", d.Stored.Resource.Kind, err)
	}
	v.Default(o)
	return d.Stored.From(o)
}

// Write gives what the store is to have of an object of any version. Its
// resourceVersion is left out: it is the store's.
func (d *Definition) Write(o api.Object) ([]byte, error) {
	stored, err := d.Stored.From(o)
	if err != nil {
		return nil, err
	}
	content := bare(stored)
	var b bytes.Buffer
	err = json.NewEncoder(&b).Encode(content)
	return b.Bytes(), err
}

// bare is an object without its resourceVersion; all else is shared.
func bare(o api.Object) map[string]any {
	out := map[string]any{}
	for k, v := range o.(*unstructured.Unstructured).Object {
		out[k] = v
	}
	meta := map[string]any{}
	from, _ := out["metadata"].(map[string]any)
	for k, v := range from {
		if k != "resourceVersion" {
			meta[k] = v
		}
	}
	out["metadata"] = meta
	return out
}

// ErrWebhook is why an object cannot be shown in another version than its own:
// there is nobody to ask.
var ErrWebhook = errors.New("conversion webhooks are not called here")

// From shows an object of another version as one of this: a copy, or the object
// itself if it is of this version.
func (v *Version) From(o api.Object) (api.Object, error) {
	u := o.(*unstructured.Unstructured)
	want := v.Resource.GVK().GroupVersion().String()
	if u.GetAPIVersion() == want {
		return o, nil
	}
	if c := v.definition.crd.Spec.Conversion; c != nil && c.Strategy == apiextensionsv1.WebhookConverter {
		return nil, fmt.Errorf("conversion webhook for %s failed: %w", u.GroupVersionKind(), ErrWebhook)
	}
	u = u.DeepCopy()
	u.SetAPIVersion(want)
	_, err := v.coerce(u, false, false)
	return u, err
}

// Default fills in what the schema has defaults for.
func (v *Version) Default(o api.Object) {
	defaulting.Default(o.(*unstructured.Unstructured).Object, v.schema)
}

// Prune drops from an object what its schema does not know and says what that was.
func (v *Version) Prune(o api.Object) (unknown []string, err error) {
	return v.coerce(o.(*unstructured.Unstructured), true, false)
}

// coerce does to an object what decoding does to one of a Go type: unknown fields
// go, as do nulls where there may be none, and its metadata have their types.
// What is wrong with the metadata of a stored object goes, too. tell says whether
// the paths of what is unknown are wanted.
func (v *Version) coerce(u *unstructured.Unstructured, tell, stored bool) (unknown []string, err error) {
	kind, apiVersion := u.GetKind(), u.GetAPIVersion()
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(u.Object, objectmeta.ObjectMetaOptions{
		DropMalformedFields: stored, ReturnUnknownFieldPaths: tell,
	})
	if err != nil {
		return nil, err
	}
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return nil, err
	}
	if gv.Group == v.Resource.Group && kind == v.Resource.Kind {
		unknown = append(unknown, pruning.PruneWithOptions(u.Object, v.schema, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: tell})...)
		defaulting.PruneNonNullableNullsWithoutDefaults(u.Object, v.schema)
		bad, more := objectmeta.CoerceWithOptions(nil, u.Object, v.schema, false, objectmeta.CoerceOptions{
			DropInvalidFields: stored, ReturnUnknownFieldPaths: tell,
		})
		if bad != nil {
			return nil, bad
		}
		unknown = append(unknown, more...)
	}
	if kind != "" {
		u.SetKind(kind)
	}
	if apiVersion != "" {
		u.SetAPIVersion(apiVersion)
	}
	if found {
		err = objectmeta.SetObjectMeta(u.Object, meta)
	}
	return unknown, err
}

// Reachable says whether the stored objects can be shown in the version.
func (v *Version) Reachable() bool {
	c := v.definition.crd.Spec.Conversion
	return v == v.definition.Stored || c == nil || c.Strategy != apiextensionsv1.WebhookConverter
}
