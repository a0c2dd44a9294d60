package kinds

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var pods = kind[*corev1.Pod]{
	name:           subdomainName,
	defaults:       defaultPod,
	create:         createPod,
	update:         updatePod,
	status:         updatePodStatus,
	validate:       func(f *faults, pod *corev1.Pod) { f.newPod(pod) },
	validateUpdate: func(f *faults, new, old *corev1.Pod) { f.podUpdate(new, old) },
	validateStatus: func(f *faults, new, old *corev1.Pod) { f.podStatusUpdate(new, old) },
	warnings:       podWarnings,
	parts:          map[string]part[*corev1.Pod]{"resize": resizePart, "ephemeralcontainers": debugPart},
}

// createPod prepares a pod: pending, with its class of service, held back if it
// has scheduling gates.
func createPod(pod *corev1.Pod) {
	pod.Generation = 1
	pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	dropDisabled(&pod.Spec, nil)
	pod.Status = corev1.PodStatus{Phase: corev1.PodPending, QOSClass: cmp.Or(pod.Status.QOSClass, qosClass(&pod.Spec))}
	if len(pod.Spec.SchedulingGates) > 0 {
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, LastTransitionTime: pod.CreationTimestamp,
			Reason: corev1.PodReasonSchedulingGated, Message: "Scheduling is blocked due to non-empty scheduling gates",
		}}
	}
	resolveLabelKeys(pod)
	appArmorFromAnnotations(pod)
}

// updatePod keeps the status and counts changes of the spec.
func updatePod(new, old *corev1.Pod) {
	dropDisabled(&new.Spec, &old.Spec)
	new.Spec.DeprecatedServiceAccount = new.Spec.ServiceAccountName
	new.Status = old.Status
	if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
		new.Generation = old.Generation + 1
	}
}

// updatePodStatus keeps the spec, the owners, and of the status what was once
// reported and must not be lost.
func updatePodStatus(new, old *corev1.Pod) {
	new.Spec = old.Spec
	new.DeletionTimestamp = old.DeletionTimestamp
	new.OwnerReferences = old.OwnerReferences
	if new.Status.QOSClass == "" {
		new.Status.QOSClass = old.Status.QOSClass
	}
	if new.Status.ObservedGeneration == 0 {
		new.Status.ObservedGeneration = old.Status.ObservedGeneration
	}
	before := slices.Clone(old.Status.Conditions)
	for i := range new.Status.Conditions {
		c := &new.Status.Conditions[i]
		n := slices.IndexFunc(before, func(o corev1.PodCondition) bool { return o.Type == c.Type })
		if n < 0 {
			continue
		}
		if c.ObservedGeneration == 0 {
			c.ObservedGeneration = before[n].ObservedGeneration
		}
		before = slices.Delete(before, n, n+1)
	}
}

// resolveLabelKeys puts the pod's own values of matchLabelKeys and
// mismatchLabelKeys into the selectors that they belong to.
func resolveLabelKeys(pod *corev1.Pod) {
	if a := pod.Spec.Affinity; a != nil {
		if a.PodAffinity != nil {
			resolveTerms(pod, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
		}
		if a.PodAntiAffinity != nil {
			resolveTerms(pod, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
		}
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		c := &pod.Spec.TopologySpreadConstraints[i]
		resolveKeys(pod, c.LabelSelector, c.MatchLabelKeys, metav1.LabelSelectorOpIn)
	}
}

func resolveTerms(pod *corev1.Pod, required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
	resolve := func(t *corev1.PodAffinityTerm) {
		resolveKeys(pod, t.LabelSelector, t.MatchLabelKeys, metav1.LabelSelectorOpIn)
		resolveKeys(pod, t.LabelSelector, t.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
	}
	for i := range required {
		resolve(&required[i])
	}
	for i := range preferred {
		resolve(&preferred[i].PodAffinityTerm)
	}
}

func resolveKeys(pod *corev1.Pod, s *metav1.LabelSelector, keys []string, op metav1.LabelSelectorOperator) {
	if s == nil {
		return
	}
	for _, k := range keys {
		if v, ok := pod.Labels[k]; ok {
			s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: k, Operator: op, Values: []string{v}})
		}
	}
}

// qosClass is the quality of service of a pod: Guaranteed if every container is
// limited to what it requests of CPU and memory, BestEffort if none requests
// anything, otherwise Burstable.
func qosClass(s *corev1.PodSpec) corev1.PodQOSClass {
	if r := s.Resources; r != nil && len(r.Requests)+len(r.Limits) > 0 {
		return classOf(*r)
	}
	class := corev1.PodQOSClass("")
	for _, list := range [][]corev1.Container{s.Containers, s.InitContainers} {
		for i := range list {
			switch own := classOf(list[i].Resources); {
			case class == "":
				class = own
			case class != own:
				return corev1.PodQOSBurstable
			}
		}
	}
	if class == "" {
		return corev1.PodQOSBestEffort
	}
	return class
}

func classOf(r corev1.ResourceRequirements) corev1.PodQOSClass {
	any, guaranteed := false, true
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		request, limit := r.Requests[name], r.Limits[name]
		any = any || request.Sign() > 0 || limit.Sign() > 0
		guaranteed = guaranteed && limit.Sign() > 0 && (request.Sign() <= 0 || request.Cmp(limit) == 0)
	}
	switch {
	case !any:
		return corev1.PodQOSBestEffort
	case guaranteed:
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}
