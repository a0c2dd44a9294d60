package custom

import (
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// SchemaPrefix comes before the name of a schema where another one refers to it.
const SchemaPrefix = "#/components/schemas/"

// The schemas of Kubernetes' own types that those of custom resources refer to.
const (
	objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
	listMeta   = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
)

// kindExtension says in a schema of which kinds it is.
const kindExtension = "x-kubernetes-group-version-kind"

// SchemaName is the name of a kind's schema: "com.example.v1.Widget".
func SchemaName(kind schema.GroupVersionKind) string {
	group := strings.Split(kind.Group, ".")
	slices.Reverse(group)
	return strings.Join(group, ".") + "." + kind.Version + "." + kind.Kind
}

// Schemas are the version's schemas, of one object and of a list, by name. They
// refer to those of Kubernetes' metadata. Anybody may call it.
func (v *Version) Schemas() map[string]*spec.Schema {
	one := v.Resource.GVK()
	list := one
	list.Kind = v.Resource.ListKind
	return map[string]*spec.Schema{SchemaName(one): v.objectSchema(), SchemaName(list): v.listSchema(list)}
}

func (v *Version) objectSchema() *spec.Schema {
	s := &spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"object"}}}
	if v.schema != nil {
		s = v.schema.ToKubeOpenAPI()
		addEmbedded(s)
		s.SetProperty("metadata", *refer(objectMeta, standardMetadata))
		addTypeMeta(s)
	}
	ofKind(s, v.Resource.GVK())
	if len(v.fields) > 0 {
		var fields []any
		for _, f := range v.spec.SelectableFields {
			fields = append(fields, map[string]any{"fieldPath": strings.TrimPrefix(f.JSONPath, ".")})
		}
		s.AddExtension("x-kubernetes-selectable-fields", fields)
	}
	return s
}

func (v *Version) listSchema(kind schema.GroupVersionKind) *spec.Schema {
	items := spec.ArrayProperty(refer(SchemaName(v.Resource.GVK()), ""))
	items.Description = "List of " + v.Resource.Name + ". " + conventions
	s := new(spec.Schema).Typed("object", "").WithRequired("items")
	s.Description = kind.Kind + " is a list of " + v.Resource.Kind
	s.SetProperty("items", *items)
	s.SetProperty("metadata", *refer(listMeta, standardMetadata))
	addTypeMeta(s)
	ofKind(s, kind)
	return s
}

const conventions = "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"

var (
	standardMetadata = metav1.PartialObjectMetadata{}.SwaggerDoc()["metadata"]
	typeDoc          = metav1.TypeMeta{}.SwaggerDoc()
)

func refer(name, description string) *spec.Schema {
	ref := spec.RefSchema(SchemaPrefix + name)
	if description == "" {
		return ref
	}
	// Beside a reference nothing else may stand.
	return &spec.Schema{SchemaProps: spec.SchemaProps{Description: description, Default: map[string]any{}, AllOf: []spec.Schema{*ref}}}
}

func ofKind(s *spec.Schema, kind schema.GroupVersionKind) {
	s.AddExtension(kindExtension, []any{map[string]any{"group": kind.Group, "version": kind.Version, "kind": kind.Kind}})
}

func addTypeMeta(s *spec.Schema) {
	for _, name := range []string{"apiVersion", "kind"} {
		s.SetProperty(name, *spec.StringProperty().WithDescription(typeDoc[name]))
	}
}

// addEmbedded completes the schemas of whole objects within an object.
func addEmbedded(s *spec.Schema) {
	if s == nil {
		return
	}
	for name, p := range s.Properties {
		addEmbedded(&p)
		s.Properties[name] = p
	}
	if s.Items != nil {
		addEmbedded(s.Items.Schema)
	}
	if s.AdditionalProperties != nil {
		addEmbedded(s.AdditionalProperties.Schema)
	}
	if embedded, ok := s.Extensions.GetBool("x-kubernetes-embedded-resource"); !ok || !embedded {
		return
	}
	addTypeMeta(s)
	s.SetProperty("metadata", *refer(objectMeta, standardMetadata))
	for _, name := range []string{"kind", "apiVersion"} {
		if !slices.Contains(s.Required, name) {
			s.Required = append(s.Required, name)
		}
	}
}

// nativeSchemas are the schemas of Kubernetes' metadata and of definitions
// themselves, by name. To make them takes some milliseconds.
var nativeSchemas = sync.OnceValue(func() map[string]*spec.Schema {
	out := map[string]*spec.Schema{}
	for name, d := range openapi.GetOpenAPIDefinitions(func(name string) spec.Ref { return spec.MustCreateRef(SchemaPrefix + name) }) {
		if strings.HasPrefix(name, "io.k8s.apimachinery.") || strings.HasPrefix(name, "io.k8s.apiextensions-apiserver.") {
			s := d.Schema
			out[name] = &s
		}
	}
	return out
})
