package component

import (
	"slices"

	"minisim/sim/api"
)

// index finds the objects of a cache by values that derive from them. Those of
// one value are kept sorted by key, as they are read far more often than they
// come and go: each change of a pod has the pods of its owner looked at.
type index[T api.Object] struct {
	values  func(T) []string
	objects map[string][]T
}

// put brings an object in, in the place of old if it was there already.
func (ix *index[T]) put(k api.Key, old, o T, had bool) {
	values := ix.values(o)
	if had {
		before := ix.values(old)
		for _, v := range before {
			if !slices.Contains(values, v) {
				ix.remove(k, v)
			}
		}
	}
	for _, v := range values {
		list := ix.objects[v]
		if i, found := find(list, k); found {
			list[i] = o
		} else {
			ix.objects[v] = slices.Insert(list, i, o)
		}
	}
}

// drop takes an object out.
func (ix *index[T]) drop(k api.Key, o T) {
	for _, v := range ix.values(o) {
		ix.remove(k, v)
	}
}

func (ix *index[T]) remove(k api.Key, value string) {
	list := ix.objects[value]
	i, found := find(list, k)
	switch {
	case !found:
	case len(list) == 1:
		delete(ix.objects, value)
	default:
		ix.objects[value] = slices.Delete(list, i, i+1)
	}
}

// find gives the place of a key in a sorted list, and whether it is there.
func find[T api.Object](list []T, k api.Key) (int, bool) {
	return slices.BinarySearchFunc(list, k, func(o T, k api.Key) int { return api.KeyOf(o).Compare(k) })
}
