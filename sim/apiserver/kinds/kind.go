package kinds

import (
	"minisim/sim/api"

	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// kind is a Strategy over the kind's own type. Any func may be nil.
type kind[T api.Object] struct {
	// name is the rule for names; nil where only the rule for all kinds holds.
	name nameRule
	// anyFinalizer is whether finalizers need no domain.
	anyFinalizer bool

	defaults func(T)
	create   func(T)
	update   func(new, old T)
	status   func(new, old T)

	validate       func(*faults, T)
	validateUpdate func(f *faults, new, old T)
	validateStatus func(f *faults, new, old T)
	warnings       func(T) []string
	updateWarnings func(new, old T) []string // nil: as warnings
	parts          map[string]part[T]

	createOnUpdate bool
	needsVersion   bool
}

// strategy makes the Strategy of a resource, adding what holds for all kinds.
func (k kind[T]) strategy(r *api.Resource) *Strategy {
	s := &Strategy{
		Default:        whole(k.defaults),
		Validate:       func(o api.Object) field.ErrorList { return k.check(r, o.(T)) },
		ValidateUpdate: func(new, old api.Object) field.ErrorList { return k.checkUpdate(r, new, old) },
		PrepareForUpdate: func(new, old api.Object) {
			new.SetGeneration(old.GetGeneration())
			if k.update != nil {
				k.update(new.(T), old.(T))
			}
		},
		PrepareForCreate: whole(k.create),
		CreateOnUpdate:   k.createOnUpdate,
		NeedsVersion:     k.needsVersion,
	}
	if k.warnings != nil {
		s.Warnings = func(o api.Object) []string { return k.warnings(o.(T)) }
	}
	if k.updateWarnings != nil {
		s.WarningsOnUpdate = func(new, old api.Object) []string { return k.updateWarnings(new.(T), old.(T)) }
	}
	for name, p := range k.parts {
		if s.Parts == nil {
			s.Parts = map[string]Part{}
		}
		s.Parts[name] = p.whole(r)
	}
	if r.Status {
		s.PrepareForStatusUpdate = func(new, old api.Object) {
			new.SetGeneration(old.GetGeneration())
			if k.status != nil {
				k.status(new.(T), old.(T))
			}
		}
		s.ValidateStatusUpdate = func(new, old api.Object) field.ErrorList {
			f := &faults{}
			f.anyUpdate(r, new, old)
			f.metaUpdate(new, old)
			if k.validateStatus != nil {
				k.validateStatus(f, new.(T), old.(T))
			}
			return f.list
		}
	}
	return s
}

// part is a Part over the kind's own type.
type part[T api.Object] struct {
	prepare  func(new, old T)
	validate func(f *faults, new, old T)
}

func (p part[T]) whole(r *api.Resource) Part {
	return Part{
		Prepare: func(new, old api.Object) { p.prepare(new.(T), old.(T)) },
		Validate: func(new, old api.Object) field.ErrorList {
			f := &faults{}
			f.anyUpdate(r, new, old)
			p.validate(f, new.(T), old.(T))
			return f.list
		},
	}
}

func whole[T api.Object](do func(T)) func(api.Object) {
	if do == nil {
		return nil
	}
	return func(o api.Object) { do(o.(T)) }
}

// check validates a new object: first the kind's rules, then, if it keeps them,
// those for all kinds (which the kind's own rule for names includes).
func (k kind[T]) check(r *api.Resource, o T) field.ErrorList {
	f := &faults{}
	if k.name != nil {
		f.genericMeta(o, r.Namespaced, k.name)
		if !k.anyFinalizer {
			f.shortFinalizers(o)
		}
	}
	if k.validate != nil {
		k.validate(f, o)
	}
	if len(f.list) == 0 && k.name == nil {
		f.genericMeta(o, r.Namespaced, path.ValidatePathSegmentName)
	}
	return f.list
}

func (k kind[T]) checkUpdate(r *api.Resource, new, old api.Object) field.ErrorList {
	f := &faults{}
	f.anyUpdate(r, new, old)
	if k.validateUpdate != nil {
		k.validateUpdate(f, new.(T), old.(T))
	}
	return f.list
}
