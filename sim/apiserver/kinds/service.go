package kinds

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The cluster that services are for has one range of addresses, of IPv4. Whoever
// allocates cluster addresses and ports does so before a service is validated.

var services = kind[*corev1.Service]{
	name:           labelName,
	defaults:       defaultService,
	create:         createService,
	update:         updateService,
	status:         func(new, old *corev1.Service) { new.Spec = old.Spec },
	validate:       func(f *faults, s *corev1.Service) { f.service(s, nil) },
	validateUpdate: func(f *faults, new, old *corev1.Service) { f.serviceUpdate(new, old) },
	validateStatus: func(f *faults, new, old *corev1.Service) { f.loadBalancer(new, old) },
	warnings:       serviceWarnings,
	createOnUpdate: true,
}

func defaultService(s *corev1.Service) {
	spec := &s.Spec
	orElse(&spec.SessionAffinity, corev1.ServiceAffinityNone)
	switch config := spec.SessionAffinityConfig; spec.SessionAffinity {
	case corev1.ServiceAffinityNone:
		spec.SessionAffinityConfig = nil
	case corev1.ServiceAffinityClientIP:
		if config == nil || config.ClientIP == nil || config.ClientIP.TimeoutSeconds == nil {
			spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{
				ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: new(corev1.DefaultClientIPServiceAffinitySeconds)},
			}
		}
	}
	orElse(&spec.Type, corev1.ServiceTypeClusterIP)
	for i := range spec.Ports {
		p := &spec.Ports[i]
		orElse(&p.Protocol, corev1.ProtocolTCP)
		if p.TargetPort == intstr.FromInt32(0) || p.TargetPort == intstr.FromString("") {
			p.TargetPort = intstr.FromInt32(p.Port)
		}
	}
	if externallyAccessible(s) {
		orElse(&spec.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster)
	}
	if spec.Type == corev1.ServiceTypeClusterIP || spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer {
		orNew(&spec.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
	}
	if spec.Type == corev1.ServiceTypeLoadBalancer {
		orNew(&spec.AllocateLoadBalancerNodePorts, true)
		for i := range s.Status.LoadBalancer.Ingress {
			if in := &s.Status.LoadBalancer.Ingress[i]; in.IP != "" {
				orNew(&in.IPMode, corev1.LoadBalancerIPModeVIP)
			}
		}
	}
}

func createService(s *corev1.Service) {
	s.Status = corev1.ServiceStatus{}
	if s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0 {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	}
	defaultFamilies(&s.Spec)
}

// updateService keeps what was allocated for a service and what it says nothing
// of, and drops what its new type has no use for.
func updateService(new, old *corev1.Service) {
	new.Status = old.Status
	keepAllocated(new, old)
	followClusterIP(new, old)
	dropUnneeded(new, old)
	defaultFamilies(&new.Spec)
}

func keepAllocated(new, old *corev1.Service) {
	if needsClusterIP(old) && needsClusterIP(new) {
		orElse(&new.Spec.ClusterIP, old.Spec.ClusterIP)
		if len(new.Spec.ClusterIPs) == 0 {
			new.Spec.ClusterIPs = old.Spec.ClusterIPs
		}
		if sameStrings(new.Spec.ClusterIPs, old.Spec.ClusterIPs) {
			if new.Spec.IPFamilyPolicy == nil {
				new.Spec.IPFamilyPolicy = old.Spec.IPFamilyPolicy
			}
			if len(new.Spec.IPFamilies) == 0 {
				new.Spec.IPFamilies = old.Spec.IPFamilies
			}
		}
	}
	if needsNodePort(old) && needsNodePort(new) {
		keepNodePorts(new.Spec.Ports, old.Spec.Ports)
	}
	if needsHealthCheck(old) && needsHealthCheck(new) {
		orElse(&new.Spec.HealthCheckNodePort, old.Spec.HealthCheckNodePort)
	}
}

// keepNodePorts gives the ports without a node port the one of the port with
// their name, unless another one asks for it now.
func keepNodePorts(new, old []corev1.ServicePort) {
	taken := map[int32]bool{}
	for _, p := range new {
		taken[p.NodePort] = true
	}
	for i := range new {
		for _, o := range old {
			if new[i].NodePort == 0 && o.Name == new[i].Name && o.NodePort != 0 && !taken[o.NodePort] {
				new[i].NodePort = o.NodePort
				taken[o.NodePort] = true
			}
		}
	}
}

// followClusterIP makes the list of addresses follow the single one where a
// client changed only that.
func followClusterIP(new, old *corev1.Service) {
	is, was := &new.Spec, &old.Spec
	switch {
	case is.ClusterIP == was.ClusterIP || !sameStrings(is.ClusterIPs, was.ClusterIPs):
	case is.ClusterIP == "":
		is.ClusterIPs = nil
	default:
		is.ClusterIPs = []string{is.ClusterIP}
	}
}

// dropUnneeded drops what the new type of a service has no use for, if it was
// not changed as well: then it is a fault.
func dropUnneeded(new, old *corev1.Service) {
	is, was := &new.Spec, &old.Spec
	if needsClusterIP(old) && !needsClusterIP(new) {
		if is.ClusterIP == was.ClusterIP && sameStrings(is.ClusterIPs, was.ClusterIPs) {
			is.ClusterIP, is.ClusterIPs = "", nil
		}
		if apiequality.Semantic.DeepEqual(is.IPFamilies, was.IPFamilies) {
			is.IPFamilies = nil
		}
		dropSame(&is.IPFamilyPolicy, was.IPFamilyPolicy)
	}
	if needsNodePort(old) && !needsNodePort(new) && sameNodePorts(is.Ports, was.Ports) {
		for i := range is.Ports {
			is.Ports[i].NodePort = 0
		}
	}
	if needsHealthCheck(old) && !needsHealthCheck(new) && is.HealthCheckNodePort == was.HealthCheckNodePort {
		is.HealthCheckNodePort = 0
	}
	if was.Type == corev1.ServiceTypeLoadBalancer && is.Type != corev1.ServiceTypeLoadBalancer {
		dropSame(&is.AllocateLoadBalancerNodePorts, was.AllocateLoadBalancerNodePorts)
		dropSame(&is.LoadBalancerClass, was.LoadBalancerClass)
	}
	if externallyAccessible(old) && !externallyAccessible(new) && is.ExternalTrafficPolicy == was.ExternalTrafficPolicy {
		is.ExternalTrafficPolicy = ""
	}
	if is.Type != corev1.ServiceTypeLoadBalancer {
		new.Status.LoadBalancer = corev1.LoadBalancerStatus{}
	}
}

func dropSame[T comparable](is **T, was *T) {
	if *is != nil && was != nil && **is == *was {
		*is = nil
	}
}

func sameStrings(a, b []string) bool { return apiequality.Semantic.DeepEqual(a, b) }

// sameNodePorts reports whether the new ports have no node ports but old ones.
func sameNodePorts(new, old []corev1.ServicePort) bool {
	before := map[int32]bool{}
	for _, p := range old {
		before[p.NodePort] = true
	}
	for _, p := range new {
		if p.NodePort != 0 && !before[p.NodePort] {
			return false
		}
	}
	return true
}

func needsClusterIP(s *corev1.Service) bool { return s.Spec.Type != corev1.ServiceTypeExternalName }

func needsNodePort(s *corev1.Service) bool {
	allocate := s.Spec.AllocateLoadBalancerNodePorts
	return s.Spec.Type == corev1.ServiceTypeNodePort ||
		s.Spec.Type == corev1.ServiceTypeLoadBalancer && (allocate == nil || *allocate)
}

func needsHealthCheck(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

func externallyAccessible(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeLoadBalancer || s.Spec.Type == corev1.ServiceTypeNodePort ||
		s.Spec.Type == corev1.ServiceTypeClusterIP && len(s.Spec.ExternalIPs) > 0
}

func isHeadless(s *corev1.ServiceSpec) bool {
	return len(s.ClusterIPs) == 1 && s.ClusterIPs[0] == corev1.ClusterIPNone
}
