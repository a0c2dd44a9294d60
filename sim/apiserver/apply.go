package apiserver

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"minisim/sim/api"
)

// apply is server-side apply: the request's object says what its sender wants of
// the fields that it names, and nothing of others. What is not there is created.
func (c *call) apply() (api.Object, error) {
	wanted, err := c.applied()
	if err != nil {
		return nil, err
	}
	if c.table().get(c.Key) != nil {
		return c.modify(func(old api.Object) (api.Object, error) { return c.merged(old, wanted) })
	}
	if c.Subresource != "" {
		return nil, notFound(c.Resource, c.Key)
	}
	if wanted.GetUID() != "" {
		return nil, conflict(c.Resource, c.Key, fmt.Errorf("uid mismatch: the provided object specified uid %s, and no existing object was found", wanted.GetUID()))
	}
	o, err := c.merged(c.Resource.New(), wanted)
	if err != nil {
		return nil, err
	}
	c.Object, c.Verb = o, api.VerbCreate
	return c.create()
}

// applied reads the request's body.
func (c *call) applied() (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	read := yaml.Unmarshal
	if c.Unknown == metav1.FieldValidationStrict {
		read = func(data []byte, v any, _ ...yaml.JSONOpt) error { return yaml.UnmarshalStrict(data, v) }
	}
	if err := read(c.Patch, &o.Object); err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: %v", err))
	}
	switch {
	case o.GetKind() == "" || o.GetAPIVersion() == "":
		return nil, apierrors.NewBadRequest("invalid object type: kind and apiVersion must be set")
	case o.GetKind() != c.Resource.Kind:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): it is a %s", c.Resource.Kind, o.GetKind()))
	case o.GetName() != "" && o.GetName() != c.Key.Name:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", o.GetName(), c.Key.Name))
	}
	o.SetName(c.Key.Name)
	o.SetNamespace(c.Key.Namespace)
	return o, nil
}

// merged is old with what is wanted. The error is a Conflict when a field that is
// wanted otherwise belongs to somebody else, and the request does not force it.
func (c *call) merged(old api.Object, wanted *unstructured.Unstructured) (api.Object, error) {
	m, err := c.server.owners.of(c.Resource, c.spoken, c.Subresource)
	if err != nil {
		return nil, err
	}
	live := old.DeepCopyObject().(api.Object)
	live.GetObjectKind().SetGroupVersionKind(c.Resource.GVK())
	got, err := m.Apply(live, wanted.DeepCopy(), c.manager(), c.Force)
	if err != nil {
		if _, known := err.(apierrors.APIStatus); known {
			return nil, err
		}
		return nil, plain("%v", err)
	}
	o, ok := got.(api.Object)
	if !ok {
		return nil, plain("apply has made a %T", got)
	}
	o.GetObjectKind().SetGroupVersionKind(c.Resource.GVK())
	c.date(o, old)
	return o, nil
}
