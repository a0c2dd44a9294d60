// Package custom is what a CustomResourceDefinition makes of the API: each of its
// versions as a resource with a schema, by which objects are read, pruned,
// completed, validated, converted and shown. The work is that of
// k8s.io/apiextensions-apiserver's libraries; what lives here is how they are put
// together. What does not: the rules for definitions themselves (kinds), when a
// definition is served, where its objects are kept (apiserver), and HTTP (rest).
//
// Everything is a pure function of the definition and the objects given. What
// messages tell is sorted where a schema's properties, which have no order, gave rise to it.
package custom

import (
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"minisim/sim/api"
)

// Definition is one CustomResourceDefinition, understood.
type Definition struct {
	Versions []*Version // in the order of the specification
	Stored   *Version   // in which objects are written to the store

	crd *apiextensionsv1.CustomResourceDefinition
}

// Version is one version of a definition.
type Version struct {
	Resource *api.Resource
	Served   bool

	definition *Definition
	spec       *apiextensionsv1.CustomResourceDefinitionVersion
	schema     *structuralschema.Structural // its defaults are pruned
	internal   *apiextensions.JSONSchemaProps
	checks     *checks // made when the first object is to be validated
	fields     []selectableField
	merging    merging
}

// New understands a definition, which must have passed its validation. crd is
// shared and must not be changed.
func New(crd *apiextensionsv1.CustomResourceDefinition) (*Definition, error) {
	d := &Definition{crd: crd}
	for i := range crd.Spec.Versions {
		v, err := d.version(&crd.Spec.Versions[i])
		if err != nil {
			return nil, fmt.Errorf("version %s of %s: %w", crd.Spec.Versions[i].Name, crd.Name, err)
		}
		d.Versions = append(d.Versions, v)
		if v.spec.Storage {
			d.Stored = v
		}
	}
	if d.Stored == nil {
		return nil, fmt.Errorf("%s has no version to store objects in", crd.Name)
	}
	return d, nil
}

// Same says whether another state of the definition makes the same of the API.
func (d *Definition) Same(crd *apiextensionsv1.CustomResourceDefinition) bool {
	return d.crd.UID == crd.UID && apiequality.Semantic.DeepEqual(d.crd.Spec, crd.Spec) &&
		apiequality.Semantic.DeepEqual(d.crd.Status.AcceptedNames, crd.Status.AcceptedNames)
}

// Named is the version of that name, nil if there is none.
func (d *Definition) Named(name string) *Version {
	for _, v := range d.Versions {
		if v.spec.Name == name {
			return v
		}
	}
	return nil
}

func (d *Definition) version(spec *apiextensionsv1.CustomResourceDefinitionVersion) (*Version, error) {
	v := &Version{definition: d, spec: spec, Served: spec.Served, Resource: api.CustomVersion(d.crd, spec)}
	v.fields = selectable(spec.SelectableFields)
	if spec.Schema == nil || spec.Schema.OpenAPIV3Schema == nil {
		return v, nil
	}
	var in apiextensions.CustomResourceValidation
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(spec.Schema.DeepCopy(), &in, nil); err != nil {
		return nil, err
	}
	s, err := structuralschema.NewStructural(in.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	v.internal, v.schema = in.OpenAPIV3Schema, s.DeepCopy() // the defaults are shared otherwise
	return v, defaulting.PruneDefaults(v.schema)
}

// Scales says whether the version has the subresource scale.
func (v *Version) Scales() bool {
	return v.spec.Subresources != nil && v.spec.Subresources.Scale != nil
}
