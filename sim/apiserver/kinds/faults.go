package kinds

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// faults collects what is wrong with an object. Its methods take the path of the
// parent and the name of the field, and put them together only for a fault: a
// sound object costs next to nothing.
type faults struct {
	list field.ErrorList
}

// at is the path of a parent's field; with "" the parent itself.
func at(p *field.Path, child string) *field.Path {
	if child == "" {
		return p
	}
	return p.Child(child)
}

func (f *faults) add(errs ...*field.Error) { f.list = append(f.list, errs...) }

func (f *faults) required(p *field.Path, child, detail string) {
	f.add(field.Required(at(p, child), detail))
}

func (f *faults) forbidden(p *field.Path, child, detail string) {
	f.add(field.Forbidden(at(p, child), detail))
}

func (f *faults) invalid(p *field.Path, child string, value any, detail string) {
	f.add(field.Invalid(at(p, child), value, detail))
}

func (f *faults) duplicate(p *field.Path, child string, value any) {
	f.add(field.Duplicate(at(p, child), value))
}

func (f *faults) notFound(p *field.Path, child string, value any) {
	f.add(field.NotFound(at(p, child), value))
}

// rule adds a fault for each message that a rule has for a value.
func (f *faults) rule(p *field.Path, child, value string, rule func(string) []string) {
	if messages := rule(value); len(messages) > 0 {
		f.messages(p, child, value, messages)
	}
}

func (f *faults) messages(p *field.Path, child string, value any, messages []string) {
	for _, m := range messages {
		f.invalid(p, child, value, m)
	}
}

// require is rule for a value that must not be empty.
func (f *faults) require(p *field.Path, child, value string, rule func(string) []string) {
	if value == "" {
		f.required(p, child, "")
		return
	}
	f.rule(p, child, value, rule)
}

// notEmpty requires any value at all.
func (f *faults) notEmpty(p *field.Path, child, value string) {
	if value == "" {
		f.required(p, child, "")
	}
}

func (f *faults) notNegative(p *field.Path, child string, value int64) {
	if value < 0 {
		f.invalid(p, child, value, apivalidation.IsNegativeErrorMsg)
	}
}

// notNegativePtr is notNegative for a value that may be left out.
func notNegativePtr[N int32 | int64](f *faults, p *field.Path, child string, value *N) {
	if value != nil {
		f.notNegative(p, child, int64(*value))
	}
}

// oneOf adds a fault if a value is not among the supported ones, told in their
// order. An empty value is a fault too, of its own sort.
func oneOf[T ~string](f *faults, p *field.Path, child string, value T, supported ...T) {
	if value == "" {
		f.required(p, child, "")
		return
	}
	ifSetOneOf(f, p, child, &value, supported...)
}

// ifSetOneOf is oneOf for a value that may be left out; "" is a value like others.
func ifSetOneOf[T ~string](f *faults, p *field.Path, child string, value *T, supported ...T) {
	if value != nil && !slices.Contains(supported, *value) {
		f.add(field.NotSupported(at(p, child), *value, supported))
	}
}

// immutable adds a fault if a field was changed.
func (f *faults) immutable(p *field.Path, child string, new, old any) {
	if !apiequality.Semantic.DeepEqual(new, old) {
		f.invalid(p, child, shown(new), apivalidation.FieldImmutableErrorMsg)
	}
}

// oneType tells, of a union's members that are set, which may be looked at: the
// first. Every further one is a fault.
type oneType struct {
	f      *faults
	p      *field.Path
	count  int
	detail string
}

// is reports whether the member with this name is the union's type.
func (u *oneType) is(set bool, name string) bool {
	if !set {
		return false
	}
	u.count++
	if u.count > 1 {
		u.f.forbidden(u.p, name, u.detail)
	}
	return u.count == 1
}

// sorted puts the keys of a map into buffer, in order: what is told of them must
// not depend on the order of a map.
func sorted[K ~string, V any](buffer []K, m map[K]V) []K {
	for k := range m {
		buffer = append(buffer, k)
	}
	slices.Sort(buffer)
	return buffer
}

// resourceNames is a buffer that holds the names of most resource lists.
type resourceNames [4]corev1.ResourceName
