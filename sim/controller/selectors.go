package controller

import (
	"sort"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// Two indexes meet here. Labelled objects are indexed by each of their labels,
// selecting objects by one label that they ask for; so that neither "which pods
// does this Service select" nor "which Services select this pod" looks at more
// than a few candidates.

// pair is an index value: a label within a namespace. The empty label stands for
// all objects of the namespace, or for a selector that asks for no certain label.
func pair(namespace, key, value string) string {
	if key == "" {
		return namespace + "/"
	}
	return namespace + "/" + key + "=" + value
}

// labelPairs are the index values of a labelled object.
func labelPairs[T api.Object](o T) []string {
	out := []string{pair(o.GetNamespace(), "", "")}
	for k, v := range o.GetLabels() {
		out = append(out, pair(o.GetNamespace(), k, v))
	}
	return out
}

// selectorPair is the index value of an object with this selector: its first label in alphabetical order.
func selectorPair(namespace string, want map[string]string) []string {
	if len(want) == 0 {
		return []string{pair(namespace, "", "")}
	}
	keys := make([]string, 0, len(want))
	for k := range want {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return []string{pair(namespace, keys[0], want[keys[0]])}
}

func matchLabelsPair(namespace string, s *metav1.LabelSelector) []string {
	if s == nil {
		return nil
	}
	return selectorPair(namespace, s.MatchLabels)
}

// selected are the objects of a cache, indexed by labelPairs, that a selector matches, sorted by key.
func selected[T api.Object](c *component.Cache[T], index, namespace string, s labels.Selector) []T {
	best := pair(namespace, "", "")
	n := c.CountBy(index, best)
	requirements, selectable := s.Requirements()
	if !selectable {
		return nil
	}
	for _, r := range requirements {
		if op := r.Operator(); op != selection.In && op != selection.Equals && op != selection.DoubleEquals {
			continue
		}
		if values := r.ValuesUnsorted(); len(values) == 1 {
			p := pair(namespace, r.Key(), values[0])
			if count := c.CountBy(index, p); count < n {
				best, n = p, count
			}
		}
	}
	var out []T
	for _, o := range c.By(index, best) {
		if s.Matches(labels.Set(o.GetLabels())) {
			out = append(out, o)
		}
	}
	return out
}

// selecting calls f for the objects of a cache, indexed by selectorPair, that may
// select an object with these labels. The caller checks the whole selector.
func selecting[T api.Object](c *component.Cache[T], index, namespace string, l map[string]string, f func(T)) {
	for _, o := range c.By(index, pair(namespace, "", "")) {
		f(o)
	}
	for _, kv := range sortedPairs(namespace, l) {
		for _, o := range c.By(index, kv) {
			f(o)
		}
	}
}

func sortedPairs(namespace string, l map[string]string) []string {
	out := make([]string, 0, len(l))
	for k, v := range l {
		out = append(out, pair(namespace, k, v))
	}
	sort.Strings(out)
	return out
}
