package kinds

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// internal is a value as Kubernetes' messages show it: in the shape of its
// internal types, whose fields have no JSON names and are never left out.
type internal struct{ value any }

// MarshalJSON writes the value in that shape.
func (i internal) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	err := writeInternal(&b, reflect.ValueOf(i.value))
	return b.Bytes(), err
}

// shown is how messages show a value of any type.
func shown(v any) any {
	t := reflect.TypeOf(v)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && (t.Kind() == reflect.Struct || t.Kind() == reflect.Slice) {
		return internal{v}
	}
	return v
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	podSpecType   = reflect.TypeFor[corev1.PodSpec]()
	volumeType    = reflect.TypeFor[corev1.VolumeSource]()
	durableType   = reflect.TypeFor[corev1.PersistentVolumeSource]()
)

func writeInternal(b *bytes.Buffer, v reflect.Value) error {
	switch {
	case !v.IsValid() || nilable(v.Kind()) && v.IsNil():
		b.WriteString("null")
		return nil
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		return writeInternal(b, v.Elem())
	case plain(v.Type()):
		return writeJSON(b, v)
	case v.Type() == podSpecType:
		return writeInternal(b, reflect.ValueOf(internalPodSpec(v.Interface().(corev1.PodSpec))))
	}
	switch v.Kind() {
	case reflect.Struct:
		return writeStruct(b, v)
	case reflect.Map:
		return writeMap(b, v)
	case reflect.Slice:
		return writeSlice(b, v)
	default:
		return writeJSON(b, v)
	}
}

func nilable(k reflect.Kind) bool {
	return k == reflect.Pointer || k == reflect.Interface || k == reflect.Map || k == reflect.Slice
}

// plain reports whether Kubernetes has only one shape of a type: it writes itself,
// is of bytes, or belongs to apimachinery.
func plain(t reflect.Type) bool {
	return t.Implements(jsonMarshaler) || reflect.PointerTo(t).Implements(jsonMarshaler) ||
		t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 ||
		strings.HasPrefix(t.PkgPath(), "k8s.io/apimachinery/")
}

func writeJSON(b *bytes.Buffer, v reflect.Value) error {
	text, err := json.Marshal(v.Interface())
	b.Write(text)
	return err
}

func writeStruct(b *bytes.Buffer, v reflect.Value) error {
	b.WriteByte('{')
	err := writeFields(b, v)
	b.WriteByte('}')
	return err
}

// writeFields writes the fields of a struct; those of an embedded one as its own.
func writeFields(b *bytes.Buffer, v reflect.Value) error {
	t := v.Type()
	for _, i := range fieldOrder(t) {
		field, value := t.Field(i), v.Field(i)
		if field.Anonymous {
			if err := writeEmbedded(b, value); err != nil {
				return err
			}
			continue
		}
		comma(b)
		b.WriteString(`"` + field.Name + `":`)
		if err := writeInternal(b, value); err != nil {
			return err
		}
	}
	return nil
}

func writeEmbedded(b *bytes.Buffer, v reflect.Value) error {
	if !plain(v.Type()) {
		return writeFields(b, v)
	}
	text, err := json.Marshal(v.Interface())
	if len(text) > len("{}") {
		comma(b)
		b.Write(text[1 : len(text)-1])
	}
	return err
}

// comma goes before everything but the first of a struct, map or list.
func comma(b *bytes.Buffer) {
	if last := b.Bytes()[b.Len()-1]; last != '{' && last != '[' {
		b.WriteByte(',')
	}
}

// fieldOrder is the order of a struct's fields in the internal type, by index.
func fieldOrder(t reflect.Type) []int {
	order := make([]int, t.NumField())
	for i := range order {
		order[i] = i
	}
	if t == volumeType || t == durableType {
		order = movedAfter(t, order, "Quobyte", "RBD")
	}
	if t == durableType {
		order = movedAfter(t, order, "FlexVolume", "ISCSI")
	}
	return order
}

// movedAfter has the field with this name come right after another.
func movedAfter(t reflect.Type, order []int, name, other string) []int {
	f, _ := t.FieldByName(name)
	o, _ := t.FieldByName(other)
	order = slices.DeleteFunc(order, func(i int) bool { return i == f.Index[0] })
	return slices.Insert(order, slices.Index(order, o.Index[0])+1, f.Index[0])
}

func writeMap(b *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	b.WriteByte('{')
	for _, k := range keys {
		comma(b)
		if err := writeJSON(b, k); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := writeInternal(b, v.MapIndex(k)); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func writeSlice(b *bytes.Buffer, v reflect.Value) error {
	b.WriteByte('[')
	for i := range v.Len() {
		comma(b)
		if err := writeInternal(b, v.Index(i)); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}
