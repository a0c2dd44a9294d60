package admission

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"

	"minisim/sim/api"
)

// priority turns a pod's class into its number and preemption policy, and lets
// only one class be the default of all.
func priority(a *Attributes, o Objects) (string, error) {
	if a.Resource == api.PriorityClasses && a.Object != nil {
		return "", oneGlobalDefault(a, o)
	}
	if a.Resource == api.Pods && a.Verb == api.VerbUpdate && a.Subresource == "" {
		keepPriority(&a.Object.(*corev1.Pod).Spec, &a.Old.(*corev1.Pod).Spec)
	}
	if !a.creates(api.Pods) {
		return "", nil
	}
	pod := a.Object.(*corev1.Pod)
	name, value, policy := pod.Spec.PriorityClassName, int32(0), corev1.PreemptLowerPriority
	class := globalDefault(o)
	if name != "" {
		var ok bool
		if class, ok = o.Get(api.PriorityClasses, api.Key{Name: name}).(*schedulingv1.PriorityClass); !ok {
			return "", a.forbid(fmt.Errorf("no PriorityClass with name %v was found", name))
		}
	}
	if class != nil {
		name, value = class.Name, class.Value
		if class.PreemptionPolicy != nil {
			policy = *class.PreemptionPolicy
		}
	}
	if p := pod.Spec.Priority; p != nil && *p != value {
		return "", a.forbid(fmt.Errorf("the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name", *p, value))
	}
	if p := pod.Spec.PreemptionPolicy; p != nil && *p != policy {
		return "", a.forbid(fmt.Errorf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name", *p, policy))
	}
	pod.Spec.PriorityClassName, pod.Spec.Priority, pod.Spec.PreemptionPolicy = name, &value, &policy
	if name == "" {
		return "", nil // 0, as for most pods
	}
	return fmt.Sprintf("priority %d of class %s", value, name), nil
}

// keepPriority keeps what a pod was given when it was made, as its sender may not know of it.
func keepPriority(s, old *corev1.PodSpec) {
	if s.Priority == nil {
		s.Priority = old.Priority
	}
	if s.PreemptionPolicy == nil {
		s.PreemptionPolicy = old.PreemptionPolicy
	}
}

// globalDefault is the class of pods that name none: the lowest of those marked, nil if none is.
func globalDefault(o Objects) *schedulingv1.PriorityClass {
	var found *schedulingv1.PriorityClass
	o.Each(api.PriorityClasses, "", func(x api.Object) bool {
		if c := x.(*schedulingv1.PriorityClass); c.GlobalDefault && (found == nil || c.Value < found.Value) {
			found = c
		}
		return true
	})
	return found
}

func oneGlobalDefault(a *Attributes, o Objects) error {
	if c := a.Object.(*schedulingv1.PriorityClass); !c.GlobalDefault {
		return nil
	}
	if d := globalDefault(o); d != nil && d.Name != a.Object.GetName() {
		return a.forbid(fmt.Errorf("PriorityClass %v is already marked as default. Only one default can exist", d.Name))
	}
	return nil
}
