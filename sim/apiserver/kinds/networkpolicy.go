package kinds

import (
	"net"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

var networkPolicies = kind[*networkingv1.NetworkPolicy]{
	name:     subdomainName,
	defaults: defaultNetworkPolicy,
	create:   func(p *networkingv1.NetworkPolicy) { p.Generation = 1 },
	update: func(new, old *networkingv1.NetworkPolicy) {
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	validate: func(f *faults, p *networkingv1.NetworkPolicy) { f.networkPolicy(&p.Spec, nil) },
	validateUpdate: func(f *faults, new, old *networkingv1.NetworkPolicy) {
		f.metaUpdate(new, old)
		f.networkPolicy(&new.Spec, ranges(&old.Spec))
	},
	warnings: networkPolicyWarnings,
}

func defaultNetworkPolicy(p *networkingv1.NetworkPolicy) {
	s := &p.Spec
	ports := func(list []networkingv1.NetworkPolicyPort) {
		for i := range list {
			orNew(&list[i].Protocol, corev1.ProtocolTCP)
		}
	}
	for i := range s.Ingress {
		ports(s.Ingress[i].Ports)
	}
	for i := range s.Egress {
		ports(s.Egress[i].Ports)
	}
	if len(s.PolicyTypes) == 0 {
		s.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(s.Egress) > 0 {
			s.PolicyTypes = append(s.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
}

// eachPeer calls do for all peers of a policy, in order.
func eachPeer(s *networkingv1.NetworkPolicySpec, do func(p *field.Path, peer *networkingv1.NetworkPolicyPeer)) {
	for i := range s.Ingress {
		for j := range s.Ingress[i].From {
			do(specPath.Child("ingress").Index(i).Child("from").Index(j), &s.Ingress[i].From[j])
		}
	}
	for i := range s.Egress {
		for j := range s.Egress[i].To {
			do(specPath.Child("egress").Index(i).Child("to").Index(j), &s.Egress[i].To[j])
		}
	}
}

// ranges are the address ranges of a policy, which an update may keep however
// they are written.
func ranges(s *networkingv1.NetworkPolicySpec) (known []string) {
	eachPeer(s, func(_ *field.Path, peer *networkingv1.NetworkPolicyPeer) {
		if b := peer.IPBlock; b != nil {
			known = append(append(known, b.CIDR), b.Except...)
		}
	})
	return known
}

func (f *faults) networkPolicy(s *networkingv1.NetworkPolicySpec, known []string) {
	f.selector(specPath, "podSelector", &s.PodSelector)
	for i := range s.Ingress {
		p := specPath.Child("ingress").Index(i)
		f.policyPorts(p.Child("ports"), s.Ingress[i].Ports)
		f.policyPeers(p.Child("from"), s.Ingress[i].From, known)
	}
	for i := range s.Egress {
		p := specPath.Child("egress").Index(i)
		f.policyPorts(p.Child("ports"), s.Egress[i].Ports)
		f.policyPeers(p.Child("to"), s.Egress[i].To, known)
	}
	p := specPath.Child("policyTypes")
	if len(s.PolicyTypes) > 2 {
		f.invalid(p, "", s.PolicyTypes, "may not specify more than two policyTypes")
		return
	}
	for i := range s.PolicyTypes {
		ifSetOneOf(f, p.Index(i), "", &s.PolicyTypes[i], networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
	}
}

func (f *faults) policyPorts(p *field.Path, ports []networkingv1.NetworkPolicyPort) {
	for i := range ports {
		f.policyPort(p.Index(i), &ports[i])
	}
}

func (f *faults) policyPort(p *field.Path, port *networkingv1.NetworkPolicyPort) {
	ifSetOneOf(f, p, "protocol", port.Protocol, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)
	switch {
	case port.Port == nil:
		if port.EndPort != nil {
			f.invalid(p, "endPort", *port.EndPort, "may not be specified when `port` is not specified")
		}
	case port.Port.Type == intstr.Int:
		f.messages(p, "port", port.Port.IntVal, validation.IsValidPortNum(int(port.Port.IntVal)))
		if port.EndPort != nil {
			if *port.EndPort < port.Port.IntVal {
				f.invalid(p, "endPort", port.Port.IntVal, "must be greater than or equal to `port`")
			}
			f.messages(p, "endPort", *port.EndPort, validation.IsValidPortNum(int(*port.EndPort)))
		}
	default:
		if port.EndPort != nil {
			f.invalid(p, "endPort", *port.EndPort, "may not be specified when `port` is non-numeric")
		}
		f.rule(p, "port", port.Port.StrVal, portName)
	}
}

func (f *faults) policyPeers(p *field.Path, peers []networkingv1.NetworkPolicyPeer, known []string) {
	for i := range peers {
		peer, idx := &peers[i], p.Index(i)
		f.selector(idx, "podSelector", peer.PodSelector)
		f.selector(idx, "namespaceSelector", peer.NamespaceSelector)
		if peer.IPBlock != nil {
			f.ipBlock(idx.Child("ipBlock"), peer.IPBlock, known)
		}
		switch others := peer.PodSelector != nil || peer.NamespaceSelector != nil; {
		case !others && peer.IPBlock == nil:
			f.required(idx, "", "must specify a peer")
		case others && peer.IPBlock != nil:
			f.forbidden(idx, "", "may not specify both ipBlock and another peer")
		}
	}
}

func (f *faults) ipBlock(p *field.Path, b *networkingv1.IPBlock, known []string) {
	if b.CIDR == "" {
		f.required(p, "cidr", "")
		return
	}
	f.add(validation.IsValidCIDRForLegacyField(p.Child("cidr"), b.CIDR, true, known)...)
	_, whole, err := netutils.ParseCIDRSloppy(b.CIDR)
	if err != nil {
		return // was told above
	}
	for i, s := range b.Except {
		idx := p.Child("except").Index(i)
		f.add(validation.IsValidCIDRForLegacyField(idx, s, true, known)...)
		_, part, err := netutils.ParseCIDRSloppy(s)
		if err == nil && !(whole.Contains(part.IP) && prefixLength(whole) < prefixLength(part)) {
			f.invalid(idx, "", s, "must be a strict subset of `cidr`")
		}
	}
}

func prefixLength(n *net.IPNet) int {
	length, _ := n.Mask.Size()
	return length
}

func networkPolicyWarnings(policy *networkingv1.NetworkPolicy) (warnings []string) {
	eachPeer(&policy.Spec, func(p *field.Path, peer *networkingv1.NetworkPolicyPeer) {
		if b := peer.IPBlock; b != nil {
			warnings = append(warnings, validation.GetWarningsForCIDR(p.Child("ipBlock", "cidr"), b.CIDR)...)
			for i, s := range b.Except {
				warnings = append(warnings, validation.GetWarningsForCIDR(p.Child("ipBlock", "except").Index(i), s)...)
			}
		}
	})
	return warnings
}
