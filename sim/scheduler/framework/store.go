package framework

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Store holds the objects of one kind, listed in the order of their keys.
type Store[T metav1.Object] struct {
	objects map[string]T
	sorted  []T // nil when out of date
}

// ObjectKey is namespace/name, or the name alone for cluster-wide kinds.
func ObjectKey(o metav1.Object) string {
	if o.GetNamespace() == "" {
		return o.GetName()
	}
	return o.GetNamespace() + "/" + o.GetName()
}

// Get returns the object under a key, and whether there is one.
func (s *Store[T]) Get(key string) (T, bool) {
	o, ok := s.objects[key]
	return o, ok
}

// All lists the objects sorted by key. The slice must not be changed.
func (s *Store[T]) All() []T {
	if s.sorted == nil && len(s.objects) > 0 {
		s.sorted = make([]T, 0, len(s.objects))
		for _, o := range s.objects {
			s.sorted = append(s.sorted, o)
		}
		slices.SortFunc(s.sorted, func(a, b T) int { return cmp.Compare(ObjectKey(a), ObjectKey(b)) })
	}
	return s.sorted
}

func (s *Store[T]) set(o T) {
	if s.objects == nil {
		s.objects = make(map[string]T)
	}
	s.objects[ObjectKey(o)] = o
	s.sorted = nil
}

func (s *Store[T]) remove(key string) {
	delete(s.objects, key)
	s.sorted = nil
}
