package openapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	openapiv2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
	"k8s.io/kube-openapi/pkg/schemamutation"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// Second is the one document of OpenAPI v2, which describes all group versions.
// kubectl apply asks for it when it finds a kind in no document of v3.
type Second struct {
	JSON     []byte
	Protobuf []byte
	Hash     string // of JSON
}

// MakeSecond says in OpenAPI v2 what documents of v3 say, as far as v2 has words for it.
func MakeSecond(documents []Document) (Second, error) {
	all := spec.Swagger{SwaggerProps: spec.SwaggerProps{
		Swagger:     "2.0",
		Info:        &spec.Info{InfoProps: spec.InfoProps{Title: title, Version: version}},
		Paths:       &spec.Paths{Paths: map[string]spec.PathItem{}},
		Definitions: spec.Definitions{},
	}}
	for _, d := range documents {
		var third spec3.OpenAPI
		if err := json.Unmarshal(d.JSON, &third); err != nil {
			return Second{}, fmt.Errorf("read %s: %w", d.Path, err)
		}
		for path, p := range third.Paths.Paths {
			all.Paths.Paths[path] = secondPath(p)
		}
		for name, s := range third.Components.Schemas {
			if _, ok := all.Definitions[name]; !ok {
				all.Definitions[name] = *secondSchema(s)
			}
		}
	}
	data, err := json.Marshal(&all)
	if err != nil {
		return Second{}, fmt.Errorf("describe all: %w", err)
	}
	parsed, err := openapiv2.ParseDocument(data)
	if err != nil {
		return Second{}, fmt.Errorf("describe all: %w", err)
	}
	binary, err := proto.MarshalOptions{Deterministic: true}.Marshal(parsed)
	if err != nil {
		return Second{}, fmt.Errorf("describe all in protobuf: %w", err)
	}
	sum := sha256.Sum256(data)
	return Second{data, binary, strings.ToUpper(hex.EncodeToString(sum[:]))}, nil
}

func secondPath(p *spec3.Path) spec.PathItem {
	return spec.PathItem{PathItemProps: spec.PathItemProps{
		Get: secondOperation(p.Get), Put: secondOperation(p.Put), Post: secondOperation(p.Post),
		Delete: secondOperation(p.Delete), Patch: secondOperation(p.Patch),
	}}
}

// secondOperation makes a parameter of the body; what else is known of an operation stays.
func secondOperation(o *spec3.Operation) *spec.Operation {
	if o == nil {
		return nil
	}
	out := &spec.Operation{VendorExtensible: o.VendorExtensible, OperationProps: spec.OperationProps{
		ID:        o.OperationId,
		Responses: &spec.Responses{ResponsesProps: spec.ResponsesProps{StatusCodeResponses: map[int]spec.Response{}}},
	}}
	for _, p := range o.Parameters {
		out.Parameters = append(out.Parameters, spec.Parameter{
			ParamProps:   spec.ParamProps{Name: p.Name, In: p.In, Required: p.Required},
			SimpleSchema: spec.SimpleSchema{Type: p.Schema.Type[0]},
		})
	}
	if o.RequestBody != nil {
		var body *spec.Schema
		body, out.Consumes = secondContent(o.RequestBody.Content)
		out.Parameters = append(out.Parameters, spec.Parameter{ParamProps: spec.ParamProps{Name: "body", In: "body", Required: true, Schema: body}})
	}
	for code, r := range o.Responses.StatusCodeResponses {
		var answer *spec.Schema
		answer, out.Produces = secondContent(r.Content)
		out.Responses.StatusCodeResponses[code] = spec.Response{ResponseProps: spec.ResponseProps{Description: r.Description, Schema: answer}}
	}
	return out
}

// secondContent gives the schema of a body, which is the same in all its media types, and these.
func secondContent(content map[string]*spec3.MediaType) (*spec.Schema, []string) {
	var schema *spec.Schema
	var types []string
	for t, m := range content {
		schema, types = secondSchema(m.Schema), append(types, t)
	}
	slices.Sort(types)
	return schema, types
}

// secondSchema leaves out of a schema what v2 cannot say.
func secondSchema(s *spec.Schema) *spec.Schema {
	w := schemamutation.Walker{SchemaCallback: withoutThird, RefCallback: definition}
	return w.WalkSchema(s)
}

// withoutThird does what an API server does to the schemas of its v2 document: a
// field that may be null has no type there, as v2 knows no null, one that keeps
// unknown fields has no known ones, and one of several types is a string.
func withoutThird(s *spec.Schema) *spec.Schema {
	out := *s
	if keeps, _ := s.Extensions.GetBool("x-kubernetes-preserve-unknown-fields"); keeps {
		out.Items, out.Properties = nil, nil
	}
	switch {
	case s.Nullable:
		out.Nullable, out.Type, out.Items, out.Properties = false, nil, nil, nil
	case len(s.AllOf) == 1 && s.AllOf[0].Ref.String() != "":
		// v3 wraps a reference that has a default or a description; in v2 these may stand beside it.
		out.Ref, out.AllOf, out.Default = s.AllOf[0].Ref, nil, nil
	case len(s.Type) == 0 && len(s.OneOf) > 0 && len(s.OneOf[0].Type) > 0:
		out.Type = spec.StringOrArray{"string"}
	}
	out.OneOf, out.AnyOf, out.Not = nil, nil, nil
	return &out
}

// definition is where v2 keeps the schema that a reference names.
func definition(r *spec.Ref) *spec.Ref {
	name, ok := strings.CutPrefix(r.String(), schemaPrefix)
	if !ok {
		return r
	}
	out := spec.MustCreateRef("#/definitions/" + name)
	return &out
}
