package quota

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// InScope says whether all of a quota's scopes let an object in. A scope is for
// pods, or for claims; it lets no other objects in.
func InScope(q *corev1.ResourceQuota, o api.Object) bool {
	for _, scope := range q.Spec.Scopes {
		if !inScope(o, &corev1.ScopedResourceSelectorRequirement{ScopeName: scope, Operator: corev1.ScopeSelectorOpExists}) {
			return false
		}
	}
	if q.Spec.ScopeSelector == nil {
		return true
	}
	for i := range q.Spec.ScopeSelector.MatchExpressions {
		if !inScope(o, &q.Spec.ScopeSelector.MatchExpressions[i]) {
			return false
		}
	}
	return true
}

func inScope(o api.Object, r *corev1.ScopedResourceSelectorRequirement) bool {
	switch o := o.(type) {
	case *corev1.Pod:
		return podInScope(o, r)
	case *corev1.PersistentVolumeClaim:
		class := o.Spec.VolumeAttributesClassName
		return r.ScopeName == corev1.ResourceQuotaScopeVolumeAttributesClass && class != nil && selected(*class, r)
	}
	return false
}

func podInScope(pod *corev1.Pod, r *corev1.ScopedResourceSelectorRequirement) bool {
	switch r.ScopeName {
	case corev1.ResourceQuotaScopeTerminating:
		return Terminating(pod)
	case corev1.ResourceQuotaScopeNotTerminating:
		return !Terminating(pod)
	case corev1.ResourceQuotaScopeBestEffort:
		return bestEffort(pod)
	case corev1.ResourceQuotaScopeNotBestEffort:
		return !bestEffort(pod)
	case corev1.ResourceQuotaScopePriorityClass:
		return selected(pod.Spec.PriorityClassName, r)
	case corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return looksElsewhere(pod.Spec.Affinity)
	}
	return false
}

// Terminating says whether a pod has a deadline.
func Terminating(pod *corev1.Pod) bool { return pod.Spec.ActiveDeadlineSeconds != nil }

// selected says whether a name, "" for none, is what a requirement asks for.
func selected(name string, r *corev1.ScopedResourceSelectorRequirement) bool {
	switch r.Operator {
	case corev1.ScopeSelectorOpExists:
		return name != ""
	case corev1.ScopeSelectorOpDoesNotExist:
		return name == ""
	case corev1.ScopeSelectorOpIn:
		return name != "" && slices.Contains(r.Values, name)
	case corev1.ScopeSelectorOpNotIn:
		return name == "" || !slices.Contains(r.Values, name)
	}
	return false
}

// bestEffort says whether no container of a pod states cpu or memory.
func bestEffort(pod *corev1.Pod) bool {
	states := func(r *corev1.ResourceRequirements) bool {
		for _, list := range []corev1.ResourceList{r.Requests, r.Limits} {
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				if q, ok := list[name]; ok && q.Sign() > 0 {
					return true
				}
			}
		}
		return false
	}
	if pod.Spec.Resources != nil && states(pod.Spec.Resources) {
		return false
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		if slices.ContainsFunc(list, func(c corev1.Container) bool { return states(&c.Resources) }) {
			return false
		}
	}
	return true
}

// looksElsewhere says whether an affinity is about pods of other namespaces.
func looksElsewhere(a *corev1.Affinity) bool {
	if a == nil {
		return false
	}
	elsewhere := func(t corev1.PodAffinityTerm) bool { return len(t.Namespaces) > 0 || t.NamespaceSelector != nil }
	preferred := func(t corev1.WeightedPodAffinityTerm) bool { return elsewhere(t.PodAffinityTerm) }
	if p := a.PodAffinity; p != nil && (slices.ContainsFunc(p.RequiredDuringSchedulingIgnoredDuringExecution, elsewhere) ||
		slices.ContainsFunc(p.PreferredDuringSchedulingIgnoredDuringExecution, preferred)) {
		return true
	}
	p := a.PodAntiAffinity
	return p != nil && (slices.ContainsFunc(p.RequiredDuringSchedulingIgnoredDuringExecution, elsewhere) ||
		slices.ContainsFunc(p.PreferredDuringSchedulingIgnoredDuringExecution, preferred))
}
