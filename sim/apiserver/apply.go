package apiserver

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
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
	if err := yaml.Unmarshal(c.Patch, &o.Object); err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: %v", err))
	}
	if o.Object == nil {
		o.Object = map[string]any{}
	}
	return o, nil
}

// appliedTwice minds fields that the request's body has more than once.
func (c *call) appliedTwice() error {
	if c.Unknown != metav1.FieldValidationStrict && c.Unknown != metav1.FieldValidationWarn {
		return nil
	}
	err := yaml.UnmarshalStrict(c.Patch, &map[string]any{})
	switch {
	case err == nil:
		return nil
	case c.Unknown == metav1.FieldValidationStrict:
		return apierrors.NewBadRequest(fmt.Sprintf("error strict decoding YAML: %v", err))
	case c.Warn != nil:
		kinds.YAMLWarnings(err, c.Warn)
	}
	return nil
}

// merged is old with what is wanted. The error is a Conflict when a field that is
// wanted otherwise belongs to somebody else, and the request does not force it.
func (c *call) merged(old api.Object, wanted *unstructured.Unstructured) (api.Object, error) {
	m, err := c.server.managerOf(c.Resource, c.spoken, c.Subresource)
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
	if err := c.appliedTwice(); err != nil {
		return nil, err
	}
	return o, sameName(o, c.Key)
}
