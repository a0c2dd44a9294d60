package custom

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

// Decode reads the body of a request. Fields that the schema does not have, or
// that are there twice, are an error if strict, otherwise each is a warning. The
// errors are of the sort BadRequest with the API server's texts.
func (v *Version) Decode(data []byte, yaml, strict bool) (api.Object, []string, error) {
	want := v.Resource.GVK()
	format := json.NewSerializerWithOptions(json.DefaultMetaFactory, anyKind{}, anyKind{}, json.SerializerOptions{Strict: true, Yaml: yaml})
	decoded, is, err := format.Decode(data, &want, nil)
	minded, ok := runtime.AsStrictDecodingError(err)
	var faults []error
	if ok && decoded != nil {
		faults, err = minded.Errors(), nil
	}
	if err != nil {
		return nil, nil, kinds.Unreadable(want, is, data, err)
	}
	if is.GroupVersion() != want.GroupVersion() {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", is.GroupVersion(), want.GroupVersion()))
	}
	o := decoded.(*unstructured.Unstructured)
	unknown, err := v.coerce(o, true, false)
	if err != nil {
		return nil, nil, kinds.Unreadable(want, is, data, err)
	}
	for _, path := range unknown {
		faults = append(faults, fmt.Errorf("unknown field %q", path))
	}
	if strict && len(faults) > 0 {
		return nil, nil, kinds.Unreadable(want, is, data, runtime.NewStrictDecodingError(faults))
	}
	var warnings []string
	for _, f := range faults {
		warnings = append(warnings, f.Error())
	}
	return o, warnings, nil
}

// anyKind makes an object of any kind, for decoders.
type anyKind struct{}

// New makes an empty object.
func (anyKind) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	return o, nil
}

// ObjectKinds is the kind that an object says it is of.
func (anyKind) ObjectKinds(o runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	return []schema.GroupVersionKind{o.GetObjectKind().GroupVersionKind()}, false, nil
}

// Recognizes is true: what is of another kind than wanted is found out later.
func (anyKind) Recognizes(schema.GroupVersionKind) bool { return true }
