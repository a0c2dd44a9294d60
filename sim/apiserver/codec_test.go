package apiserver

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"

	"minisim/sim/api"
)

// filler fills objects with arbitrary values, among them the forms that the
// store does not keep: fractions of seconds, other time zones, empty lists.
type filler struct{ *rand.Rand }

func (f filler) fill(v reflect.Value, depth int) {
	switch p := v.Addr().Interface().(type) {
	case *metav1.Time:
		p.Time = time.Unix(f.Int64N(4e9), f.Int64N(1e9)).In(time.FixedZone("", 3600))
		return
	case *metav1.MicroTime:
		p.Time = time.Unix(f.Int64N(4e9), f.Int64N(1e9)).In(time.FixedZone("", 3600))
		return
	case *resource.Quantity:
		*p = *resource.NewMilliQuantity(f.Int64N(1e6), resource.DecimalSI)
		return
	case *intstr.IntOrString:
		*p = intstr.FromInt32(f.Int32())
		return
	case *runtime.RawExtension:
		p.Raw = []byte("{}")
		return
	case *metav1.FieldsV1:
		p.Raw = []byte("{}")
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 1)
	case reflect.Int32, reflect.Int64, reflect.Int:
		v.SetInt(int64(f.Int32()))
	case reflect.Uint8:
		v.SetUint(uint64(f.IntN(256)))
	case reflect.Float64:
		v.SetFloat(f.Float64())
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d", f.IntN(1000)))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Type != reflect.TypeFor[metav1.TypeMeta]() {
				f.fill(v.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		if depth < 12 && f.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		n := f.IntN(4) - 1
		if n < 0 || depth > 12 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		n := f.IntN(4) - 1
		if n < 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(k, depth+1)
			f.fill(e, depth+1)
			if e.Kind() == reflect.Slice && e.Len() == 0 {
				continue // there is no telling nil from empty here, nor need
			}
			v.SetMapIndex(k, e)
		}
	}
}

// TestCanonicalIsWhatComesBack proves that the server may keep an object that it
// has just encoded instead of decoding it again: for every type of the resource
// table, filled at random, the canonical form equals the decoded one.
func TestCanonicalIsWhatComesBack(t *testing.T) {
	for _, r := range api.Resources() {
		if r == api.CustomResourceDefinitions {
			continue // stored as JSON, which is always read again
		}
		f := filler{rand.New(rand.NewPCG(1, 2))}
		for range 200 {
			o := r.New()
			f.fill(reflect.ValueOf(o).Elem(), 0)
			value, err := encode(r, o)
			if err != nil {
				t.Fatal(err)
			}
			canonical(o)
			o.GetObjectKind().SetGroupVersionKind(r.GVK())
			o.SetResourceVersion("5")
			back := must[api.Object](t)(decode(r, value, 5))
			if !equality.Semantic.DeepEqual(o, back) {
				t.Fatalf("%s differs:\n%+v\n%+v", r, o, back)
			}
			if again := must[[]byte](t)(encode(r, back.DeepCopyObject().(api.Object))); !reflect.DeepEqual(again, value) {
				t.Fatalf("%s: decoded and encoded again it has other bytes", r)
			}
			if err := sameForm(reflect.ValueOf(o).Elem(), reflect.ValueOf(back).Elem()); err != "" {
				t.Fatalf("%s: %s", r, err)
			}
		}
	}
}

// sameForm compares what Semantic.DeepEqual overlooks: times to the last bit, nil against empty.
func sameForm(a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Struct:
		if t, ok := a.Interface().(time.Time); ok {
			if u := b.Interface().(time.Time); t != u {
				return fmt.Sprintf("the times %v and %v", t, u)
			}
			return ""
		}
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() {
				if s := sameForm(a.Field(i), b.Field(i)); s != "" {
					return a.Type().Field(i).Name + "." + s
				}
			}
		}
	case reflect.Pointer:
		if !a.IsNil() {
			return sameForm(a.Elem(), b.Elem())
		}
	case reflect.Map:
		if a.IsNil() != b.IsNil() {
			return "one map is nil, the other empty"
		}
	case reflect.Slice:
		if a.IsNil() != b.IsNil() {
			return "one list is nil, the other empty"
		}
		for i := range a.Len() {
			if s := sameForm(a.Index(i), b.Index(i)); s != "" {
				return fmt.Sprintf("%d.%s", i, s)
			}
		}
	}
	return ""
}

// TestEncodeAsKubernetesDoes holds the stored bytes against those of apimachinery's own serializer.
func TestEncodeAsKubernetesDoes(t *testing.T) {
	theirs := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	for _, r := range api.Resources() {
		if r == api.CustomResourceDefinitions {
			continue // stored as JSON
		}
		f := filler{rand.New(rand.NewPCG(3, 4))}
		o := r.New()
		f.fill(reflect.ValueOf(o).Elem(), 0)
		o.GetObjectKind().SetGroupVersionKind(r.GVK())
		o.SetResourceVersion("")
		want := must[[]byte](t)(runtime.Encode(theirs, o))
		if got := must[[]byte](t)(encode(r, o)); string(got) != string(want) {
			t.Errorf("%s: other bytes than apimachinery writes", r)
		}
		back, _, err := theirs.Decode(want, nil, nil)
		if err != nil || reflect.TypeOf(back) != reflect.TypeOf(o) {
			t.Errorf("%s: apimachinery reads a %T, %v", r, back, err)
		}
	}
}

func TestStoreKeysAreReadBack(t *testing.T) {
	for _, r := range api.Resources() {
		k := api.Key{Name: "some-name"}
		if r.Namespaced {
			k.Namespace = "some-namespace"
		}
		if r2, k2, ok := catalogOf(nil).parseStoreKey(r.StoreKey(k)); !ok || r2 != r || k2 != k {
			t.Errorf("%s: read as %v %v %v", r.StoreKey(k), r2, k2, ok)
		}
	}
	for _, key := range []string{"", "/registry/", "/registry/pods/", "/registry/example.com/widgets/default/a", "/elsewhere/pods/default/a"} {
		if r, k, ok := catalogOf(nil).parseStoreKey(key); ok {
			t.Errorf("%q: read as %s %s", key, r, k)
		}
	}
}
