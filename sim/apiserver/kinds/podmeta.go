package kinds

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podAnnotations validates the annotations that mean something to Kubernetes.
func (f *faults) podAnnotations(p *field.Path, annotations map[string]string, spec *corev1.PodSpec) {
	if len(annotations) == 0 {
		return
	}
	p = p.Child("annotations")
	if value, ok := annotations[corev1.MirrorPodAnnotationKey]; ok && spec.NodeName == "" {
		f.invalid(p.Key(corev1.MirrorPodAnnotationKey), "", value, "must set spec.nodeName if mirror pod annotation is set")
	}
	if cost, ok := annotations[corev1.PodDeletionCost]; ok && !isDeletionCost(cost) {
		f.invalid(p.Key(corev1.PodDeletionCost), "", cost, "must be a 32bit integer")
	}
	for _, k := range sorted(nil, annotations) {
		value := annotations[k]
		if k == corev1.SeccompPodAnnotationKey || strings.HasPrefix(k, corev1.SeccompContainerAnnotationKeyPrefix) {
			f.seccompName(p.Child(k), value)
		}
		name, ok := strings.CutPrefix(k, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix)
		if !ok {
			continue
		}
		if !hasContainer(spec, name) {
			f.invalid(p.Key(k), "", name, "container not found")
		}
		if value != "" && value != corev1.DeprecatedAppArmorBetaProfileRuntimeDefault && value != corev1.DeprecatedAppArmorBetaProfileNameUnconfined &&
			!strings.HasPrefix(value, corev1.DeprecatedAppArmorBetaProfileNamePrefix) {
			f.invalid(p.Key(k), "", value, "invalid AppArmor profile name: "+strconv.Quote(value))
		}
	}
}

// isDeletionCost reports whether a cost is a number of 32 bits, written without a
// plus or leading zeros.
func isDeletionCost(s string) bool {
	if s != "0" && strings.IndexAny(s, "-123456789") != 0 {
		return false
	}
	_, err := strconv.ParseInt(s, 10, 32)
	return err == nil
}

func hasContainer(spec *corev1.PodSpec, name string) bool {
	found := false
	eachContainer(nil, spec, func(_ *field.Path, c *corev1.Container) { found = found || c.Name == name })
	return found
}

func (f *faults) seccompName(p *field.Path, name string) {
	switch {
	case name == corev1.SeccompProfileRuntimeDefault, name == corev1.DeprecatedSeccompProfileDockerDefault, name == corev1.SeccompProfileNameUnconfined:
	case strings.HasPrefix(name, corev1.SeccompLocalhostProfileNamePrefix):
		f.descending(p, "", strings.TrimPrefix(name, corev1.SeccompLocalhostProfileNamePrefix))
	default:
		f.invalid(p, "", name, "must be a valid seccomp profile")
	}
}

// profilesMatch requires the profiles of the annotations of old and those of the
// fields to be the same where both are given. p is the path of the spec.
func (f *faults) profilesMatch(p *field.Path, annotations map[string]string, spec *corev1.PodSpec) {
	if len(annotations) == 0 {
		return
	}
	whole := spec.SecurityContext
	if whole != nil && whole.SeccompProfile != nil {
		if name, ok := annotations[corev1.SeccompPodAnnotationKey]; ok {
			f.seccompMatches(p.Child("securityContext"), name, whole.SeccompProfile)
		}
	}
	eachContainer(p, spec, func(p *field.Path, c *corev1.Container) {
		if c.SecurityContext != nil && c.SecurityContext.SeccompProfile != nil {
			if name, ok := annotations[corev1.SeccompContainerAnnotationKeyPrefix+c.Name]; ok {
				f.seccompMatches(p.Child("securityContext"), name, c.SecurityContext.SeccompProfile)
			}
		}
	})
	if spec.OS != nil && spec.OS.Name == corev1.Windows {
		return
	}
	eachContainer(p, spec, func(p *field.Path, c *corev1.Container) {
		name, ok := annotations[corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix+c.Name]
		if profile := appArmorOf(whole, c); ok && profile != nil {
			f.appArmorMatches(p.Child("securityContext"), name, profile)
		}
	})
}

func appArmorOf(whole *corev1.PodSecurityContext, c *corev1.Container) *corev1.AppArmorProfile {
	if c.SecurityContext != nil && c.SecurityContext.AppArmorProfile != nil {
		return c.SecurityContext.AppArmorProfile
	}
	if whole != nil {
		return whole.AppArmorProfile
	}
	return nil
}

func (f *faults) seccompMatches(p *field.Path, name string, profile *corev1.SeccompProfile) {
	p = p.Child("seccompProfile")
	local, isLocal := strings.CutPrefix(name, corev1.SeccompLocalhostProfileNamePrefix)
	same := true
	switch profile.Type {
	case corev1.SeccompProfileTypeUnconfined:
		same = name == corev1.SeccompProfileNameUnconfined
	case corev1.SeccompProfileTypeRuntimeDefault:
		same = name == corev1.SeccompProfileRuntimeDefault || name == corev1.DeprecatedSeccompProfileDockerDefault
	case corev1.SeccompProfileTypeLocalhost:
		same = isLocal
		if isLocal && (profile.LocalhostProfile == nil || *profile.LocalhostProfile != local) {
			f.forbidden(p, "localhostProfile", "seccomp profile in annotation and field must match")
		}
	}
	if !same {
		f.forbidden(p, "type", "seccomp type in annotation and field must match")
	}
}

func (f *faults) appArmorMatches(p *field.Path, name string, profile *corev1.AppArmorProfile) {
	p = p.Child("appArmorProfile")
	local, isLocal := strings.CutPrefix(name, corev1.DeprecatedAppArmorBetaProfileNamePrefix)
	same := true
	switch profile.Type {
	case corev1.AppArmorProfileTypeUnconfined:
		same = name == corev1.DeprecatedAppArmorBetaProfileNameUnconfined
	case corev1.AppArmorProfileTypeRuntimeDefault:
		same = name == corev1.DeprecatedAppArmorBetaProfileRuntimeDefault
	case corev1.AppArmorProfileTypeLocalhost:
		same = isLocal
		if isLocal && (profile.LocalhostProfile == nil || *profile.LocalhostProfile != local) {
			f.forbidden(p, "localhostProfile", "apparmor profile in annotation and field must match")
		}
	}
	if !same {
		f.forbidden(p, "type", "apparmor type in annotation and field must match")
	}
}

// podTemplate validates the template from which a controller makes pods.
func (f *faults) podTemplate(p *field.Path, t *corev1.PodTemplateSpec) {
	f.labels(p, "labels", t.Labels)
	f.annotations(p, "annotations", t.Annotations)
	f.podAnnotations(p, t.Annotations, &t.Spec)
	spec := p.Child("spec")
	f.podSpec(spec, &t.Spec, false, "")
	f.profilesMatch(spec, t.Annotations, &t.Spec)
	if len(t.Spec.EphemeralContainers) > 0 {
		f.forbidden(spec, "ephemeralContainers", "ephemeral containers not allowed in pod template")
	}
}

// selectsTemplate requires a selector to select the pods made from a template.
// It returns the error of a selector that cannot be understood.
func (f *faults) selectsTemplate(p *field.Path, s *metav1.LabelSelector, t *corev1.PodTemplateSpec) error {
	ok, err := matches(s, t.Labels)
	if err == nil && !ok {
		f.invalid(p.Child("template", "metadata"), "labels", t.Labels, "`selector` does not match template `labels`")
	}
	return err
}
