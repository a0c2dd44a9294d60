package framework

import (
	v1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
)

// PodInfo is a pod with everything that the cycle asks of it worked out once.
// But for Refresh, which gives it a newer version of the same pod, it is never changed.
type PodInfo struct {
	// Pod is the object; shared, never changed.
	Pod *v1.Pod
	// Key is namespace/name.
	Key string
	// Priority is spec.priority, 0 when unset.
	Priority int32
	// Request is what the pod takes of a node; see PodRequest.
	Request Resource
	// NonZero is what the pod counts as when bound; see NonZeroRequest.
	NonZero Resource
	// HostPorts are the ports it takes on its node.
	HostPorts []HostPort
	// Claims are the PersistentVolumeClaims it mounts, as namespace/name.
	Claims []string
	// Required and preferred (anti-)affinity terms, ready for matching.
	RequiredAffinity      []AffinityTerm
	RequiredAntiAffinity  []AffinityTerm
	PreferredAffinity     []AffinityTerm
	PreferredAntiAffinity []AffinityTerm

	shapeKey string // worked out when first asked for
}

// shape is equal for pods that every rule treats alike.
func (p *PodInfo) shape() string {
	if p.shapeKey == "" {
		p.shapeKey = shapeKey(p.Pod)
	}
	return p.shapeKey
}

// NewPodInfo works out what the cycle needs to know of pod.
func NewPodInfo(pod *v1.Pod) *PodInfo {
	p := &PodInfo{
		Pod:       pod,
		Key:       pod.Namespace + "/" + pod.Name,
		Priority:  corev1helpers.PodPriority(pod),
		Request:   PodRequest(pod),
		NonZero:   NonZeroRequest(pod),
		HostPorts: hostPorts(pod),
		Claims:    claimKeys(pod),
	}
	if a := pod.Spec.Affinity; a != nil {
		if pa := a.PodAffinity; pa != nil {
			p.RequiredAffinity = requiredTerms(pod, pa.RequiredDuringSchedulingIgnoredDuringExecution)
			p.PreferredAffinity = preferredTerms(pod, pa.PreferredDuringSchedulingIgnoredDuringExecution)
		}
		if pa := a.PodAntiAffinity; pa != nil {
			p.RequiredAntiAffinity = requiredTerms(pod, pa.RequiredDuringSchedulingIgnoredDuringExecution)
			p.PreferredAntiAffinity = preferredTerms(pod, pa.PreferredDuringSchedulingIgnoredDuringExecution)
		}
	}
	return p
}

// HasAffinity reports whether the pod names any pod affinity or anti-affinity.
func (p *PodInfo) HasAffinity() bool {
	return len(p.RequiredAffinity)+len(p.RequiredAntiAffinity)+len(p.PreferredAffinity)+len(p.PreferredAntiAffinity) > 0
}

// Terminating reports whether the pod's deletion has begun.
func (p *PodInfo) Terminating() bool { return p.Pod.DeletionTimestamp != nil }

// claimKeys lists the claims that the pod mounts, as namespace/name.
func claimKeys(pod *v1.Pod) []string {
	var keys []string
	for i := range pod.Spec.Volumes {
		if name := ClaimName(pod, &pod.Spec.Volumes[i]); name != "" {
			keys = append(keys, pod.Namespace+"/"+name)
		}
	}
	return keys
}

// ClaimName returns the name of the PersistentVolumeClaim behind a volume: the
// one it names, or the one made for a generic ephemeral volume; else "".
func ClaimName(pod *v1.Pod, volume *v1.Volume) string {
	switch {
	case volume.PersistentVolumeClaim != nil:
		return volume.PersistentVolumeClaim.ClaimName
	case volume.Ephemeral != nil:
		return pod.Name + "-" + volume.Name
	}
	return ""
}
