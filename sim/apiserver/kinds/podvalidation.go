package kinds

import (
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation"
)

// newPod validates a pod on its creation, but for its metadata.
func (f *faults) newPod(pod *corev1.Pod) {
	f.wholePod(pod)
	if len(pod.Spec.EphemeralContainers) > 0 {
		f.forbidden(specPath, "ephemeralContainers", "cannot be set on create")
	}
	if pod.Spec.NodeName != "" && len(pod.Spec.SchedulingGates) > 0 {
		f.forbidden(specPath, "nodeName", "cannot be set until all schedulingGates have been cleared")
	}
	f.profilesMatch(specPath, pod.Annotations, &pod.Spec)
}

// wholePod is what holds for a pod at all times.
func (f *faults) wholePod(pod *corev1.Pod) {
	f.podAnnotations(metadataPath, pod.Annotations, &pod.Spec)
	f.podSpec(specPath, &pod.Spec, true, pod.Name)
	if pod.Spec.ServiceAccountName == "" {
		f.noTokens(pod.Spec.Volumes)
	}
	f.trimmedImages(specPath.Child("containers"), pod.Spec.Containers)
	f.trimmedImages(specPath.Child("initContainers"), pod.Spec.InitContainers)
}

// noTokens forbids tokens of a service account to a pod that has none.
func (f *faults) noTokens(volumes []corev1.Volume) {
	for i, v := range volumes {
		if v.Projected == nil {
			continue
		}
		for j, s := range v.Projected.Sources {
			if s.ServiceAccountToken != nil {
				f.forbidden(specPath.Child("volumes").Index(i).Child("projected", "sources").Index(j), "serviceAccountToken",
					"must not be specified when serviceAccountName is not set")
			}
		}
	}
}

const mayChange = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
	"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

// podUpdate validates a change of a pod: hardly anything of its spec may change.
func (f *faults) podUpdate(new, old *corev1.Pod) {
	f.metaUpdate(new, old)
	f.meta(new, true, subdomainName)
	f.wholePod(new)
	f.annotationChanges(new, old)
	if !f.sameContainers("containers", new.Spec.Containers, old.Spec.Containers) ||
		!f.sameContainers("initContainers", new.Spec.InitContainers, old.Spec.InitContainers) ||
		!f.deadlineChange(new.Spec.ActiveDeadlineSeconds, old.Spec.ActiveDeadlineSeconds) {
		return
	}
	f.addedTolerations(new.Spec.Tolerations, old.Spec.Tolerations)
	f.removedGates(new.Spec.SchedulingGates, old.Spec.SchedulingGates)
	if apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
		return
	}
	same := f.withoutAllowedChanges(new, old)
	if !apiequality.Semantic.DeepEqual(*same, old.Spec) {
		f.forbidden(specPath, "", mayChange+"\n"+diff.Diff(internal{old.Spec}, internal{*same}))
	}
}

// annotationChanges forbids changes of the annotations that are part of the spec
// in all but name.
func (f *faults) annotationChanges(new, old *corev1.Pod) {
	p := metadataPath.Child("annotations")
	guard := func(k, appArmor, mirror string) {
		if strings.HasPrefix(k, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix) {
			f.forbidden(p.Key(k), "", appArmor)
		}
		if k == corev1.MirrorPodAnnotationKey {
			f.forbidden(p.Key(k), "", mirror)
		}
	}
	for _, k := range sorted(nil, old.Annotations) {
		if v, ok := new.Annotations[k]; !ok || v != old.Annotations[k] {
			guard(k, "may not remove or update AppArmor annotations", "may not remove or update mirror pod annotation")
		}
	}
	for _, k := range sorted(nil, new.Annotations) {
		if _, ok := old.Annotations[k]; !ok {
			guard(k, "may not add AppArmor annotations", "may not add mirror pod annotation")
		}
	}
	f.podAnnotations(metadataPath, new.Annotations, &new.Spec)
}

func (f *faults) sameContainers(child string, new, old []corev1.Container) bool {
	p := specPath.Child(child)
	if len(new) != len(old) {
		f.forbidden(p, "", "pod updates may not add or remove containers")
		return false
	}
	for i := range new {
		if new[i].Image == "" {
			f.required(p.Index(i), "image", "")
		}
	}
	f.trimmedImages(p, new)
	return true
}

func (f *faults) deadlineChange(new, old *int64) bool {
	const child = "activeDeadlineSeconds"
	switch {
	case new == nil && old != nil:
		f.invalid(specPath, child, new, "must not update from a positive integer to nil value")
	case new != nil && (*new < 0 || *new > math.MaxInt32):
		f.invalid(specPath, child, *new, validation.InclusiveRangeError(0, math.MaxInt32))
		return false
	case new != nil && old != nil && *old < *new:
		f.invalid(specPath, child, *new, "must be less than or equal to previous value")
		return false
	}
	return true
}

// addedTolerations lets tolerations be added, and their seconds be changed.
func (f *faults) addedTolerations(new, old []corev1.Toleration) {
	for _, o := range old {
		if !slices.ContainsFunc(new, func(n corev1.Toleration) bool {
			n.TolerationSeconds = o.TolerationSeconds
			return n == o
		}) {
			f.forbidden(specPath, "tolerations", "existing toleration can not be modified except its tolerationSeconds")
			return
		}
	}
	f.tolerations(specPath.Child("tolerations"), new)
}

func (f *faults) removedGates(new, old []corev1.PodSchedulingGate) {
	for i, gate := range new {
		if !slices.Contains(old, gate) {
			f.forbidden(specPath.Child("schedulingGates").Index(i), "name",
				fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", gate.Name))
		}
	}
}

// withoutAllowedChanges is the new spec with the old values of what may change.
func (f *faults) withoutAllowedChanges(new, old *corev1.Pod) *corev1.PodSpec {
	s := new.Spec.DeepCopy()
	for i := range s.Containers {
		s.Containers[i].Image = old.Spec.Containers[i].Image
	}
	for i := range s.InitContainers {
		s.InitContainers[i].Image = old.Spec.InitContainers[i].Image
	}
	s.ActiveDeadlineSeconds = old.Spec.ActiveDeadlineSeconds
	s.SchedulingGates = old.Spec.SchedulingGates
	s.Tolerations = old.Spec.Tolerations
	if was, is := old.Spec.TerminationGracePeriodSeconds, s.TerminationGracePeriodSeconds; was != nil && *was < 0 && is != nil && *is == 1 {
		s.TerminationGracePeriodSeconds = was
	}
	if len(old.Spec.SchedulingGates) > 0 {
		f.gatedChanges(s, &old.Spec)
	}
	return s
}

// gatedChanges lets the placement of a pod that is held back be narrowed down.
func (f *faults) gatedChanges(s, old *corev1.PodSpec) {
	for _, k := range sorted(nil, old.NodeSelector) {
		if v, ok := s.NodeSelector[k]; !ok || v != old.NodeSelector[k] {
			f.invalid(specPath, "nodeSelector", s.NodeSelector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)")
			break
		}
	}
	s.NodeSelector = old.NodeSelector

	was, is := nodeAffinity(old), nodeAffinity(s)
	if apiequality.Semantic.DeepEqual(was, is) {
		return
	}
	f.narrowedAffinity(is, was)
	switch {
	case s.Affinity == nil && was == nil:
	case s.Affinity == nil:
		s.Affinity = &corev1.Affinity{NodeAffinity: was}
	case old.Affinity == nil && s.Affinity.PodAffinity == nil && s.Affinity.PodAntiAffinity == nil:
		s.Affinity = nil
	default:
		s.Affinity.NodeAffinity = was
	}
}

func nodeAffinity(s *corev1.PodSpec) *corev1.NodeAffinity {
	if s.Affinity == nil {
		return nil
	}
	return s.Affinity.NodeAffinity
}

func requiredTerms(a *corev1.NodeAffinity) []corev1.NodeSelectorTerm {
	if a == nil || a.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	return a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

func (f *faults) narrowedAffinity(new, old *corev1.NodeAffinity) {
	was, is := requiredTerms(old), requiredTerms(new)
	if len(was) == 0 {
		return
	}
	p := specPath.Child("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
	if len(was) != len(is) {
		f.invalid(p, "", internal{is}, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
		return
	}
	for i := range was {
		if !narrowed(is[i], was[i]) {
			f.invalid(p.Index(i), "", internal{is[i]}, "only additions are allowed (no mutations or deletions)")
		}
	}
}

func narrowed(new, old corev1.NodeSelectorTerm) bool {
	if len(old.MatchExpressions)+len(old.MatchFields) == 0 {
		return len(new.MatchExpressions)+len(new.MatchFields) == 0
	}
	starts := func(new, old []corev1.NodeSelectorRequirement) bool {
		return len(old) == 0 || len(new) >= len(old) && apiequality.Semantic.DeepEqual(new[:len(old)], old)
	}
	return starts(new.MatchExpressions, old.MatchExpressions) && starts(new.MatchFields, old.MatchFields)
}
