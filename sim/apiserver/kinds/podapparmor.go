package kinds

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// appArmorFromAnnotations keeps the annotations and the fields that name AppArmor
// profiles the same, as both were once written by clients: what only one of them
// says is put into the other.
func appArmorFromAnnotations(pod *corev1.Pod) {
	if pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows {
		return
	}
	whole := pod.Spec.SecurityContext
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			c := &list[i]
			key := corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix + c.Name
			profile := appArmorOf(whole, c)
			if profile != nil {
				if _, ok := pod.Annotations[key]; !ok {
					annotateAppArmor(pod, key, profile)
				}
				continue
			}
			if name, ok := pod.Annotations[key]; ok {
				setAppArmor(c, name)
			}
		}
	}
}

func annotateAppArmor(pod *corev1.Pod, key string, profile *corev1.AppArmorProfile) {
	name := ""
	switch {
	case profile.Type == corev1.AppArmorProfileTypeRuntimeDefault:
		name = corev1.DeprecatedAppArmorBetaProfileRuntimeDefault
	case profile.Type == corev1.AppArmorProfileTypeUnconfined:
		name = corev1.DeprecatedAppArmorBetaProfileNameUnconfined
	case profile.Type == corev1.AppArmorProfileTypeLocalhost && profile.LocalhostProfile != nil:
		name = corev1.DeprecatedAppArmorBetaProfileNamePrefix + *profile.LocalhostProfile
	default:
		return
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[key] = name
}

func setAppArmor(c *corev1.Container, name string) {
	profile := &corev1.AppArmorProfile{}
	local, isLocal := strings.CutPrefix(name, corev1.DeprecatedAppArmorBetaProfileNamePrefix)
	switch {
	case name == corev1.DeprecatedAppArmorBetaProfileRuntimeDefault:
		profile.Type = corev1.AppArmorProfileTypeRuntimeDefault
	case name == corev1.DeprecatedAppArmorBetaProfileNameUnconfined:
		profile.Type = corev1.AppArmorProfileTypeUnconfined
	case isLocal && local != "":
		profile.Type, profile.LocalhostProfile = corev1.AppArmorProfileTypeLocalhost, &local
	default:
		return
	}
	if c.SecurityContext == nil {
		c.SecurityContext = &corev1.SecurityContext{}
	}
	c.SecurityContext.AppArmorProfile = profile
}
