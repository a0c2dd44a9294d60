package kinds

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

const notOnceSet = "may not change once set"

// defaultFamilies gives a service the families of addresses of the cluster, which
// are IPv4 alone. A headless service without a selector, whose endpoints are
// somebody else's work, may have both.
func defaultFamilies(s *corev1.ServiceSpec) {
	if s.Type == corev1.ServiceTypeExternalName {
		return
	}
	for i := len(s.IPFamilies); i < len(s.ClusterIPs); i++ {
		if s.ClusterIPs[i] != corev1.ClusterIPNone {
			s.IPFamilies = append(slices.Clone(s.IPFamilies), familyOf(s.ClusterIPs[i]))
		}
	}
	if len(s.IPFamilies) == 0 {
		s.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	}
	if isHeadless(s) && len(s.Selector) == 0 {
		if len(s.IPFamilies) == 1 && (s.IPFamilyPolicy == nil || *s.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack) {
			s.IPFamilies = append(slices.Clone(s.IPFamilies), otherFamily(s.IPFamilies[0]))
		}
		orNew(&s.IPFamilyPolicy, corev1.IPFamilyPolicyRequireDualStack)
		return
	}
	if len(s.IPFamilies) > 1 || len(s.ClusterIPs) > 1 {
		orNew(&s.IPFamilyPolicy, corev1.IPFamilyPolicyRequireDualStack)
	}
	orNew(&s.IPFamilyPolicy, corev1.IPFamilyPolicySingleStack)
}

func familyOf(ip string) corev1.IPFamily {
	if netutils.IsIPv6String(ip) {
		return corev1.IPv6Protocol
	}
	return corev1.IPv4Protocol
}

func otherFamily(f corev1.IPFamily) corev1.IPFamily {
	if f == corev1.IPv4Protocol {
		return corev1.IPv6Protocol
	}
	return corev1.IPv4Protocol
}

// families refuses what a cluster with addresses of IPv4 alone cannot give. It
// reports whether it did: then nothing else is looked at.
func (f *faults) families(s *corev1.ServiceSpec) bool {
	if s.Type == corev1.ServiceTypeExternalName || isHeadless(s) && len(s.Selector) == 0 {
		return false
	}
	before := len(f.list)
	if s.IPFamilyPolicy != nil && *s.IPFamilyPolicy == corev1.IPFamilyPolicyRequireDualStack {
		f.invalid(specPath, "ipFamilyPolicy", s.IPFamilyPolicy, "this cluster is not configured for dual-stack services")
	}
	for i, family := range s.IPFamilies {
		if family == corev1.IPv6Protocol {
			f.invalid(specPath.Child("ipFamilies").Index(i), "", family, "not configured on this cluster")
		}
	}
	return len(f.list) > before
}

// clusterIPs validates the addresses of a service against each other and against
// its families.
func (f *faults) clusterIPs(s *corev1.ServiceSpec, old *corev1.Service) {
	if s.Type == corev1.ServiceTypeExternalName {
		return
	}
	const child = "clusterIPs"
	switch {
	case s.ClusterIP == "" && len(s.ClusterIPs) > 0:
		f.invalid(specPath, child, s.ClusterIPs, "must be empty when `clusterIP` is not specified")
	case s.ClusterIP != "" && len(s.ClusterIPs) == 0:
		f.required(specPath, child, "")
	case s.ClusterIP != "" && s.ClusterIPs[0] != s.ClusterIP:
		f.invalid(specPath, child, s.ClusterIPs, "first value must match `clusterIP`")
	}
	for i := range s.IPFamilies {
		p := specPath.Child("ipFamilies").Index(i)
		ifSetOneOf(f, p, "", &s.IPFamilies[i], corev1.IPv4Protocol, corev1.IPv6Protocol)
		if slices.Contains(s.IPFamilies[:i], s.IPFamilies[i]) {
			f.duplicate(p, "", s.IPFamilies[i])
		}
	}
	ifSetOneOf(f, specPath, "ipFamilyPolicy", s.IPFamilyPolicy,
		corev1.IPFamilyPolicyPreferDualStack, corev1.IPFamilyPolicyRequireDualStack, corev1.IPFamilyPolicySingleStack)
	if !f.eachClusterIP(s, old) {
		return
	}
	if len(s.ClusterIPs) > 1 {
		if both, err := netutils.IsDualStackIPStrings(s.ClusterIPs); err == nil && !both {
			f.invalid(specPath, child, s.ClusterIPs, "may specify no more than one IP for each IP family")
		}
	}
	if isHeadless(s) {
		return
	}
	for i := 0; i < len(s.ClusterIPs) && i < len(s.IPFamilies); i++ {
		if known := s.IPFamilies[i] == corev1.IPv4Protocol || s.IPFamilies[i] == corev1.IPv6Protocol; known && s.IPFamilies[i] != familyOf(s.ClusterIPs[i]) {
			f.invalid(specPath.Child(child).Index(i), "", s.ClusterIPs[i], fmt.Sprintf("expected an %v value as indicated by `ipFamilies[%v]`", s.IPFamilies[i], i))
		}
	}
}

// ClusterIPFaults is what is wrong with the addresses and families that a Service
// asks for: whoever allocates them looks at that first, and then at nothing else.
// old is nil for a new Service.
func ClusterIPFaults(s, old *corev1.Service) field.ErrorList {
	f := &faults{}
	f.clusterIPs(&s.Spec, old)
	return f.list
}

// eachClusterIP validates the addresses by themselves and reports whether more
// can be said of them.
func (f *faults) eachClusterIP(s *corev1.ServiceSpec, old *corev1.Service) bool {
	var known []string
	if old != nil {
		known = old.Spec.ClusterIPs
	}
	p, sound := specPath.Child("clusterIPs"), true
	for i, ip := range s.ClusterIPs {
		if i == 0 && ip == corev1.ClusterIPNone {
			if len(s.ClusterIPs) > 1 {
				sound = false
				f.invalid(p, "", s.ClusterIPs, "'None' must be the first and only value")
			}
			continue
		}
		if faults := validation.IsValidIPForLegacyField(p.Index(i), ip, true, known); len(faults) > 0 {
			sound = false
			f.add(faults...)
		}
	}
	if len(s.ClusterIPs) > 2 {
		f.invalid(p, "", s.ClusterIPs, "may only hold up to 2 values")
	}
	return sound
}

// clusterIPsUpdate lets a second address come and go, but not the first.
func (f *faults) clusterIPsUpdate(is, was *corev1.ServiceSpec) {
	if is.Type == corev1.ServiceTypeExternalName || was.Type == corev1.ServiceTypeExternalName || isHeadless(is) && isHeadless(was) {
		return
	}
	p := specPath.Child("clusterIPs")
	new, old := is.ClusterIPs, was.ClusterIPs
	if len(new) == len(old) {
		for i := range old {
			if new[i] != old[i] {
				f.invalid(p.Index(i), "", new, notOnceSet)
			}
		}
		return
	}
	if len(new) == 0 {
		f.invalid(p.Index(0), "", new, "primary clusterIP can not be unset")
	} else if len(old) > 0 && new[0] != old[0] {
		f.invalid(p.Index(0), "", new, notOnceSet)
	}
	if len(old) > len(new) && len(new) == 1 {
		f.mustBeSingle(is, "must be set to 'SingleStack' when releasing the secondary clusterIP")
	}
}

func (f *faults) mustBeSingle(s *corev1.ServiceSpec, detail string) {
	if s.IPFamilyPolicy == nil || *s.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack {
		f.invalid(specPath, "ipFamilyPolicy", s.IPFamilyPolicy, detail)
	}
}

// familiesUpdate is clusterIPsUpdate for the families.
func (f *faults) familiesUpdate(is, was *corev1.ServiceSpec) {
	if is.Type == corev1.ServiceTypeExternalName || was.Type == corev1.ServiceTypeExternalName || isHeadless(is) || isHeadless(was) {
		return
	}
	p := specPath.Child("ipFamilies").Index(0)
	new, old := is.IPFamilies, was.IPFamilies
	if len(new) == len(old) {
		for i := range old {
			if new[i] != old[i] {
				f.invalid(p, "", new, notOnceSet)
			}
		}
		return
	}
	if len(old) > len(new) && len(is.ClusterIPs) == 0 {
		f.invalid(p, "", new, "primary ipFamily can not be unset")
	}
	if len(new) > 0 && len(old) > 0 && new[0] != old[0] {
		f.invalid(p, "", is.ClusterIPs, notOnceSet)
	}
	if len(old) > len(new) && len(new) == 1 {
		f.mustBeSingle(is, "must be set to 'SingleStack' when releasing the secondary ipFamily")
	}
}

func serviceWarnings(s *corev1.Service) (warnings []string) {
	spec := &s.Spec
	if _, ok := s.Annotations[corev1.DeprecatedAnnotationTopologyAwareHints]; ok {
		warnings = append(warnings, fmt.Sprintf("annotation %s is deprecated, please use %s instead", corev1.DeprecatedAnnotationTopologyAwareHints, corev1.AnnotationTopologyMode))
	}
	remark := func(p *field.Path, ip string) { warnings = append(warnings, validation.GetWarningsForIP(p, ip)...) }
	if spec.ClusterIP != "" && spec.ClusterIP != corev1.ClusterIPNone {
		for i, ip := range spec.ClusterIPs {
			remark(specPath.Child("clusterIPs").Index(i), ip)
		}
	}
	if spec.Type == corev1.ServiceTypeClusterIP && spec.ClusterIP == corev1.ClusterIPNone {
		if spec.LoadBalancerIP != "" {
			warnings = append(warnings, "spec.loadBalancerIP is ignored for headless services")
		}
		if len(spec.ExternalIPs) > 0 {
			warnings = append(warnings, "spec.externalIPs is ignored for headless services")
		}
		if spec.SessionAffinity != corev1.ServiceAffinityNone {
			warnings = append(warnings, "spec.SessionAffinity is ignored for headless services")
		}
	}
	for i, ip := range spec.ExternalIPs {
		remark(specPath.Child("externalIPs").Index(i), ip)
	}
	if len(spec.ExternalIPs) > 0 && !isHeadless(spec) && spec.Type != corev1.ServiceTypeExternalName {
		warnings = append(warnings, "spec.externalIPs is deprecated and may no longer be implemented in some clusters")
	}
	if spec.LoadBalancerIP != "" {
		remark(specPath.Child("loadBalancerIP"), spec.LoadBalancerIP)
	}
	for i, r := range spec.LoadBalancerSourceRanges {
		warnings = append(warnings, validation.GetWarningsForCIDR(specPath.Child("loadBalancerSourceRanges").Index(i), r)...)
	}
	if spec.Type == corev1.ServiceTypeExternalName && len(spec.ExternalIPs) > 0 {
		warnings = append(warnings, `spec.externalIPs is ignored when spec.type is "ExternalName"`)
	}
	if spec.Type != corev1.ServiceTypeExternalName && spec.ExternalName != "" {
		warnings = append(warnings, `spec.externalName is ignored when spec.type is not "ExternalName"`)
	}
	if d := spec.TrafficDistribution; d != nil && *d == corev1.ServiceTrafficDistributionPreferClose {
		warnings = append(warnings, `spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"`)
	}
	return warnings
}
