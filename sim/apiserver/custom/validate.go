package custom

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"

	"minisim/sim/api"
)

// checks are a version's schema in the forms in which objects are held against it.
type checks struct {
	whole, status schemavalidation.SchemaValidator // nil: everything is right
	rules         *cel.Validator                   // nil: there are none
}

// checked makes the checks once.
func (v *Version) checked() (*checks, error) {
	if v.checks != nil {
		return v.checks, nil
	}
	c := &checks{rules: cel.NewValidator(v.schema, true, celconfig.PerCallLimit)}
	var err error
	if c.whole, _, err = schemavalidation.NewSchemaValidator(v.internal); err != nil {
		return nil, err
	}
	if v.internal != nil {
		if status, ok := v.internal.Properties["status"]; ok && v.Resource.Status {
			if c.status, _, err = schemavalidation.NewSchemaValidator(&status); err != nil {
				return nil, err
			}
		}
	}
	v.checks = c
	return c, nil
}

var metadataPath = field.NewPath("metadata")

// validate says what is wrong with a new object.
func (v *Version) validate(o api.Object) field.ErrorList {
	c, err := v.checked()
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	if faults := v.typeFaults(o); len(faults) > 0 {
		return append(faults, v.further(c, o, nil, faults, nil)...)
	}
	faults := apivalidation.ValidateObjectMetaAccessor(o, v.Resource.Namespaced, apivalidation.NameIsDNSSubdomain, metadataPath)
	faults = append(faults, sorted(schemavalidation.ValidateCustomResource(nil, content(o), c.whole))...)
	faults = append(faults, v.scaleFaults(o, true)...)
	return append(faults, v.further(c, o, nil, faults, nil)...)
}

// validateUpdate says what is wrong with a changed object. As with other kinds
// the rules for all metadata come first; what the schema has against parts of the
// object that have not changed is overlooked.
func (v *Version) validateUpdate(new, old api.Object) field.ErrorList {
	c, err := v.checked()
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	faults := v.commonFaults(new, old)
	change := common.NewCorrelatedObject(content(new), content(old), &model.Structural{Structural: v.schema})
	if wrong := v.typeFaults(new); len(wrong) > 0 {
		return append(append(faults, wrong...), v.further(c, new, old, wrong, change)...)
	}
	own := apivalidation.ValidateObjectMetaAccessorUpdate(new, old, metadataPath)
	own = append(own, sorted(schemavalidation.ValidateCustomResourceUpdate(nil, content(new), content(old), c.whole, schemavalidation.WithRatcheting(change)))...)
	own = append(own, v.scaleFaults(new, true)...)
	return append(append(faults, own...), v.further(c, new, old, own, change)...)
}

// commonFaults is what holds for the metadata of all kinds when something of an
// object changes. What concerns the change alone Kubernetes says once more for custom resources.
func (v *Version) commonFaults(new, old api.Object) field.ErrorList {
	faults := apivalidation.ValidateObjectMetaAccessor(new, v.Resource.Namespaced, path.ValidatePathSegmentName, metadataPath)
	return append(faults, apivalidation.ValidateObjectMetaAccessorUpdate(new, old, metadataPath)...)
}

// validateStatusUpdate says what is wrong with a new status.
func (v *Version) validateStatusUpdate(new, old api.Object) field.ErrorList {
	c, err := v.checked()
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	faults := v.commonFaults(new, old)
	change := common.NewCorrelatedObject(content(new), content(old), &model.Structural{Structural: v.schema})
	own := v.typeFaults(new)
	if len(own) == 0 {
		own = apivalidation.ValidateObjectMetaAccessorUpdate(new, old, metadataPath)
		if status, ok := content(new)["status"]; ok && c.status != nil {
			own = append(own, sorted(schemavalidation.ValidateCustomResourceUpdate(field.NewPath("status"), status, content(old)["status"],
				c.status, schemavalidation.WithRatcheting(change.Key("status"))))...)
		}
		own = append(own, v.scaleFaults(new, false)...)
	}
	own = append(own, v.listFaults(new, old)...)
	return append(append(faults, own...), v.ruleFaults(c, new, old, own, change)...)
}

// further are the checks after those of the schema, of which before are the faults: what is embedded, lists, rules.
func (v *Version) further(c *checks, new, old api.Object, before field.ErrorList, change *common.CorrelatedObject) field.ErrorList {
	faults := sorted(objectmeta.Validate(nil, content(new), v.schema, false))
	faults = append(faults, v.listFaults(new, old)...)
	return append(faults, v.ruleFaults(c, new, old, slices.Concat(before, faults), change)...)
}

// listFaults says which lists that are sets or maps have something twice, unless the old object had so already.
func (v *Version) listFaults(new, old api.Object) field.ErrorList {
	if old != nil && len(listtype.ValidateListSetsAndMaps(nil, v.schema, content(old))) > 0 {
		return nil
	}
	return sorted(listtype.ValidateListSetsAndMaps(nil, v.schema, content(new)))
}

// ruleFaults says which rules in CEL the object breaks. With faults of some
// sorts before them they could not be answered.
func (v *Version) ruleFaults(c *checks, new, old api.Object, before field.ErrorList, change *common.CorrelatedObject) field.ErrorList {
	if c.rules == nil {
		return nil
	}
	if slices.ContainsFunc(before, blocks) {
		return field.ErrorList{field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")}
	}
	var was map[string]any
	var options []cel.Option
	if old != nil {
		was = content(old)
		options = append(options, cel.WithRatcheting(change))
	}
	faults, _ := c.rules.Validate(context.Background(), nil, v.schema, content(new), untyped(was), celconfig.RuntimeCELCostBudget, options...)
	return sorted(faults)
}

// untyped is nil, and not a nil map, for what is not there.
func untyped(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func blocks(e *field.Error) bool {
	switch e.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	}
	return false
}

// sorted brings faults into the order of their fields, as a schema's properties have none.
func sorted(faults field.ErrorList) field.ErrorList {
	slices.SortStableFunc(faults, func(a, b *field.Error) int { return cmp.Compare(a.Field, b.Field) })
	return faults
}
