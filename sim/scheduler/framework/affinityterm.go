package framework

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// AffinityTerm is a pod (anti-)affinity term made ready for matching.
type AffinityTerm struct {
	// Namespaces are named ones; a term without any and without a namespace
	// selector means its own pod's namespace.
	Namespaces map[string]bool
	// NamespaceSelector picks further namespaces by their labels.
	NamespaceSelector labels.Selector
	// Selector picks pods. A term without one matches no pod.
	Selector labels.Selector
	// TopologyKey is the node label whose value names the domain.
	TopologyKey string
	// Weight is 0 for required terms, 1–100 for preferred ones.
	Weight int64
}

// newAffinityTerm prepares one term of pod. A term that does not parse
// matches nothing; the API server admits none such.
func newAffinityTerm(pod *v1.Pod, term *v1.PodAffinityTerm, weight int32) AffinityTerm {
	t := AffinityTerm{
		Selector:          parseSelector(term.LabelSelector),
		NamespaceSelector: parseSelector(term.NamespaceSelector),
		TopologyKey:       term.TopologyKey,
		Weight:            int64(weight),
		Namespaces:        make(map[string]bool, 1),
	}
	for _, ns := range term.Namespaces {
		t.Namespaces[ns] = true
	}
	if len(term.Namespaces) == 0 && term.NamespaceSelector == nil {
		t.Namespaces[pod.Namespace] = true
	}
	return t
}

// parseSelector returns a selector that matches nothing for nil, everything
// for an empty one, and nothing for one that is malformed.
func parseSelector(s *metav1.LabelSelector) labels.Selector {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Nothing()
	}
	return selector
}

// Matches reports whether the term picks pod. namespaceLabels are the labels
// of pod's namespace.
func (t *AffinityTerm) Matches(pod *v1.Pod, namespaceLabels labels.Set) bool {
	if !t.Namespaces[pod.Namespace] && !t.NamespaceSelector.Matches(namespaceLabels) {
		return false
	}
	return t.Selector.Matches(labels.Set(pod.Labels))
}

// Resolve returns the term with its namespace selector replaced by the
// namespaces it picks now. An empty selector picks every namespace, known or
// not, and stays as it is.
func (t AffinityTerm) Resolve(view *Snapshot) AffinityTerm {
	if t.NamespaceSelector.Empty() {
		return t
	}
	picked := make(map[string]bool, len(t.Namespaces))
	for ns := range t.Namespaces {
		picked[ns] = true
	}
	for _, ns := range view.Namespaces.All() {
		if t.NamespaceSelector.Matches(labels.Set(ns.Labels)) {
			picked[ns.Name] = true
		}
	}
	t.Namespaces, t.NamespaceSelector = picked, labels.Nothing()
	return t
}

// ResolveAll resolves each term; see AffinityTerm.Resolve.
func ResolveAll(terms []AffinityTerm, view *Snapshot) []AffinityTerm {
	resolved := make([]AffinityTerm, len(terms))
	for i, t := range terms {
		resolved[i] = t.Resolve(view)
	}
	return resolved
}

func requiredTerms(pod *v1.Pod, terms []v1.PodAffinityTerm) []AffinityTerm {
	var out []AffinityTerm
	for i := range terms {
		out = append(out, newAffinityTerm(pod, &terms[i], 0))
	}
	return out
}

func preferredTerms(pod *v1.Pod, terms []v1.WeightedPodAffinityTerm) []AffinityTerm {
	var out []AffinityTerm
	for i := range terms {
		out = append(out, newAffinityTerm(pod, &terms[i].PodAffinityTerm, terms[i].Weight))
	}
	return out
}
