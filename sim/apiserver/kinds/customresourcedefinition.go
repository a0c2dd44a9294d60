package kinds

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"minisim/sim/api"
)

// customResourceDefinitions is what Kubernetes does to the definitions of custom
// resources. The rules are those of k8s.io/apiextensions-apiserver, over its
// internal form of a definition.
var customResourceDefinitions = &Strategy{
	Default: func(o api.Object) { apiextensionsv1.SetObjectDefaults_CustomResourceDefinition(definition(o)) },
	PrepareForCreate: func(o api.Object) {
		crd := definition(o)
		crd.Status = apiextensionsv1.CustomResourceDefinitionStatus{}
		crd.Generation = 1
		noteStoredVersion(crd)
	},
	PrepareForUpdate: func(new, old api.Object) {
		crd, was := definition(new), definition(old)
		crd.Generation, crd.Status = was.Generation, *was.Status.DeepCopy()
		if !apiequality.Semantic.DeepEqual(crd.Spec, was.Spec) {
			crd.Generation++
		}
		noteStoredVersion(crd)
	},
	PrepareForStatusUpdate: func(new, old api.Object) {
		new.SetGeneration(old.GetGeneration())
		definition(new).Spec = definition(old).Spec
	},
	Validate: func(o api.Object) field.ErrorList {
		return definitionFaults(o, nil, func(crd, _ *apiextensions.CustomResourceDefinition) field.ErrorList {
			return crdvalidation.ValidateCustomResourceDefinition(context.Background(), crd)
		})
	},
	ValidateUpdate: func(new, old api.Object) field.ErrorList {
		return definitionFaults(new, old, func(crd, was *apiextensions.CustomResourceDefinition) field.ErrorList {
			return crdvalidation.ValidateCustomResourceDefinitionUpdate(context.Background(), crd, was)
		})
	},
	ValidateStatusUpdate: func(new, old api.Object) field.ErrorList {
		return definitionFaults(new, old, crdvalidation.ValidateUpdateCustomResourceDefinitionStatus)
	},
	Warnings:         func(o api.Object) []string { return unknownFormats(definition(o), nil) },
	WarningsOnUpdate: func(new, old api.Object) []string { return unknownFormats(definition(new), definition(old)) },
	NeedsVersion:     true,
}

func definition(o api.Object) *apiextensionsv1.CustomResourceDefinition {
	return o.(*apiextensionsv1.CustomResourceDefinition)
}

// noteStoredVersion remembers that objects may be stored in the version that the specification names for that.
func noteStoredVersion(crd *apiextensionsv1.CustomResourceDefinition) {
	for _, v := range crd.Spec.Versions {
		if v.Storage {
			if !slices.Contains(crd.Status.StoredVersions, v.Name) {
				crd.Status.StoredVersions = append(crd.Status.StoredVersions, v.Name)
			}
			return
		}
	}
}

// definitionFaults finds what is wrong with a definition, and with its change if
// there is an old one. As with other kinds, the rules for all metadata come first
// for a change, and last for a new object that keeps the kind's own.
func definitionFaults(new, old api.Object, check func(crd, was *apiextensions.CustomResourceDefinition) field.ErrorList) field.ErrorList {
	f := &faults{}
	if old != nil {
		f.anyUpdate(api.CustomResourceDefinitions, new, old)
	}
	crd, err := internalDefinition(new)
	if err != nil {
		return field.ErrorList{field.InternalError(specPath, err)}
	}
	was := &apiextensions.CustomResourceDefinition{}
	if old != nil {
		if was, err = internalDefinition(old); err != nil {
			return field.ErrorList{field.InternalError(specPath, err)}
		}
	}
	f.add(checked(crd, was, check)...)
	return f.list
}

// checked is check without the fields by which objects are selected where the
// schema is empty: Kubernetes' own check, which looks for them there, would not survive that.
func checked(crd, was *apiextensions.CustomResourceDefinition, check func(crd, was *apiextensions.CustomResourceDefinition) field.ErrorList) field.ErrorList {
	empty := func(v *apiextensions.CustomResourceValidation) bool { return v != nil && v.OpenAPIV3Schema == nil }
	if empty(crd.Spec.Validation) {
		crd.Spec.SelectableFields = nil
	}
	for i := range crd.Spec.Versions {
		if v := &crd.Spec.Versions[i]; empty(v.Schema) {
			v.SelectableFields = nil
		}
	}
	return check(crd, was)
}

func internalDefinition(o api.Object) (*apiextensions.CustomResourceDefinition, error) {
	out := &apiextensions.CustomResourceDefinition{}
	in := definition(o).DeepCopy() // the internal form would share parts with it, and its rules complete them
	return out, apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(in, out, nil)
}

// unknownFormats remarks upon formats that nobody checks, but for those that the old definition has already.
func unknownFormats(crd, old *apiextensionsv1.CustomResourceDefinition) (warnings []string) {
	var known []string
	if old != nil {
		known = formatsNobodyChecks(old)
	}
	for _, format := range formatsNobodyChecks(crd) {
		if !slices.Contains(known, format) {
			warnings = append(warnings, fmt.Sprintf("unrecognized format %q", format))
		}
	}
	return warnings
}

func formatsNobodyChecks(crd *apiextensionsv1.CustomResourceDefinition) (formats []string) {
	in, err := internalDefinition(crd)
	if err != nil {
		return nil // its validation has told of that
	}
	look := func(v *apiextensions.CustomResourceValidation) {
		if v == nil {
			return
		}
		crdvalidation.SchemaHas(v.OpenAPIV3Schema, func(s *apiextensions.JSONSchemaProps) bool {
			props := &spec.Schema{SchemaProps: spec.SchemaProps{Format: s.Format, Type: []string{s.Type}}}
			formats = append(formats, schemavalidation.GetUnrecognizedFormats(props, environment.DefaultCompatibilityVersion())...)
			return false
		})
	}
	look(in.Spec.Validation)
	for _, v := range in.Spec.Versions {
		look(v.Schema)
	}
	slices.Sort(formats) // properties come in no order
	return formats
}
