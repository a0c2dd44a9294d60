package api

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// CustomVersion is the resource that a CustomResourceDefinition makes of one version, served or not. Whoever makes
// it from the same definition names the same resource to the server, which knows one by its group, version and name.
func CustomVersion(crd *apiextensionsv1.CustomResourceDefinition, v *apiextensionsv1.CustomResourceDefinitionVersion) *Resource {
	names := crd.Status.AcceptedNames
	r := &Resource{
		Group: crd.Spec.Group, Version: v.Name, Name: crd.Spec.Names.Plural, Singular: names.Singular, Kind: names.Kind, ListKind: names.ListKind,
		ShortNames: names.ShortNames, Categories: names.Categories, Namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		Status: v.Subresources != nil && v.Subresources.Status != nil, Folder: crd.Spec.Group + "/" + crd.Spec.Names.Plural,
	}
	r.New = func() Object {
		o := &unstructured.Unstructured{Object: map[string]any{}}
		o.SetGroupVersionKind(r.GVK())
		return o
	}
	return r
}

// Established says whether the resources of a definition are served.
func Established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	return CRDCondition(crd, apiextensionsv1.Established) == apiextensionsv1.ConditionTrue
}

// CRDCondition is the status of a definition's condition, "" if it does not have it.
func CRDCondition(crd *apiextensionsv1.CustomResourceDefinition, t apiextensionsv1.CustomResourceDefinitionConditionType) apiextensionsv1.ConditionStatus {
	for _, c := range crd.Status.Conditions {
		if c.Type == t {
			return c.Status
		}
	}
	return ""
}
