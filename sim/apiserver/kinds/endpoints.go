package kinds

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var endpoints = kind[*corev1.Endpoints]{
	name: subdomainName,
	defaults: func(e *corev1.Endpoints) {
		for i := range e.Subsets {
			for j := range e.Subsets[i].Ports {
				orElse(&e.Subsets[i].Ports[j].Protocol, corev1.ProtocolTCP)
			}
		}
	},
	validate: func(f *faults, e *corev1.Endpoints) { f.subsets(e.Subsets) },
	validateUpdate: func(f *faults, new, old *corev1.Endpoints) {
		f.metaUpdate(new, old)
		f.meta(new, true, subdomainName)
		if !apiequality.Semantic.DeepEqual(new.Subsets, old.Subsets) {
			f.subsets(new.Subsets)
		}
	},
	warnings:       endpointsWarnings,
	createOnUpdate: true,
}

func (f *faults) subsets(subsets []corev1.EndpointSubset) {
	for i := range subsets {
		s, p := &subsets[i], field.NewPath("subsets").Index(i)
		if len(s.Addresses)+len(s.NotReadyAddresses) == 0 {
			f.required(p, "", "must specify `addresses` or `notReadyAddresses`")
		}
		for j := range s.Addresses {
			f.subsetAddress(p.Child("addresses").Index(j), &s.Addresses[j])
		}
		for j := range s.NotReadyAddresses {
			f.subsetAddress(p.Child("notReadyAddresses").Index(j), &s.NotReadyAddresses[j])
		}
		for j := range s.Ports {
			f.subsetPort(p.Child("ports").Index(j), &s.Ports[j], len(s.Ports) > 1)
		}
	}
}

func (f *faults) subsetAddress(p *field.Path, a *corev1.EndpointAddress) {
	f.add(validation.IsValidIPForLegacyField(p.Child("ip"), a.IP, true, nil)...)
	if a.Hostname != "" {
		f.rule(p, "hostname", a.Hostname, dnsLabel)
	}
	if a.NodeName != nil {
		f.rule(p, "nodeName", *a.NodeName, dnsSubdomain)
	}
	f.endpointIP(p.Child("ip"), a.IP)
}

func (f *faults) subsetPort(p *field.Path, port *corev1.EndpointPort, named bool) {
	if port.Name != "" {
		f.rule(p, "name", port.Name, dnsLabel)
	} else if named {
		f.required(p, "name", "")
	}
	f.messages(p, "port", port.Port, validation.IsValidPortNum(int(port.Port)))
	oneOf(f, p, "protocol", port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)
	if port.AppProtocol != nil {
		f.rule(p, "appProtocol", *port.AppProtocol, qualifiedName)
	}
}

func endpointsWarnings(e *corev1.Endpoints) (warnings []string) {
	for i, s := range e.Subsets {
		p := field.NewPath("subsets").Index(i)
		for j, a := range s.Addresses {
			warnings = append(warnings, validation.GetWarningsForIP(p.Child("addresses").Index(j).Child("ip"), a.IP)...)
		}
		for j, a := range s.NotReadyAddresses {
			warnings = append(warnings, validation.GetWarningsForIP(p.Child("notReadyAddresses").Index(j).Child("ip"), a.IP)...)
		}
	}
	return warnings
}
