package kinds

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// service validates a service, but for its metadata; old is nil for a new one.
func (f *faults) service(s, old *corev1.Service) {
	if f.families(&s.Spec) {
		return
	}
	spec := &s.Spec
	if mode, hints := s.Annotations[corev1.AnnotationTopologyMode], s.Annotations[corev1.DeprecatedAnnotationTopologyAwareHints]; mode != hints && hasBoth(s.Annotations) {
		f.invalid(metadataPath.Child("annotations").Key(corev1.AnnotationTopologyMode), "", mode,
			fmt.Sprintf("must match annotations[%s] when both are specified", corev1.DeprecatedAnnotationTopologyAwareHints))
	}
	if len(spec.Ports) == 0 && !isHeadless(spec) && spec.Type != corev1.ServiceTypeExternalName {
		f.required(specPath, "ports", "")
	}
	f.serviceType(spec)
	for i := range spec.Ports {
		f.servicePort(specPath.Child("ports").Index(i), spec.Ports, i)
	}
	f.labels(specPath, "selector", spec.Selector)
	f.affinityOfSession(spec)
	f.clusterIPs(spec, old)
	f.externalIPs(spec, old)
	oneOf(f, specPath, "type", spec.Type, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)
	f.portsTogether(spec)
	f.sourceRanges(s, old)
	f.forLoadBalancers(spec)
	f.traffic(s)
}

func hasBoth(annotations map[string]string) bool {
	_, mode := annotations[corev1.AnnotationTopologyMode]
	_, hints := annotations[corev1.DeprecatedAnnotationTopologyAwareHints]
	return mode && hints
}

func (f *faults) serviceType(s *corev1.ServiceSpec) {
	switch s.Type {
	case corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort:
		if isHeadless(s) {
			f.invalid(specPath.Child("clusterIPs").Index(0), "", s.ClusterIPs[0], fmt.Sprintf("may not be set to 'None' for %s services", s.Type))
		}
	case corev1.ServiceTypeExternalName:
		const detail = "may not be set for ExternalName services"
		f.forbidSet(specPath, detail, set{"clusterIPs", len(s.ClusterIPs) > 0}, set{"ipFamilies", len(s.IPFamilies) > 0},
			set{"ipFamilyPolicy", s.IPFamilyPolicy != nil})
		f.require(specPath, "externalName", strings.TrimSuffix(s.ExternalName, "."), dnsSubdomain)
	}
}

func (f *faults) servicePort(p *field.Path, ports []corev1.ServicePort, i int) {
	port := &ports[i]
	if port.Name == "" {
		if len(ports) > 1 {
			f.required(p, "name", "")
		}
	} else {
		f.rule(p, "name", port.Name, dnsLabel)
		for _, other := range ports[:i] {
			if other.Name == port.Name {
				f.duplicate(p, "name", port.Name)
				break
			}
		}
	}
	f.messages(p, "port", port.Port, validation.IsValidPortNum(int(port.Port)))
	f.protocol(p, port.Protocol)
	f.port(p, "targetPort", port.TargetPort)
	if port.AppProtocol != nil {
		f.rule(p, "appProtocol", *port.AppProtocol, qualifiedName)
	}
}

// portsTogether lets no two ports of a service be the same, nor their node ports.
func (f *faults) portsTogether(s *corev1.ServiceSpec) {
	p := specPath.Child("ports")
	for i, port := range s.Ports {
		if s.Type == corev1.ServiceTypeClusterIP && port.NodePort != 0 {
			f.forbidden(p.Index(i), "nodePort", "may not be used when `type` is 'ClusterIP'")
		}
	}
	for i, port := range s.Ports {
		for _, other := range s.Ports[:i] {
			if port.NodePort != 0 && other.NodePort == port.NodePort && other.Protocol == port.Protocol {
				f.duplicate(p.Index(i), "nodePort", port.NodePort)
				break
			}
		}
	}
	for i, port := range s.Ports {
		for _, other := range s.Ports[:i] {
			if other.Port == port.Port && other.Protocol == port.Protocol {
				f.duplicate(p.Index(i), "", internal{corev1.ServicePort{Protocol: port.Protocol, Port: port.Port}})
				break
			}
		}
	}
}

func (f *faults) affinityOfSession(s *corev1.ServiceSpec) {
	oneOf(f, specPath, "sessionAffinity", s.SessionAffinity, corev1.ServiceAffinityClientIP, corev1.ServiceAffinityNone)
	config, p := s.SessionAffinityConfig, specPath.Child("sessionAffinityConfig")
	switch s.SessionAffinity {
	case corev1.ServiceAffinityNone:
		if config != nil {
			f.forbidden(p, "", "must not be set when session affinity is None")
		}
	case corev1.ServiceAffinityClientIP:
		const detail, most = "when session affinity type is ClientIP", 86400
		switch {
		case config == nil:
			f.required(p, "", detail)
		case config.ClientIP == nil:
			f.required(p, "clientIP", detail)
		case config.ClientIP.TimeoutSeconds == nil:
			f.required(p.Child("clientIP"), "timeoutSeconds", detail)
		case *config.ClientIP.TimeoutSeconds <= 0 || *config.ClientIP.TimeoutSeconds > most:
			f.invalid(p.Child("clientIP"), "timeoutSeconds", config.ClientIP.TimeoutSeconds, fmt.Sprintf("must be greater than 0 and less than %d", most))
		}
	}
}

func (f *faults) externalIPs(s *corev1.ServiceSpec, old *corev1.Service) {
	var known []string
	if old != nil {
		known = old.Spec.ExternalIPs
	}
	for i, ip := range s.ExternalIPs {
		p, before := specPath.Child("externalIPs").Index(i), len(f.list)
		f.ip(p, ip, known...)
		if len(f.list) == before {
			f.endpointIP(p, ip)
		}
	}
}

// endpointIP forbids addresses at which there is never an endpoint.
func (f *faults) endpointIP(p *field.Path, address string) {
	ip := netutils.ParseIPSloppy(address)
	switch {
	case ip == nil:
		f.invalid(p, "", address, "must be a valid IP address")
	case ip.IsUnspecified():
		f.invalid(p, "", address, fmt.Sprintf("may not be unspecified (%v)", address))
	case ip.IsLoopback():
		f.invalid(p, "", address, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
	case ip.IsLinkLocalUnicast():
		f.invalid(p, "", address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
	case ip.IsLinkLocalMulticast():
		f.invalid(p, "", address, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
	}
}

const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'"

func (f *faults) sourceRanges(s, old *corev1.Service) {
	const key = corev1.AnnotationLoadBalancerSourceRangesKey
	ranges, p := s.Spec.LoadBalancerSourceRanges, specPath.Child("LoadBalancerSourceRanges")
	text, annotated := s.Annotations[key]
	if len(ranges) == 0 && !annotated {
		return
	}
	index := p.Index
	var known []string
	if len(ranges) == 0 {
		p = metadataPath.Child("annotations").Key(key)
		index = func(int) *field.Path { return p }
		if text = strings.TrimSpace(text); text != "" && (old == nil || old.Annotations[key] != s.Annotations[key]) {
			ranges = strings.Split(text, ",")
		}
	} else if old != nil {
		for _, r := range old.Spec.LoadBalancerSourceRanges {
			known = append(known, strings.TrimSpace(r))
		}
	}
	if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		f.forbidden(p, "", onlyLoadBalancer)
	}
	for i, r := range ranges {
		f.cidr(index(i), strings.TrimSpace(r), known...)
	}
}

// cidr validates a range of addresses as ip does an address.
func (f *faults) cidr(p *field.Path, s string, known ...string) {
	f.add(validation.IsValidCIDRForLegacyField(p, s, true, known)...)
}

func (f *faults) forLoadBalancers(s *corev1.ServiceSpec) {
	isBalancer := s.Type == corev1.ServiceTypeLoadBalancer
	if s.AllocateLoadBalancerNodePorts != nil && !isBalancer {
		f.forbidden(specPath, "allocateLoadBalancerNodePorts", onlyLoadBalancer)
	}
	if s.AllocateLoadBalancerNodePorts == nil && isBalancer {
		f.required(nil, "allocateLoadBalancerNodePorts", "")
	}
	f.balancerClass(s)
}

func (f *faults) balancerClass(s *corev1.ServiceSpec) {
	switch {
	case s.LoadBalancerClass == nil:
	case s.Type == corev1.ServiceTypeLoadBalancer:
		f.rule(specPath, "loadBalancerClass", *s.LoadBalancerClass, qualifiedName)
	default:
		f.forbidden(specPath, "loadBalancerClass", onlyLoadBalancer)
	}
}

func (f *faults) traffic(s *corev1.Service) {
	spec := &s.Spec
	if externallyAccessible(s) {
		oneOf(f, specPath, "externalTrafficPolicy", spec.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)
	} else if spec.ExternalTrafficPolicy != "" {
		f.invalid(specPath, "externalTrafficPolicy", spec.ExternalTrafficPolicy, "may only be set for externally-accessible services")
	}
	switch port := spec.HealthCheckNodePort; {
	case !needsHealthCheck(s):
		if port != 0 {
			f.invalid(specPath, "healthCheckNodePort", port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
		}
	case port == 0:
		f.required(specPath, "healthCheckNodePort", "")
	default:
		f.messages(specPath, "healthCheckNodePort", port, validation.IsValidPortNum(int(port)))
	}
	known := spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer || spec.Type == corev1.ServiceTypeClusterIP
	if spec.InternalTrafficPolicy == nil && known {
		f.required(specPath, "internalTrafficPolicy", "")
	}
	ifSetOneOf(f, specPath, "internalTrafficPolicy", spec.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster, corev1.ServiceInternalTrafficPolicyLocal)
	ifSetOneOf(f, specPath, "trafficDistribution", spec.TrafficDistribution, corev1.ServiceTrafficDistributionPreferClose,
		corev1.ServiceTrafficDistributionPreferSameZone, corev1.ServiceTrafficDistributionPreferSameNode)
}

// serviceUpdate validates a change of a service: its first address and family
// stay, unless it stops or begins to be the name of something outside.
func (f *faults) serviceUpdate(new, old *corev1.Service) {
	f.metaUpdate(new, old)
	f.clusterIPsUpdate(&new.Spec, &old.Spec)
	f.familiesUpdate(&new.Spec, &old.Spec)
	if new.Spec.Type == corev1.ServiceTypeLoadBalancer && old.Spec.Type == corev1.ServiceTypeLoadBalancer &&
		!sameString(new.Spec.LoadBalancerClass, old.Spec.LoadBalancerClass) {
		f.invalid(specPath, "loadBalancerClass", new.Spec.LoadBalancerClass, notOnceSet)
	}
	f.balancerClass(&new.Spec)
	if needsHealthCheck(old) && needsHealthCheck(new) && new.Spec.HealthCheckNodePort != old.Spec.HealthCheckNodePort {
		f.forbidden(specPath, "healthCheckNodePort", "field is immutable")
	}
	f.service(new, old)
}

func sameString(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// loadBalancer validates what a load balancer reports of itself; addresses that
// it had reported before may stay.
func (f *faults) loadBalancer(s, old *corev1.Service) {
	var known []string
	for _, in := range old.Status.LoadBalancer.Ingress {
		known = append(known, in.IP)
	}
	p := statusPath.Child("loadBalancer", "ingress")
	if len(s.Status.LoadBalancer.Ingress) > 0 && s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		f.forbidden(p, "", "may only be used when `spec.type` is 'LoadBalancer'")
		return
	}
	for i, in := range s.Status.LoadBalancer.Ingress {
		idx := p.Index(i)
		if in.IP != "" {
			f.ip(idx.Child("ip"), in.IP, known...)
		}
		switch {
		case in.IPMode == nil && in.IP != "":
			f.required(idx, "ipMode", "must be specified when `ip` is set")
		case in.IPMode != nil && in.IP == "":
			f.forbidden(idx, "ipMode", "may not be specified when `ip` is not set")
		default:
			ifSetOneOf(f, idx, "ipMode", in.IPMode, corev1.LoadBalancerIPModeProxy, corev1.LoadBalancerIPModeVIP)
		}
		if in.Hostname != "" {
			f.rule(idx, "hostname", in.Hostname, dnsSubdomain)
			if netutils.ParseIPSloppy(in.Hostname) != nil {
				f.invalid(idx, "hostname", in.Hostname, "must be a DNS name, not an IP address")
			}
		}
	}
}
