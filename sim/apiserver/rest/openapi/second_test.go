package openapi_test

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"minisim/sim/apiserver/rest/openapi"
)

// TestSecond says in v2 a resource of Kubernetes and a custom one whose schema has what v2 lacks.
func TestSecond(t *testing.T) {
	pack, err := openapi.Unpack()
	if err != nil {
		t.Fatal(err)
	}
	documents, err := pack.Documents([]openapi.Way{{Resource: "deployments", Kind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespaced: true}})
	if err != nil {
		t.Fatal(err)
	}
	boat := schema.GroupVersionKind{Group: "sea.io", Version: "v1", Kind: "Boat"}
	own, err := pack.Custom(boat.GroupVersion(), []openapi.Way{{Resource: "boats", Kind: boat}}, map[string]json.RawMessage{"io.sea.v1.Boat": json.RawMessage(`{
		"type": "object", "x-kubernetes-group-version-kind": [{"group": "sea.io", "version": "v1", "kind": "Boat"}],
		"properties": {
			"metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}], "description": "whose", "default": {}},
			"default": {"type": "string", "default": "x"},
			"mast": {"type": "string", "nullable": true},
			"crew": {"type": "integer", "anyOf": [{"minimum": 1}], "not": {"minimum": 9}},
			"cargo": {"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-preserve-unknown-fields": true}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	second, err := openapi.MakeSecond(append(documents, own))
	if err != nil {
		t.Fatal(err)
	}
	var got spec.Swagger
	if err := got.UnmarshalJSON(second.JSON); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"io.sea.v1.Boat": `{"type":"object","properties":{"cargo":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"crew":{"type":"integer"},` +
			`"default":{"type":"string","default":"x"},"mast":{},"metadata":{"description":"whose","$ref":"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}},` +
			`"x-kubernetes-group-version-kind":[{"group":"sea.io","kind":"Boat","version":"v1"}]}`,
		"io.k8s.apimachinery.pkg.util.intstr.IntOrString": `{"type":"string","format":"int-or-string"}`,
	} {
		s := got.Definitions[name]
		if name != "io.sea.v1.Boat" {
			s.Description = ""
		}
		data, err := json.Marshal(s)
		if err != nil || !sameJSON(t, data, []byte(want)) {
			t.Errorf("%s: %s %v, want %s", name, data, err, want)
		}
	}
	patch := got.Paths.Paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"].Patch
	if patch == nil || len(patch.Consumes) != 4 || patch.Parameters[len(patch.Parameters)-1].In != "body" {
		t.Errorf("the way to patch a deployment: %+v", patch)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	left, _ := json.Marshal(x)
	right, _ := json.Marshal(y)
	return string(left) == string(right)
}
