package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
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
		if err := sameName(o, c.Key); err != nil {
			return nil, err
		}
		if c.server.Catalog().Custom(c.Resource) == nil {
			o.GetObjectKind().SetGroupVersionKind(c.Resource.GVK())
		}
		return o, nil
	})
}

// sameName checks that a patch leaves the object where the URL has it.
func sameName(o api.Object, k api.Key) error {
	switch have := o.GetNamespace(); {
	case have == "" || k.Namespace == "":
		o.SetNamespace(k.Namespace)
	case have != k.Namespace:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	switch o.GetName() {
	case k.Name:
		return nil
	case "":
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: name must be provided", k.Name))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", o.GetName(), k.Name))
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
	old = c.speak(old)
	before, err := json.Marshal(old)
	if err != nil {
		return nil, plain("%v", err)
	}
	var minded []error
	if c.Unknown == metav1.FieldValidationStrict || c.Unknown == metav1.FieldValidationWarn {
		if minded, err = c.readPatch(); err != nil {
			return nil, err
		}
	}
	after, err := c.applyPatch(before, old)
	if err != nil {
		return nil, err
	}
	o := reflect.New(reflect.TypeOf(old).Elem()).Interface().(api.Object)
	strict, err := kjson.UnmarshalStrict(after, o)
	v := c.server.Catalog().Custom(c.Resource)
	if v != nil && c.Subresource != "scale" && err == nil {
		var unknown []string
		unknown, err = v.Prune(o)
		for _, path := range unknown {
			strict = append(strict, fmt.Errorf("unknown field %q", path))
		}
	}
	if is := o.GetObjectKind().GroupVersionKind(); err == nil && v == nil && c.PatchType != types.StrategicMergePatchType {
		err = kinds.Mismatch(is, old.GetObjectKind().GroupVersionKind())
	}
	if err != nil {
		return nil, c.badPatch(after, err)
	}
	return kinds.ToPresent(o), c.minded(after, append(minded, strict...))
}

// readPatch reads the patch for itself and gives what only a strict reader minds: fields that it has twice.
func (c *call) readPatch() (strict []error, err error) {
	if c.PatchType == types.JSONPatchType {
		var operations []jsonPatchOp
		if strict, err = kjson.UnmarshalStrict(c.Patch, &operations); err != nil {
			text := strings.ReplaceAll(err.Error(), "apiserver.jsonPatchOp", "handlers.jsonPatchOp") // as the real server calls it
			return nil, apierrors.NewBadRequest("error decoding patch: " + text)
		}
		for i, e := range strict {
			strict[i] = fmt.Errorf("json patch %v", e)
		}
		return strict, nil
	}
	v := map[string]any{}
	strict, err = kjson.UnmarshalStrict(c.Patch, &v)
	switch {
	case err != nil && c.PatchType == types.MergePatchType:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
	case err != nil:
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return strict, nil
}

// jsonPatchOp is an operation of a JSON patch.
type jsonPatchOp struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
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
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if len(p) > maxPatchOperations {
			return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxPatchOperations, len(p)))
		}
		after, err := p.Apply(before)
		if err != nil {
			return nil, unprocessable(err)
		}
		return after, nil
	case types.MergePatchType:
		after, err := jsonpatch.MergePatch(before, c.Patch)
		switch {
		case errors.Is(err, jsonpatch.ErrBadJSONPatch):
			return nil, apierrors.NewBadRequest(err.Error())
		case err != nil:
			return nil, plain("%v", err)
		}
		return after, nil
	case types.StrategicMergePatchType:
		if c.server.Catalog().Custom(c.Resource) != nil {
			break // nobody knows how its lists are merged
		}
		return c.strategicPatch(before, old)
	}
	return nil, c.unknownPatch()
}

// strategicPatch applies a strategic merge patch. The library panics on some patches, as on a list for the name
// by which items are merged: a real API server answers these with code 500, and so does this one.
func (c *call) strategicPatch(before []byte, old api.Object) (after []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			after, err = nil, plain("this request caused the apiserver to panic: %v", p)
		}
	}()
	if after, err = strategicpatch.StrategicMergePatch(before, c.Patch, old); err != nil {
		return nil, badStrategicPatch(err)
	}
	return after, nil
}

// unknownPatch is the error for a patch of a type that the resource does not take.
func (c *call) unknownPatch() error {
	taken := []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType), string(types.ApplyYAMLPatchType)}
	if c.server.Catalog().Custom(c.Resource) != nil {
		taken = slices.Delete(taken, 2, 3)
	}
	return apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, "", schema.GroupResource{}, "",
		"the body of the request was in an unknown format - accepted media types include: "+strings.Join(taken, ", "), 0, false)
}

// unprocessable is the error for a patch that can be read and not be applied.
func unprocessable(err error) error {
	return apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
}

func badStrategicPatch(err error) error {
	switch err {
	case mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat:
		return apierrors.NewBadRequest(err.Error())
	case mergepatch.ErrNoListOfLists, mergepatch.ErrPatchContentNotMatchRetainKeys:
		return unprocessable(err)
	}
	return plain("%v", err)
}

// maxCopied bounds what the copy operations of one JSON patch may add, in bytes, as kube-apiserver does: without a
// bound thirty lines that double a value each time would fill the memory.
const maxCopied = 3 << 20

// limitCopies sets that bound, which the library keeps for the whole program.
var limitCopies = sync.OnceFunc(func() { jsonpatch.AccumulatedCopySizeLimit = maxCopied })
