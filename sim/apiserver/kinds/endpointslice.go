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
	create: func(s *discoveryv1.EndpointSlice) { s.Generation = 1 },
	update: func(new, old *discoveryv1.EndpointSlice) {
		if sliceChanged(new, old) {
			new.Generation = old.Generation + 1
		}
	},
	validate: func(f *faults, s *discoveryv1.EndpointSlice) { f.endpointSlice(s, nil) },
	validateUpdate: func(f *faults, new, old *discoveryv1.EndpointSlice) {
		f.meta(new, true, subdomainName)
		f.endpointSlice(new, old)
		f.immutable(nil, "addressType", new.AddressType, old.AddressType)
	},
}

// The most that an EndpointSlice may have.
const (
	maxEndpoints      = 1000
	maxAddresses      = 100
	maxTopologyLabels = 16
	maxHints          = 8
	maxEndpointPorts  = 20000
)

// sliceChanged reports whether anything changed that consumers of a slice look at.
func sliceChanged(new, old *discoveryv1.EndpointSlice) bool {
	n, o := new.ObjectMeta, old.ObjectMeta
	o.ResourceVersion, o.Generation, o.ManagedFields = n.ResourceVersion, n.Generation, n.ManagedFields
	return new.AddressType != old.AddressType || !apiequality.Semantic.DeepEqual(n, o) ||
		!apiequality.Semantic.DeepEqual(new.Endpoints, old.Endpoints) || !apiequality.Semantic.DeepEqual(new.Ports, old.Ports)
}

// endpointSlice validates a slice; addresses that were in old may stay.
func (f *faults) endpointSlice(s, old *discoveryv1.EndpointSlice) {
	oneOf(f, nil, "addressType", s.AddressType, discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)
	var known []string
	if old != nil {
		for i := range old.Endpoints {
			known = append(known, old.Endpoints[i].Addresses...)
		}
	}
	p := field.NewPath("endpoints")
	if len(s.Endpoints) > maxEndpoints {
		f.add(field.TooMany(p, len(s.Endpoints), maxEndpoints))
	} else {
		for i := range s.Endpoints {
			f.endpoint(p.Index(i), &s.Endpoints[i], s.AddressType, known)
		}
	}
	p = field.NewPath("ports")
	if len(s.Ports) > maxEndpointPorts {
		f.add(field.TooMany(p, len(s.Ports), maxEndpointPorts))
		return
	}
	for i := range s.Ports {
		f.endpointPort(p.Index(i), s.Ports, i)
	}
}

func (f *faults) endpoint(p *field.Path, e *discoveryv1.Endpoint, t discoveryv1.AddressType, known []string) {
	addresses := p.Child("addresses")
	if len(e.Addresses) == 0 {
		f.required(addresses, "", "must contain at least 1 address")
	} else if len(e.Addresses) > maxAddresses {
		f.add(field.TooMany(addresses, len(e.Addresses), maxAddresses))
	}
	for i := range e.Addresses {
		f.endpointAddress(addresses, i, e.Addresses[i], t, known)
	}
	if e.NodeName != nil {
		f.rule(p, "nodeName", *e.NodeName, dnsSubdomain)
	}
	if len(e.DeprecatedTopology) > maxTopologyLabels {
		f.add(field.TooMany(p.Child("deprecatedTopology"), len(e.DeprecatedTopology), maxTopologyLabels))
	}
	f.labels(p, "deprecatedTopology", e.DeprecatedTopology)
	if e.Hostname != nil {
		f.rule(p, "hostname", *e.Hostname, dnsLabel)
	}
	if e.Hints != nil {
		f.hints(p.Child("hints"), e.Hints)
	}
}

// endpointAddress validates an address by the type of the slice. That it is of
// another family Kubernetes tells of the list.
func (f *faults) endpointAddress(list *field.Path, i int, address string, t discoveryv1.AddressType, known []string) {
	p, before := list.Index(i), len(f.list)
	switch t {
	case discoveryv1.AddressTypeFQDN:
		f.add(validation.IsFullyQualifiedDomainName(p, address)...)
		return
	case discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6:
		f.ip(p, address, known...)
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
