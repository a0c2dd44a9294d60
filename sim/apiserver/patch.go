package apiserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"minisim/sim/api"
)

// patch changes the present object, whatever its version.
func (c *call) patch() (api.Object, error) {
	if c.PatchType == types.ApplyYAMLPatchType {
		return c.apply()
	}
	return c.modify(func(old api.Object) (api.Object, error) {
		o, err := c.patched(old)
		if err != nil {
			return nil, err
		}
		if o.GetName() != old.GetName() || o.GetNamespace() != old.GetNamespace() {
			return nil, apierrors.NewBadRequest("the name of the object (" + o.GetName() + ") does not match the name on the URL (" + old.GetName() + ")")
		}
		o.GetObjectKind().SetGroupVersionKind(c.Resource.GVK())
		return o, nil
	})
}

// maxPatchOperations is how many operations Kubernetes takes in one JSON patch.
const maxPatchOperations = 10_000

// patched is a copy of old with the request's patch applied.
func (c *call) patched(old api.Object) (api.Object, error) {
	if c.Change != nil {
		o := old.DeepCopyObject().(api.Object)
		if err := c.Change(o); err != nil {
			return nil, err
		}
		return o.DeepCopyObject().(api.Object), nil // whoever changed o may have kept a part of it, or given it one of theirs
	}
	before, err := json.Marshal(old)
	if err != nil {
		return nil, plain("%v", err)
	}
	after, err := c.applyPatch(before, old)
	if err != nil {
		return nil, err
	}
	o := reflect.New(reflect.TypeOf(old).Elem()).Interface().(api.Object)
	strict, err := kjson.UnmarshalStrict(after, o)
	if err != nil {
		return nil, c.badPatch(after, err)
	}
	return o, c.minded(after, append(c.twice(), strict...))
}

// twice are the fields that the patch has more than once.
func (c *call) twice() []error {
	if c.PatchType == types.JSONPatchType {
		return nil // its own decoder says what it thinks of them
	}
	var v map[string]any
	strict, err := kjson.UnmarshalStrict(c.Patch, &v)
	if err != nil {
		return nil // applying the patch has told of that
	}
	return strict
}

// minded refuses or remarks upon what only a strict reader minds.
func (c *call) minded(after []byte, strict []error) error {
	switch {
	case len(strict) == 0:
	case c.Unknown == metav1.FieldValidationStrict:
		return c.badPatch(after, runtime.NewStrictDecodingError(strict))
	case c.Unknown == metav1.FieldValidationWarn && c.Warn != nil:
		for _, err := range strict {
			c.Warn(err.Error())
		}
	}
	return nil
}

// badPatch is the error for a patch that makes something of the object that it cannot be.
func (c *call) badPatch(after []byte, why error) error {
	value := string(after)
	if c.PatchType == types.StrategicMergePatchType {
		var v map[string]any
		if kjson.UnmarshalCaseSensitivePreserveInts(c.Patch, &v) == nil {
			value = fmt.Sprintf("%+v", v)
		}
	}
	return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{field.Invalid(field.NewPath("patch"), value, why.Error())})
}

func (c *call) applyPatch(before []byte, old api.Object) ([]byte, error) {
	switch c.PatchType {
	case types.JSONPatchType:
		limitCopies()
		p, err := jsonpatch.DecodePatch(c.Patch)
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
		}
		if len(p) > maxPatchOperations {
			return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxPatchOperations, len(p)))
		}
		after, err := p.Apply(before)
		if err != nil {
			return nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
		}
		return after, nil
	case types.MergePatchType:
		after, err := jsonpatch.MergePatch(before, c.Patch)
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
		}
		return after, nil
	case types.StrategicMergePatchType:
		after, err := strategicpatch.StrategicMergePatch(before, c.Patch, old)
		if err != nil {
			return nil, plain("%v", err)
		}
		return after, nil
	}
	return nil, apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, string(c.Verb), c.Resource.GroupResource(), c.Key.Name,
		fmt.Sprintf("the body of the request was in an unknown format - accepted media types include: %s, %s, %s, %s",
			types.JSONPatchType, types.MergePatchType, types.StrategicMergePatchType, types.ApplyYAMLPatchType), 0, true)
}

// maxCopied bounds what the copy operations of one JSON patch may add, in bytes, as kube-apiserver does: without a
// bound thirty lines that double a value each time would fill the memory.
const maxCopied = 3 << 20

// limitCopies sets that bound, which the library keeps for the whole program.
var limitCopies = sync.OnceFunc(func() { jsonpatch.AccumulatedCopySizeLimit = maxCopied })
