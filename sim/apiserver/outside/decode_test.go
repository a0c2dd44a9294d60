package outside

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/api"
)

func read(r *api.Resource, sub, contentType, validation string, body []byte) (api.Object, []string, error) {
	w := &write{Request: Request{Subresource: sub, ContentType: contentType, Validation: validation, Body: body}, resource: r}
	o, err := w.decode()
	return o, w.result.Warnings, err
}

// protobufOf writes an object as client-go does.
func protobufOf(t testing.TB, o interface{ Marshal() ([]byte, error) }, kind string) []byte {
	raw, err := o.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	data, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: kind}, Raw: raw}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("k8s\x00"), data...)
}

func TestForms(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
	for name, c := range map[string]struct {
		resource         *api.Resource
		sub, contentType string
		body             string
		name             string // of what is read; "" if it is refused
		warnings         int
	}{
		"JSON":                  {resource: api.Pods, contentType: JSON, body: `{"metadata":{"name":"p"}}`, name: "p"},
		"YAML":                  {resource: api.Pods, contentType: YAML, body: "metadata: {name: p}", name: "p"},
		"protobuf":              {resource: api.Pods, contentType: Protobuf, body: string(protobufOf(t, pod, "Pod")), name: "p"},
		"an unknown field":      {resource: api.Pods, contentType: JSON, body: `{"metadata":{"name":"p"},"x":1}`, name: "p", warnings: 1},
		"a scale":               {resource: api.Deployments, sub: "scale", contentType: JSON, body: `{"metadata":{"name":"d"},"spec":{"replicas":3,"x":1}}`, name: "d", warnings: 1},
		"an eviction":           {resource: api.Pods, sub: "eviction", contentType: YAML, body: "metadata: {name: p}", name: "p"},
		"another form":          {resource: api.Pods, contentType: "text/html", body: "p"},
		"another kind":          {resource: api.Pods, contentType: Protobuf, body: string(protobufOf(t, pod, "Node"))},
		"another kind of scale": {resource: api.Deployments, sub: "scale", contentType: JSON, body: `{"kind":"Pod","apiVersion":"v1"}`},
		"no protobuf":           {resource: api.Pods, contentType: Protobuf, body: "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			o, warnings, err := read(c.resource, c.sub, c.contentType, metav1.FieldValidationWarn, []byte(c.body))
			if c.name == "" {
				if !apierrors.IsBadRequest(err) && !apierrors.IsUnsupportedMediaType(err) {
					t.Errorf("read %v, %v", o, err)
				}
				return
			}
			if err != nil || o.GetName() != c.name || len(warnings) != c.warnings || o.GetObjectKind().GroupVersionKind() != BodyKind(c.resource, c.sub) {
				t.Errorf("read %v with warnings %q, %v", o, warnings, err)
			}
		})
	}
}

// FuzzDecode reads anything as anything.
func FuzzDecode(f *testing.F) {
	f.Add(JSON, "", []byte(`{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"resources":{"limits":{"cpu":"1"}}}]}}`))
	f.Add(YAML, "eviction", []byte("deleteOptions: {gracePeriodSeconds: 1}"))
	f.Add(Protobuf, "", protobufOf(f, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}, "Pod"))
	f.Fuzz(func(t *testing.T, contentType, sub string, body []byte) {
		o, _, err := read(api.Pods, sub, contentType, metav1.FieldValidationWarn, body)
		if err == nil && o == nil {
			t.Error("neither an object nor an error")
		}
		if _, known := err.(apierrors.APIStatus); err != nil && !known {
			t.Errorf("an error that no client can read: %v", err)
		}
	})
}
