package printers

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

var network = map[reflect.Type]printer{
	reflect.TypeFor[*corev1.Service](): of(columns("Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector*", map[string]string{
		"Type": corev1.ServiceSpec{}.SwaggerDoc()["type"], "Cluster-IP": corev1.ServiceSpec{}.SwaggerDoc()["clusterIP"],
		"External-IP": corev1.ServiceSpec{}.SwaggerDoc()["externalIPs"], "Port(s)": corev1.ServiceSpec{}.SwaggerDoc()["ports"],
		"Selector": corev1.ServiceSpec{}.SwaggerDoc()["selector"],
	}), func(s *corev1.Service, now time.Time) []any {
		ip := none
		if len(s.Spec.ClusterIPs) > 0 {
			ip = s.Spec.ClusterIPs[0]
		}
		return []any{s.Name, string(s.Spec.Type), ip, externalIP(s), or(servicePorts(s), none), age(s, now), labels.FormatLabels(s.Spec.Selector)}
	}),
	reflect.TypeFor[*discoveryv1.EndpointSlice](): of(columns("Name|AddressType|Ports|Endpoints|Age", map[string]string{
		"AddressType": discoveryv1.EndpointSlice{}.SwaggerDoc()["addressType"], "Ports": discoveryv1.EndpointSlice{}.SwaggerDoc()["ports"],
		"Endpoints": discoveryv1.EndpointSlice{}.SwaggerDoc()["endpoints"],
	}), func(s *discoveryv1.EndpointSlice, now time.Time) []any {
		return []any{s.Name, string(s.AddressType), few(slicePorts(s)), few(sliceAddresses(s)), age(s, now)}
	}),
	reflect.TypeFor[*corev1.Endpoints](): of(columns("Name|Endpoints|Age", map[string]string{ //nolint:staticcheck // it is still served
		"Endpoints": corev1.Endpoints{}.SwaggerDoc()["subsets"],
	}), func(e *corev1.Endpoints, now time.Time) []any { return []any{e.Name, endpoints(e), age(e, now)} }),
	reflect.TypeFor[*networkingv1.Ingress](): of(columns("Name|Class|Hosts|Address|Ports|Age", map[string]string{
		"Class": "The IngressClass whose controller serves it.", "Hosts": "The hosts that requests have to be for.",
		"Address": "Where the load balancer listens.", "Ports": "The ports that are open.",
	}), func(i *networkingv1.Ingress, now time.Time) []any {
		ports := "80"
		if len(i.Spec.TLS) > 0 {
			ports = "80, 443"
		}
		return []any{i.Name, text(i.Spec.IngressClassName, none), hosts(i), ingressAddress(i), ports, age(i, now)}
	}),
	reflect.TypeFor[*networkingv1.IngressClass](): of(columns("Name|Controller|Parameters|Age", map[string]string{
		"Controller": "Who serves Ingresses of the class.", "Parameters": "Where more about the class is to be found.",
	}), func(c *networkingv1.IngressClass, now time.Time) []any {
		name, parameters := c.Name, none
		if c.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true" {
			name += " (default)"
		}
		if p := c.Spec.Parameters; p != nil {
			parameters = p.Kind
			if p.APIGroup != nil {
				parameters += "." + *p.APIGroup
			}
			parameters += "/" + p.Name
		}
		return []any{name, c.Spec.Controller, parameters, age(c, now)}
	}),
	reflect.TypeFor[*networkingv1.NetworkPolicy](): of(columns("Name|Pod-Selector|Age", map[string]string{
		"Pod-Selector": networkingv1.NetworkPolicySpec{}.SwaggerDoc()["podSelector"],
	}), func(p *networkingv1.NetworkPolicy, now time.Time) []any {
		return []any{p.Name, metav1.FormatLabelSelector(&p.Spec.PodSelector), age(p, now)}
	}),
}

func servicePorts(s *corev1.Service) string {
	var out []string
	for _, p := range s.Spec.Ports {
		if p.NodePort > 0 {
			out = append(out, fmt.Sprintf("%d:%d/%s", p.Port, p.NodePort, p.Protocol))
		} else {
			out = append(out, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
		}
	}
	return strings.Join(out, ",")
}

func externalIP(s *corev1.Service) string {
	switch s.Spec.Type {
	case corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort:
		return or(strings.Join(s.Spec.ExternalIPs, ","), none)
	case corev1.ServiceTypeLoadBalancer:
		var ips []string
		for _, i := range s.Status.LoadBalancer.Ingress {
			ips = append(ips, or(i.IP, i.Hostname))
		}
		return or(strings.Join(append(sorted(ips), s.Spec.ExternalIPs...), ","), "<pending>")
	case corev1.ServiceTypeExternalName:
		return s.Spec.ExternalName
	}
	return unknown
}

func slicePorts(s *discoveryv1.EndpointSlice) []string {
	var out []string
	for _, p := range s.Ports {
		switch {
		case p.Port != nil:
			out = append(out, fmt.Sprint(*p.Port))
		case p.Name != nil:
			out = append(out, *p.Name)
		default:
			out = append(out, "*")
		}
	}
	return out
}

func sliceAddresses(s *discoveryv1.EndpointSlice) []string {
	var out []string
	for _, e := range s.Endpoints {
		out = append(out, e.Addresses...)
	}
	return out
}

// endpoints are the addresses with their ports.
func endpoints(e *corev1.Endpoints) string {
	var out []string
	for _, s := range e.Subsets {
		for _, p := range s.Ports {
			for _, a := range s.Addresses {
				out = append(out, fmt.Sprintf("%s:%d", a.IP, p.Port))
			}
		}
		if len(s.Ports) == 0 {
			for _, a := range s.Addresses {
				out = append(out, a.IP)
			}
		}
	}
	if len(out) == 0 {
		return none
	}
	return few(out)
}

func hosts(i *networkingv1.Ingress) string {
	var out []string
	for _, r := range i.Spec.Rules {
		if r.Host != "" {
			out = append(out, r.Host)
		}
	}
	if len(out) == 0 {
		return "*"
	}
	return few(out)
}

func ingressAddress(i *networkingv1.Ingress) string {
	var out []string
	for _, a := range i.Status.LoadBalancer.Ingress {
		out = append(out, or(a.IP, a.Hostname))
	}
	return strings.Join(sorted(out), ",")
}
