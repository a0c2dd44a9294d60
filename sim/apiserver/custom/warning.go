package custom

import (
	"fmt"

	"k8s.io/apimachinery/pkg/version"
)

// Deprecation is what everybody is told who uses the version, "" if it is not deprecated.
func (v *Version) Deprecation() string {
	switch {
	case !v.spec.Deprecated:
		return ""
	case v.spec.DeprecationWarning != nil:
		return *v.spec.DeprecationWarning
	}
	text := fmt.Sprintf("%s/%s %s is deprecated", v.Resource.Group, v.Resource.Version, v.definition.crd.Spec.Names.Kind)
	var better *Version
	for _, o := range v.definition.Versions {
		if o.Served && !o.spec.Deprecated && version.CompareKubeAwareVersionStrings(v.spec.Name, o.spec.Name) < 0 &&
			(better == nil || version.CompareKubeAwareVersionStrings(better.spec.Name, o.spec.Name) < 0) {
			better = o
		}
	}
	if better != nil {
		text += fmt.Sprintf("; use %s/%s %s", better.Resource.Group, better.Resource.Version, better.definition.crd.Spec.Names.Kind)
	}
	return text
}
