package kinds

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var endpointSlices = kind[*discoveryv1.EndpointSlice]{
	name: subdomainName,
	defaults: func(s *discoveryv1.EndpointSlice) {
		for i := range s.Ports {
			orNew(&s.Ports[i].Name, "")
			orNew(&s.Ports[i].Protocol, corev1.ProtocolTCP)
		}
	},
	create: func(s *discoveryv1.EndpointSlice) {
		s.Generation = 1
		dropTopology(s)
	},
	update: func(new, old *discoveryv1.EndpointSlice) {
		if sliceChanged(new, old) {
			new.Generation = old.Generation + 1
		}
		if !apiequality.Semantic.DeepEqual(new.Endpoints, old.Endpoints) {
			dropTopology(new)
		}
	},
	validate: func(f *faults, s *discoveryv1.EndpointSlice) { f.endpointSlice(s, nil) },
	validateUpdate: func(f *faults, new, old *discoveryv1.EndpointSlice) {
		f.meta(new, true, subdomainName)
		f.endpointSlice(new, old)
		f.immutable(nil, "addressType", new.AddressType, old.AddressType)
	},
	warnings: func(s *discoveryv1.EndpointSlice) (warnings []string) {
		if s.AddressType == discoveryv1.AddressTypeFQDN {
			warnings = append(warnings, "spec.addressType: FQDN endpoints are deprecated")
		}
		return append(warnings, sliceAddressWarnings(s)...)
	},
	updateWarnings: func(new, _ *discoveryv1.EndpointSlice) []string { return sliceAddressWarnings(new) },
}

// sliceAddressWarnings remarks upon addresses in an unusual form. The two
// controllers that write slices make no such addresses.
func sliceAddressWarnings(s *discoveryv1.EndpointSlice) (warnings []string) {
	switch s.Labels[discoveryv1.LabelManagedBy] {
	case "endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io":
		return nil
	}
	for i := range s.Endpoints {
		for j, address := range s.Endpoints[i].Addresses {
			warnings = append(warnings, validation.GetWarningsForIP(field.NewPath("endpoints").Index(i).Child("addresses").Index(j), address)...)
		}
	}
	return warnings
}

// The most that an EndpointSlice may have.
const (
	maxEndpoints     = 1000
	maxAddresses     = 100
	maxHints         = 8
	maxEndpointPorts = 20000
)

// sliceChanged reports whether anything changed that consumers of a slice look at.
func sliceChanged(new, old *discoveryv1.EndpointSlice) bool {
	return new.AddressType != old.AddressType || !apiequality.Semantic.DeepEqual(new.Labels, old.Labels) ||
		!apiequality.Semantic.DeepEqual(new.Endpoints, old.Endpoints) || !apiequality.Semantic.DeepEqual(new.Ports, old.Ports)
}

// dropTopology drops what only an older version of the API could write.
func dropTopology(s *discoveryv1.EndpointSlice) {
	for i := range s.Endpoints {
		s.Endpoints[i].DeprecatedTopology = nil
	}
}

// endpointSlice validates a slice; the endpoints of old may stay as they are.
func (f *faults) endpointSlice(s, old *discoveryv1.EndpointSlice) {
	oneOf(f, nil, "addressType", s.AddressType, discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)
	p := field.NewPath("ports")
	if len(s.Ports) > maxEndpointPorts {
		f.add(field.TooMany(p, len(s.Ports), maxEndpointPorts))
	} else {
		for i := range s.Ports {
			f.endpointPort(p.Index(i), s.Ports, i)
		}
	}
	if old != nil && apiequality.Semantic.DeepEqual(old.Endpoints, s.Endpoints) {
		return
	}
	p = field.NewPath("endpoints")
	if len(s.Endpoints) > maxEndpoints {
		f.add(field.TooMany(p, len(s.Endpoints), maxEndpoints))
		return
	}
	for i := range s.Endpoints {
		f.endpoint(p.Index(i), &s.Endpoints[i], s.AddressType)
	}
}

func (f *faults) endpoint(p *field.Path, e *discoveryv1.Endpoint, t discoveryv1.AddressType) {
	addresses := p.Child("addresses")
	if len(e.Addresses) == 0 {
		f.required(addresses, "", "must contain at least 1 address")
	} else if len(e.Addresses) > maxAddresses {
		f.add(field.TooMany(addresses, len(e.Addresses), maxAddresses))
	}
	for i := range e.Addresses {
		f.endpointAddress(addresses, i, e.Addresses[i], t)
	}
	if e.NodeName != nil {
		f.rule(p, "nodeName", *e.NodeName, dnsSubdomain)
	}
	if e.Hostname != nil {
		f.rule(p, "hostname", *e.Hostname, dnsLabel)
	}
	if e.Hints != nil {
		f.hints(p.Child("hints"), e.Hints)
	}
}

// endpointAddress validates an address by the type of the slice. That it is of
// another family Kubernetes tells of the list.
func (f *faults) endpointAddress(list *field.Path, i int, address string, t discoveryv1.AddressType) {
	p, before := list.Index(i), len(f.list)
	switch t {
	case discoveryv1.AddressTypeFQDN:
		f.add(validation.IsFullyQualifiedDomainName(p, address)...)
		return
	case discoveryv1.AddressTypeIPv4:
		f.ip(p, address)
	case discoveryv1.AddressTypeIPv6:
		f.add(validation.IsValidIP(p, address)...)
	default:
		return
	}
	if len(f.list) > before {
		return
	}
	if string(t) != string(familyOf(address)) {
		f.invalid(list, "", address, fmt.Sprintf("must be an %s address", t))
	}
	f.endpointIP(p, address)
}

func (f *faults) hints(p *field.Path, h *discoveryv1.EndpointHints) {
	if f.tooManyHints(p.Child("forZones"), len(h.ForZones)) || f.tooManyHints(p.Child("forNodes"), len(h.ForNodes)) {
		return
	}
	for i, z := range h.ForZones {
		name := p.Child("forZones").Index(i)
		if slices.Contains(h.ForZones[:i], z) {
			f.duplicate(name, "name", z.Name)
		}
		f.rule(name, "name", z.Name, labelValue)
	}
	for i, n := range h.ForNodes {
		name := p.Child("forNodes").Index(i)
		if slices.Contains(h.ForNodes[:i], n) {
			f.duplicate(name, "name", n.Name)
		}
		f.rule(name, "name", n.Name, dnsSubdomain)
	}
}

func (f *faults) tooManyHints(p *field.Path, n int) bool {
	if n > maxHints {
		f.add(field.TooMany(p, n, maxHints))
	}
	return n > maxHints
}

func (f *faults) endpointPort(p *field.Path, ports []discoveryv1.EndpointPort, i int) {
	port := &ports[i]
	name := orEmpty(port.Name)
	ifGiven(f, p, "name", name, dnsLabel)
	if slices.ContainsFunc(ports[:i], func(o discoveryv1.EndpointPort) bool { return orEmpty(o.Name) == name }) {
		f.duplicate(p, "name", name)
	}
	if port.Protocol == nil {
		f.required(p, "protocol", "")
	}
	ifSetOneOf(f, p, "protocol", port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)
	if port.AppProtocol != nil {
		f.rule(p, "appProtocol", *port.AppProtocol, qualifiedName)
	}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
