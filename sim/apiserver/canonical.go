package apiserver

import (
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// canonical brings an object to the form in which it comes back from the store,
// in place: times in UTC and no finer than protobuf keeps them (seconds;
// microseconds in a MicroTime), empty lists and maps absent. So an object that
// the server has just encoded need not be decoded again to be what a reader of
// the store sees.
func canonical(o api.Object) {
	v := reflect.ValueOf(o).Elem()
	if p := plans[v.Type()]; p != nil {
		p.walk(v)
	}
}

// plan says which fields of a struct have to be looked at: a tree of the
// type's fields, pruned of all that has only one form.
type plan struct {
	fields []planField
	done   bool
}

type planField struct {
	index int
	walk  func(reflect.Value)
}

func (p *plan) walk(v reflect.Value) {
	for _, f := range p.fields {
		f.walk(v.Field(f.index))
	}
}

// plans are made once for all types of the resource table.
var plans = func() map[reflect.Type]*plan {
	made := map[reflect.Type]*plan{}
	for _, r := range api.Resources() {
		structPlan(reflect.TypeOf(r.New()).Elem(), made)
	}
	return made
}()

var (
	timeType      = reflect.TypeFor[metav1.Time]()
	microTimeType = reflect.TypeFor[metav1.MicroTime]()
)

func structPlan(t reflect.Type, made map[reflect.Type]*plan) *plan {
	if p, ok := made[t]; ok {
		return p
	}
	p := &plan{}
	made[t] = p // before its fields, as types contain themselves
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		if walk := walker(f.Type, made); walk != nil {
			p.fields = append(p.fields, planField{i, walk})
		}
	}
	p.done = true
	return p
}

// walker gives what brings a value of type t into its one form, nil if it has only one.
func walker(t reflect.Type, made map[reflect.Type]*plan) func(reflect.Value) {
	switch {
	case t == timeType:
		return func(v reflect.Value) { truncate(&v.Addr().Interface().(*metav1.Time).Time, time.Second) }
	case t == microTimeType:
		return func(v reflect.Value) { truncate(&v.Addr().Interface().(*metav1.MicroTime).Time, time.Microsecond) }
	}
	switch t.Kind() {
	case reflect.Struct:
		p := structPlan(t, made)
		if p.done && len(p.fields) == 0 {
			return nil
		}
		return p.walk
	case reflect.Pointer:
		elem := walker(t.Elem(), made)
		if elem == nil {
			return nil
		}
		return func(v reflect.Value) {
			if !v.IsNil() {
				elem(v.Elem())
			}
		}
	case reflect.Slice:
		return sliceWalker(t, made)
	case reflect.Map:
		return mapWalker(t)
	}
	return nil
}

func sliceWalker(t reflect.Type, made map[reflect.Type]*plan) func(reflect.Value) {
	elem := walker(t.Elem(), made)
	return func(v reflect.Value) {
		n := v.Len()
		if n == 0 {
			if !v.IsNil() {
				v.SetZero()
			}
			return
		}
		if elem != nil {
			for i := range n {
				elem(v.Index(i))
			}
		}
	}
}

func mapWalker(t reflect.Type) func(reflect.Value) {
	timed := t.Elem() == timeType // the only map values that can differ
	return func(v reflect.Value) {
		if v.Len() == 0 {
			if !v.IsNil() {
				v.SetZero()
			}
			return
		}
		if !timed {
			return
		}
		for it := v.MapRange(); it.Next(); {
			t := it.Value().Interface().(metav1.Time)
			truncate(&t.Time, time.Second)
			v.SetMapIndex(it.Key(), reflect.ValueOf(t))
		}
	}
}

// truncate cuts a time down. One that is in form already is not written to, as
// it may belong to an object that is shared.
func truncate(t *time.Time, unit time.Duration) {
	if t.IsZero() || t.Location() == time.UTC && t.Nanosecond()%int(unit) == 0 {
		return
	}
	ns := int64(t.Nanosecond())
	*t = time.Unix(t.Unix(), ns-ns%int64(unit)).UTC()
}
