package kinds

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"minisim/sim/api"
)

// decode reads an object as the body of a request for its own kind, or for a Pod if that is none.
func decode(data []byte, strict bool) (api.Object, []string, error) {
	var is metav1.TypeMeta
	_ = yaml.Unmarshal(data, &is) // what cannot be read is DecodeBody's matter
	r := cmp.Or(api.ByKind(is.GroupVersionKind()), api.Pods)
	return DecodeBody(r.GVK(), r.New, data, !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")), strict)
}

func TestDecode(t *testing.T) {
	for _, format := range []string{
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
		` {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3}}`,
	} {
		o, warnings, err := decode([]byte(format), true)
		if err != nil || len(warnings) > 0 {
			t.Fatal(warnings, err)
		}
		if d, ok := o.(*appsv1.Deployment); !ok || d.Name != "web" || *d.Spec.Replicas != 3 || d.Kind != "Deployment" {
			t.Errorf("decoded %#v", o)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":      {"apiVersion: v1\nkind: Service\nspec: {foo: 1, ports: [{prot: x}]}", `strict decoding error: unknown field "spec.foo", unknown field "spec.ports[0].prot"`},
		"duplicate field":    {`{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"},"data":{"b":"2"}}`, `strict decoding error: duplicate field "data"`},
		"duplicate key":      {"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: x\n  a: z\n", "line 5: key \"a\" already set in map"},
		"not registered":     {"apiVersion: v1\nkind: Gadget", `no kind "Gadget" is registered for version "v1" in scheme`},
		"old version":        {"apiVersion: apps/v1beta1\nkind: Deployment", `the API version in the data (apps/v1beta1) does not match the expected API version (v1)`},
		"of another type":    {"apiVersion: v1\nkind: Pod\nspec: {containers: x}", "cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container"},
		"malformed quantity": {"apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {memory: 1GB}}}]}", "quantities must match the regular expression"},
		"malformed":          {"{", "unexpected end of JSON input"},
	} {
		if o, _, err := decode([]byte(c.text), true); err == nil || !strings.Contains(err.Error(), c.want) || o != nil {
			t.Errorf("%s: %v %v, want %s", name, o, err, c.want)
		}
	}
}

func TestDecodeLeniently(t *testing.T) {
	o, warnings, err := decode([]byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a, lables: {}}\nspec: {nodename: x}"), false)
	want := []string{`unknown field "metadata.lables"`, `unknown field "spec.nodename"`}
	if err != nil || !slices.Equal(warnings, want) {
		t.Errorf("%v %q, want %q", err, warnings, want)
	}
	if pod := o.(*corev1.Pod); pod.Name != "a" || pod.Spec.NodeName != "" {
		t.Errorf("decoded %v", pod)
	}
}

func TestDecodeBody(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"kind from the request": {`{"metadata":{"name":"a"}}`, ""},
		"another kind":          {`{"apiVersion":"v1","kind":"Pod"}`, `Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion`},
		"no object":             {`[1]`, `(must be of type ConfigMap): couldn't get version/kind`},
		"nothing":               {``, `(<empty>)`},
	} {
		o, _, err := DecodeBody(api.ConfigMaps.GVK(), api.ConfigMaps.New, []byte(c.body), false, true)
		if c.want == "" {
			if err != nil || o.GetObjectKind().GroupVersionKind() != api.ConfigMaps.GVK() {
				t.Errorf("%s: %v %v", name, o, err)
			}
			continue
		}
		if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
