package kinds

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// resizePart is the subresource by which the CPU and memory of a pod's containers change.
var resizePart = part[*corev1.Pod]{prepare: resizePod, validate: func(f *faults, new, old *corev1.Pod) { f.podResize(new, old) }}

// debugPart is the subresource by which ephemeral containers are added to a pod.
var debugPart = part[*corev1.Pod]{prepare: debugPod, validate: func(f *faults, new, old *corev1.Pod) { f.podDebug(new, old) }}

// restoreMeta keeps of the metadata what a subresource cannot change.
func restoreMeta(new, old *corev1.Pod) {
	new.DeletionTimestamp, new.Generation, new.SelfLink = old.DeletionTimestamp, old.Generation, old.SelfLink
	new.Labels, new.Annotations, new.Finalizers, new.OwnerReferences = old.Labels, old.Annotations, old.Finalizers, old.OwnerReferences
}

// countPod counts a change of a pod's spec.
func countPod(new, old *corev1.Pod) {
	dropDisabled(&new.Spec, &old.Spec)
	if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
		new.Generation = old.Generation + 1
	}
}

// debugPod keeps all of a pod but its ephemeral containers.
func debugPod(new, old *corev1.Pod) {
	added := new.Spec.EphemeralContainers
	new.Spec, new.Status = *old.Spec.DeepCopy(), *old.Status.DeepCopy()
	restoreMeta(new, old)
	new.Spec.EphemeralContainers = added
	countPod(new, old)
}

// resizePod keeps all of a pod but the resources of its containers. Containers
// that come, go or change their place are left for validation to refuse.
func resizePod(new, old *corev1.Pod) {
	if len(new.Spec.Containers) == len(old.Spec.Containers) && len(new.Spec.InitContainers) == len(old.Spec.InitContainers) {
		containers := resized(new.Spec.Containers, old.Spec.Containers)
		initContainers := resized(new.Spec.InitContainers, old.Spec.InitContainers)
		resources := new.Spec.Resources
		new.Spec, new.Status = *old.Spec.DeepCopy(), *old.Status.DeepCopy()
		new.Spec.Resources, new.Spec.Containers, new.Spec.InitContainers = resources, containers, initContainers
		restoreMeta(new, old)
	}
	countPod(new, old)
}

// resized are old containers with the resources of new ones; the new ones where they have other names.
func resized(new, old []corev1.Container) []corev1.Container {
	var out []corev1.Container
	for i := range new {
		if new[i].Name != old[i].Name {
			return new
		}
		c := *old[i].DeepCopy()
		c.Resources, c.ResizePolicy = new[i].Resources, new[i].ResizePolicy
		out = append(out, c)
	}
	return out
}

// podDebug lets ephemeral containers be added, and not be taken away or changed.
func (f *faults) podDebug(new, old *corev1.Pod) {
	f.metaUpdate(new, old)
	f.meta(new, true, subdomainName)
	f.wholePod(new)
	f.annotationChanges(new, old)
	if _, static := old.Annotations[corev1.MirrorPodAnnotationKey]; static {
		f.list = field.ErrorList{field.Forbidden(field.NewPath(""), "static pods do not support ephemeral containers")}
		return
	}
	now := map[string]*corev1.EphemeralContainer{}
	for i := range new.Spec.EphemeralContainers {
		now[new.Spec.EphemeralContainers[i].Name] = &new.Spec.EphemeralContainers[i]
	}
	for _, was := range old.Spec.EphemeralContainers {
		is, ok := now[was.Name]
		switch {
		case !ok:
			f.forbidden(specPath, "ephemeralContainers", "existing ephemeral containers \""+was.Name+"\" may not be removed\n")
		case !apiequality.Semantic.DeepEqual(was, *is):
			f.forbidden(specPath, "ephemeralContainers", "existing ephemeral containers \""+was.Name+"\" may not be changed\n"+diff.Diff(internal{was}, internal{*is}))
		}
	}
}

// podResize lets the CPU and memory of containers change, within the pod's class of service.
func (f *faults) podResize(new, old *corev1.Pod) {
	f.metaUpdate(new, old)
	f.meta(new, true, subdomainName)
	f.wholePod(new)
	if _, static := old.Annotations[corev1.MirrorPodAnnotationKey]; static {
		f.list = field.ErrorList{field.Forbidden(field.NewPath(""), "static pods cannot be resized")}
		return
	}
	if old.Spec.OS != nil && old.Spec.OS.Name == corev1.Windows {
		f.list = field.ErrorList{field.Forbidden(field.NewPath(""), "windows pods cannot be resized")}
		return
	}
	was := old.Status.QOSClass
	if was == "" {
		was = qosClass(&old.Spec)
	}
	if was != qosClass(&new.Spec) {
		f.invalid(specPath, "", new.Status.QOSClass, "Pod QOS Class may not change as a result of resizing")
	}
	if !resizable(old) {
		f.forbidden(specPath, "", "Pod running on node without support for resize")
	}
	same := new.Spec.DeepCopy()
	if hasResources(&old.Spec) || hasResources(&new.Spec) {
		f.wholeResize(same, new, old)
	}
	if !f.sameOrder("containers", new.Spec.Containers, old.Spec.Containers) || !f.sameOrder("initContainers", new.Spec.InitContainers, old.Spec.InitContainers) {
		return
	}
	f.keptResources("initContainers", new.Spec.InitContainers, old.Spec.InitContainers)
	f.keptResources("containers", new.Spec.Containers, old.Spec.Containers)
	f.resizedOnly(same, &old.Spec)
	if len(f.list) == 0 && !apiequality.Semantic.DeepEqual(*same, old.Spec) {
		f.forbidden(specPath, "", onlyCPUAndMemory)
	}
}

const onlyCPUAndMemory = "only cpu and memory resources are mutable"

// resizedOnly forbids changes of containers other than of their CPU and memory,
// which it takes back in same, a copy of the new spec.
func (f *faults) resizedOnly(same, old *corev1.PodSpec) {
	for i := range same.Containers {
		c := &same.Containers[i]
		withoutCPUAndMemory(&c.Resources, old.Containers[i].Resources)
		if !apiequality.Semantic.DeepEqual(*c, old.Containers[i]) {
			f.forbidden(specPath, "", onlyCPUAndMemory)
		}
	}
	for i := range same.InitContainers {
		c, idx := &same.InitContainers[i], specPath.Child("initContainers").Index(i)
		modified := !apiequality.Semantic.DeepEqual(*c, old.InitContainers[i])
		withoutCPUAndMemory(&c.Resources, old.InitContainers[i].Resources)
		if !apiequality.Semantic.DeepEqual(*c, old.InitContainers[i]) {
			f.forbidden(idx, "", "only cpu and memory resources for init or sidecar containers are mutable")
		}
		if !modified || isSidecar(c) {
			continue
		}
		for _, policy := range c.ResizePolicy {
			if policy.RestartPolicy == corev1.RestartContainer {
				f.forbidden(idx, "", "non-sidecar init containers with a resize policy of RestartContainer cannot be resized")
			}
		}
	}
}

// resizable says whether the node reports the resources of what runs, and so can change them.
func resizable(pod *corev1.Pod) bool {
	for _, s := range pod.Status.ContainerStatuses {
		if s.State.Running != nil {
			return s.Resources != nil
		}
	}
	return true // nothing runs, so nobody knows
}

func hasResources(s *corev1.PodSpec) bool {
	return s.Resources != nil && len(s.Resources.Requests)+len(s.Resources.Limits) > 0
}

// wholeResize validates a change of the resources of the pod as a whole.
func (f *faults) wholeResize(same *corev1.PodSpec, new, old *corev1.Pod) {
	p := specPath.Child("resources")
	is, was := new.Spec.Resources, old.Spec.Resources
	if was != nil && is == nil {
		f.forbidden(p, "", "pod-level resources cannot be removed")
		return
	}
	before := corev1.ResourceRequirements{}
	if was != nil {
		before = *was
		if lacksResources(is.Requests, was.Requests) {
			f.forbidden(p, "requests", "pod-level resource requests cannot be removed")
		}
		if lacksResources(is.Limits, was.Limits) {
			f.forbidden(p, "limits", "pod-level resource limits cannot be removed")
		}
	}
	claims := same.Resources.Claims
	withoutCPUAndMemory(same.Resources, before)
	same.Resources.Claims = claims
	if was == nil && len(same.Resources.Requests)+len(same.Resources.Limits)+len(claims) == 0 {
		same.Resources = nil
	}
	if !apiequality.Semantic.DeepEqual(same.Resources, was) {
		f.forbidden(specPath, "", "only cpu and memory resources are mutable at pod-level")
	}
}

// sameOrder requires the containers of a list to be those of before.
func (f *faults) sameOrder(child string, new, old []corev1.Container) bool {
	before := len(f.list)
	if len(new) != len(old) {
		f.forbidden(specPath, child, child+" may not be added or removed on resize")
		return false
	}
	for i := range old {
		if new[i].Name != old[i].Name {
			f.forbidden(specPath.Child(child).Index(i), "name", child+" may not be renamed or reordered on resize")
		}
	}
	return len(f.list) == before
}

// keptResources forbids taking requests and limits away altogether.
func (f *faults) keptResources(child string, new, old []corev1.Container) {
	for i := range old {
		p := specPath.Child(child).Index(i).Child("resources")
		if lacksResources(new[i].Resources.Requests, old[i].Resources.Requests) {
			f.forbidden(p, "requests", "resource requests cannot be removed")
		}
		if lacksResources(new[i].Resources.Limits, old[i].Resources.Limits) {
			f.forbidden(p, "limits", "resource limits cannot be removed")
		}
	}
}

func lacksResources(new, old corev1.ResourceList) bool {
	for name := range old {
		if _, ok := new[name]; !ok {
			return true
		}
	}
	return false
}

// withoutCPUAndMemory takes changes of CPU and memory back. As in Kubernetes the claims go.
func withoutCPUAndMemory(r *corev1.ResourceRequirements, old corev1.ResourceRequirements) {
	*r = corev1.ResourceRequirements{Limits: restored(r.Limits, old.Limits), Requests: restored(r.Requests, old.Requests)}
}

func restored(list, old corev1.ResourceList) corev1.ResourceList {
	if list == nil && old == nil {
		return nil
	}
	out := list.DeepCopy()
	if out == nil {
		out = corev1.ResourceList{}
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		delete(out, name)
		if q, ok := old[name]; ok {
			out[name] = q
		}
	}
	return out
}
