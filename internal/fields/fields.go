// Package fields reads a typed object from JSON, as Kubernetes does, and says in plain words which of its fields cannot
// be read. What must not live here: any knowledge of a kind, or where the JSON comes from.
package fields

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	kjson "sigs.k8s.io/json"
)

// Fault is a field that cannot be read as it is, and why.
type Fault struct {
	Path string // "spec.containers[0].image"; "" for the whole
	Text string
}

// Error is "path: text".
func (f Fault) Error() string {
	if f.Path == "" {
		return f.Text
	}
	return f.Path + ": " + f.Text
}

// Faults are all that are wrong with one object.
type Faults []Fault

// Error has the faults one after the other on one line.
func (fs Faults) Error() string {
	var texts []string
	for _, f := range fs {
		texts = append(texts, f.Error())
	}
	return strings.Join(texts, "; ")
}

// Decode reads JSON into a pointer to an empty value. Field names are case-sensitive. Ignored are the fields that the
// value does not have, or that stand twice, which is no error here. The error is Faults unless the text is no JSON.
func Decode(raw []byte, into any) (ignored Faults, err error) {
	strict, err := kjson.UnmarshalStrict(raw, into)
	if err == nil {
		return lenient(strict), nil
	}
	var whole any
	if json.Unmarshal(raw, &whole) != nil {
		return nil, err // no JSON: the decoder's own words have the place
	}
	var faults Faults
	visit(whole, nil, func(path []step, value any) bool {
		e := alone(path, value, reflect.TypeOf(into).Elem())
		if e != nil {
			faults = append(faults, Fault{Path: pathText(path), Text: wrong(e, value)})
		}
		return e == nil
	})
	if len(faults) == 0 {
		return nil, err // only fields that do not go together: none is known
	}
	return nil, faults
}

// lenient says what the decoder has passed over.
func lenient(strict []error) Faults {
	var faults Faults
	for _, err := range strict {
		f := Fault{Text: err.Error()}
		var field kjson.FieldError
		if errors.As(err, &field) {
			f = Fault{Path: field.FieldPath(), Text: "there is no such field"}
			if strings.HasPrefix(err.Error(), "duplicate") {
				f.Text = "it stands twice"
			}
		}
		faults = append(faults, f)
	}
	return faults
}

// step is a key, or an index when the key is empty.
type step struct {
	key   string
	index int
}

// visit shows all values in the order of their paths: a mapping or list first empty, then, if that is right, what it holds.
func visit(v any, path []step, show func([]step, any) bool) {
	switch v := v.(type) {
	case map[string]any:
		if !show(path, map[string]any{}) {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			visit(v[key], append(slices.Clone(path), step{key: key}), show)
		}
	case []any:
		if !show(path, []any{}) {
			return
		}
		for i, item := range v {
			visit(item, append(slices.Clone(path), step{index: i}), show)
		}
	default:
		show(path, v)
	}
}

// alone tells why an object that has nothing but one value cannot be read, or nil.
func alone(path []step, value any, as reflect.Type) error {
	for _, at := range slices.Backward(path) {
		if at.key == "" {
			value = []any{value}
		} else {
			value = map[string]any{at.key: value}
		}
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return kjson.UnmarshalCaseSensitivePreserveInts(raw, reflect.New(as).Interface())
}

// pathText is a path as people write it.
func pathText(path []step) string {
	var text strings.Builder
	for _, at := range path {
		if at.key == "" {
			fmt.Fprintf(&text, "[%d]", at.index)
		} else {
			text.WriteString("." + at.key)
		}
	}
	return strings.TrimPrefix(text.String(), ".")
}

// wrong says what is wrong with a value.
func wrong(err error, value any) string {
	have := shown(value)
	var kind *json.UnmarshalTypeError
	var moment *time.ParseError
	switch {
	case errors.Is(err, resource.ErrFormatWrong), errors.Is(err, resource.ErrNumeric), errors.Is(err, resource.ErrSuffix):
		return have + " is no quantity such as 500m, 2 or 1Gi"
	case errors.As(err, &moment):
		return have + " is no time such as 2026-01-31T12:00:00Z"
	case errors.As(err, &kind):
		return "must be " + cmp.Or(names[kind.Type.Kind()], kind.Type.String()) + ", not " + have
	}
	return have + ": " + err.Error()
}

// names are what people call the kinds of Go.
var names = map[reflect.Kind]string{
	reflect.String: "text", reflect.Bool: "true or false", reflect.Slice: "a list", reflect.Array: "a list",
	reflect.Map: "a mapping", reflect.Struct: "a mapping", reflect.Pointer: "a mapping",
	reflect.Int: "a whole number", reflect.Int32: "a whole number up to 2147483647", reflect.Int64: "a whole number",
	reflect.Uint: "a whole number", reflect.Uint32: "a whole number", reflect.Uint64: "a whole number",
	reflect.Uint8: "a whole number", reflect.Uint16: "a whole number", reflect.Int8: "a whole number", reflect.Int16: "a whole number",
	reflect.Float32: "a number", reflect.Float64: "a number",
}

func shown(value any) string {
	switch value.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(text.String())
}
