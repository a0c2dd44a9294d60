package kinds

import corev1 "k8s.io/api/core/v1"

// dropDisabled drops from a spec what belongs to features that are off in v1.36.
// What the object had before, as old says, may stay.
func dropDisabled(s, old *corev1.PodSpec) {
	if old == nil || old.SchedulingGroup == nil {
		s.SchedulingGroup = nil
	}
	dropProjections(s.Volumes, old)
	if old == nil || !hasStopSignal(old.Containers) && !hasStopSignal(old.InitContainers) {
		dropStopSignal(s.Containers)
		dropStopSignal(s.InitContainers)
	}
}

// dropProjections drops two sources of projected volumes.
func dropProjections(volumes []corev1.Volume, old *corev1.PodSpec) {
	bundle := func(p *corev1.VolumeProjection) bool { return p.ClusterTrustBundle != nil }
	certificate := func(p *corev1.VolumeProjection) bool { return p.PodCertificate != nil }
	if old == nil || !projects(old.Volumes, bundle) {
		eachProjection(volumes, func(p *corev1.VolumeProjection) { p.ClusterTrustBundle = nil })
	}
	if old == nil || !projects(old.Volumes, certificate) {
		eachProjection(volumes, func(p *corev1.VolumeProjection) { p.PodCertificate = nil })
	}
}

func projects(volumes []corev1.Volume, what func(*corev1.VolumeProjection) bool) (found bool) {
	eachProjection(volumes, func(p *corev1.VolumeProjection) { found = found || what(p) })
	return found
}

func eachProjection(volumes []corev1.Volume, do func(*corev1.VolumeProjection)) {
	for i := range volumes {
		if p := volumes[i].Projected; p != nil {
			for j := range p.Sources {
				do(&p.Sources[j])
			}
		}
	}
}

func hasStopSignal(containers []corev1.Container) bool {
	for i := range containers {
		if l := containers[i].Lifecycle; l != nil && l.StopSignal != nil {
			return true
		}
	}
	return false
}

func dropStopSignal(containers []corev1.Container) {
	for i := range containers {
		l := &containers[i].Lifecycle
		if *l == nil || (*l).StopSignal == nil {
			continue
		}
		(*l).StopSignal = nil
		if **l == (corev1.Lifecycle{}) {
			*l = nil
		}
	}
}
