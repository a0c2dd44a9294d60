package admission

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"minisim/sim/api"
)

// runtimeClass gives a pod the overhead of its runtime and has it run on nodes
// that have that runtime.
func runtimeClass(a *Attributes, o Objects) (string, error) {
	if !a.creates(api.Pods) {
		return "", nil
	}
	pod := a.Object.(*corev1.Pod)
	class, err := runtimeClassOf(a, pod, o)
	if class == nil || err != nil {
		return "", err
	}
	if class.Overhead != nil {
		if len(pod.Spec.Overhead) > 0 && !apiequality.Semantic.DeepEqual(class.Overhead.PodFixed, pod.Spec.Overhead) {
			return "", a.forbid(errOverhead)
		}
		pod.Spec.Overhead = class.Overhead.PodFixed.DeepCopy()
	}
	if s := class.Scheduling; s != nil {
		if err := placeByClass(a, pod, s); err != nil {
			return "", err
		}
	}
	return "runtime class " + class.Name, nil
}

var errOverhead = errors.New("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")

func runtimeClassOf(a *Attributes, pod *corev1.Pod, o Objects) (*nodev1.RuntimeClass, error) {
	name := pod.Spec.RuntimeClassName
	if name == nil {
		return nil, nil
	}
	class, ok := o.Get(api.RuntimeClasses, api.Key{Name: *name}).(*nodev1.RuntimeClass)
	if !ok {
		return nil, a.forbid(fmt.Errorf("pod rejected: RuntimeClass %q not found", *name))
	}
	return class, nil
}

func placeByClass(a *Attributes, pod *corev1.Pod, s *nodev1.Scheduling) error {
	selector := maps.Clone(pod.Spec.NodeSelector)
	if selector == nil {
		selector = map[string]string{}
	}
	for _, key := range slices.Sorted(maps.Keys(s.NodeSelector)) {
		if have, ok := selector[key]; ok && have != s.NodeSelector[key] {
			return a.forbid(fmt.Errorf("conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s", key, s.NodeSelector[key], key, have))
		}
		selector[key] = s.NodeSelector[key]
	}
	pod.Spec.NodeSelector = selector
	for _, t := range s.Tolerations {
		if !slices.ContainsFunc(pod.Spec.Tolerations, func(have corev1.Toleration) bool { return apiequality.Semantic.DeepEqual(have, t) }) {
			pod.Spec.Tolerations = append(pod.Spec.Tolerations, t)
		}
	}
	return nil
}

// overheadOfClass refuses a pod whose overhead is not that of its runtime.
func overheadOfClass(a *Attributes, o Objects) (string, error) {
	if !a.creates(api.Pods) {
		return "", nil
	}
	pod := a.Object.(*corev1.Pod)
	class, err := runtimeClassOf(a, pod, o)
	switch {
	case err != nil:
		return "", err
	case class != nil && class.Overhead != nil:
		if !apiequality.Semantic.DeepEqual(class.Overhead.PodFixed, pod.Spec.Overhead) {
			return "", a.forbid(errOverhead)
		}
	case pod.Spec.Overhead != nil:
		return "", a.forbid(errors.New("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"))
	}
	return "", nil
}
