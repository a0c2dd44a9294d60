package custom

import (
	"errors"
	"fmt"
	"maps"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"minisim/sim/api"
)

// merging is what server-side apply needs of a version, made when it is first used.
type merging struct {
	managers map[string]*managedfields.FieldManager // by subresource
}

// Manager is the field manager of the version or a subresource of it.
func (v *Version) Manager(subresource string) (*managedfields.FieldManager, error) {
	if m := v.merging.managers[subresource]; m != nil {
		return m, nil
	}
	types, err := v.definition.types()
	if err != nil {
		return nil, err
	}
	gv := v.Resource.GVK().GroupVersion()
	m, err := managedfields.NewDefaultCRDFieldManager(types, versions{v.definition}, defaulter{v}, anyKind{}, v.Resource.GVK(), gv, subresource, v.definition.reset(subresource))
	if err != nil {
		return nil, err
	}
	if v.merging.managers == nil {
		v.merging.managers = map[string]*managedfields.FieldManager{}
	}
	v.merging.managers[subresource] = m
	return m, nil
}

// types are the schemas of all versions as server-side apply reads them.
func (d *Definition) types() (managedfields.TypeConverter, error) {
	models := maps.Clone(nativeSchemas())
	for _, v := range d.Versions {
		maps.Copy(models, v.Schemas())
	}
	return managedfields.NewTypeConverter(models, false)
}

// reset are the fields that a request cannot change, by version.
func (d *Definition) reset(subresource string) map[fieldpath.APIVersion]fieldpath.Filter {
	out := map[fieldpath.APIVersion]fieldpath.Filter{}
	for _, v := range d.Versions {
		fields := fieldpath.NewSet(fieldpath.MakePathOrDie("status"))
		switch {
		case subresource == "status":
			fields = fieldpath.NewSet(fieldpath.MakePathOrDie("metadata"), fieldpath.MakePathOrDie("spec"))
		case !v.Resource.Status:
			continue
		}
		out[fieldpath.APIVersion(v.Resource.GVK().GroupVersion().String())] = fieldpath.NewExcludeSetFilter(fields)
	}
	return out
}

// DefinitionTypes is the schema of definitions themselves as server-side apply reads it.
func DefinitionTypes() (managedfields.TypeConverter, error) {
	models := maps.Clone(nativeSchemas())
	name := apiextensionsv1.CustomResourceDefinition{}.OpenAPIModelName()
	model := *models[name]
	model.Extensions = maps.Clone(model.Extensions)
	ofKind(&model, api.CustomResourceDefinitions.GVK())
	models[name] = &model
	return managedfields.NewTypeConverter(map[string]*spec.Schema(models), false)
}

// versions converts objects between the versions of a definition.
type versions struct{ *Definition }

var errNoSuchVersion = errors.New("request to convert CR to an invalid group/version")

// ConvertToVersion shows an object in another version.
func (d versions) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	from := in.GetObjectKind().GroupVersionKind()
	to, ok := target.KindForGroupVersionKinds([]schema.GroupVersionKind{from})
	if !ok {
		return nil, fmt.Errorf("%v is unstructured and is not suitable for converting to %q", from, target)
	}
	v := d.Named(to.Version)
	if v == nil {
		return nil, fmt.Errorf("%w: %s", errNoSuchVersion, to.GroupVersion())
	}
	return v.From(in.DeepCopyObject().(api.Object))
}

// Convert shows in as an object of out's version, in out.
func (d versions) Convert(in, out, _ any) error {
	target := out.(*unstructured.Unstructured)
	o, err := d.ConvertToVersion(in.(runtime.Object), target.GroupVersionKind().GroupVersion())
	if err == nil {
		target.Object = o.(*unstructured.Unstructured).Object
	}
	return err
}

// ConvertFieldLabel is not for merging.
func (d versions) ConvertFieldLabel(_ schema.GroupVersionKind, label, _ string) (string, string, error) {
	return "", "", fmt.Errorf("field label not supported: %s", label)
}

// defaulter fills in defaults for server-side apply.
type defaulter struct{ *Version }

// Default fills in the defaults of an object.
func (d defaulter) Default(o runtime.Object) { d.Version.Default(o.(api.Object)) }
