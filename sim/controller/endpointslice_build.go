package controller

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
)

// endpointGroup are endpoints that share one set of ports and so may share slices.
type endpointGroup struct {
	ports     []discoveryv1.EndpointPort
	endpoints []discoveryv1.Endpoint // by the name of the pod
}

// endpoints are what a Service should have for one family of addresses, grouped
// by ports. homeless says that a pod was left out because its node is not known.
func (c *endpointSlices) endpoints(service *corev1.Service, pods []*corev1.Pod, family discoveryv1.AddressType) (groups map[string]*endpointGroup, homeless bool) {
	groups = map[string]*endpointGroup{}
	for _, pod := range pods {
		if podTerminal(pod) || pod.Status.PodIP == "" {
			continue
		}
		ports := endpointPorts(service, pod)
		key := portsKey(ports)
		if groups[key] == nil {
			groups[key] = &endpointGroup{ports: ports}
		}
		node, known := c.nodes.Get(api.Key{Name: pod.Spec.NodeName})
		if !known && !service.Spec.PublishNotReadyAddresses {
			homeless = true
			continue
		}
		if ep := endpoint(service, pod, node, family); len(ep.Addresses) > 0 {
			groups[key].endpoints = append(groups[key].endpoints, ep)
		}
	}
	return groups, homeless
}

// endpoint is what a slice says of a pod. One that terminates is never ready,
// even while it still serves, unless the Service publishes addresses that are not ready.
func endpoint(service *corev1.Service, pod *corev1.Pod, node *corev1.Node, family discoveryv1.AddressType) discoveryv1.Endpoint {
	serving := podReady(pod)
	terminating := pod.DeletionTimestamp != nil
	ready := service.Spec.PublishNotReadyAddresses || serving && !terminating
	ep := discoveryv1.Endpoint{
		Addresses:  addresses(pod, family),
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &terminating},
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
	}
	if pod.Spec.NodeName != "" {
		ep.NodeName = &pod.Spec.NodeName
	}
	if node != nil {
		if zone := node.Labels[corev1.LabelTopologyZone]; zone != "" {
			ep.Zone = &zone
		}
	}
	if pod.Spec.Hostname != "" && pod.Spec.Subdomain == service.Name {
		ep.Hostname = &pod.Spec.Hostname
	}
	return ep
}

func addresses(pod *corev1.Pod, family discoveryv1.AddressType) []string {
	ips := pod.Status.PodIPs
	if len(ips) == 0 {
		ips = []corev1.PodIP{{IP: pod.Status.PodIP}}
	}
	var out []string
	for _, ip := range ips {
		if addr, err := netip.ParseAddr(ip.IP); err == nil && addr.Is6() == (family == discoveryv1.AddressTypeIPv6) {
			out = append(out, addr.String())
		}
	}
	return out
}

// addressTypes are the families of addresses for which a Service has slices.
func addressTypes(service *corev1.Service) []discoveryv1.AddressType {
	var out []discoveryv1.AddressType
	for _, f := range service.Spec.IPFamilies {
		out = append(out, discoveryv1.AddressType(f)) // both say "IPv4" and "IPv6"
	}
	if len(out) > 0 {
		return out
	}
	if addr, err := netip.ParseAddr(service.Spec.ClusterIP); err == nil && addr.Is6() {
		return []discoveryv1.AddressType{discoveryv1.AddressTypeIPv6}
	}
	return []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4}
}

// endpointPorts are a Service's ports as they are on a pod. A named target port
// that the pod does not have is left out.
func endpointPorts(service *corev1.Service, pod *corev1.Pod) []discoveryv1.EndpointPort {
	ports := []discoveryv1.EndpointPort{}
	for i := range service.Spec.Ports {
		p := &service.Spec.Ports[i]
		if n, ok := targetPort(pod, p); ok {
			ports = append(ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &n, Protocol: &p.Protocol, AppProtocol: p.AppProtocol})
		}
	}
	return ports
}

func targetPort(pod *corev1.Pod, p *corev1.ServicePort) (int32, bool) {
	if p.TargetPort.Type == intstr.Int {
		return p.TargetPort.IntVal, true
	}
	for i := range pod.Spec.Containers {
		if n, ok := namedPort(&pod.Spec.Containers[i], p); ok {
			return n, true
		}
	}
	for i := range pod.Spec.InitContainers { // sidecars serve, too
		c := &pod.Spec.InitContainers[i]
		if deref(c.RestartPolicy) != corev1.ContainerRestartPolicyAlways {
			continue
		}
		if n, ok := namedPort(c, p); ok {
			return n, true
		}
	}
	return 0, false
}

func namedPort(c *corev1.Container, p *corev1.ServicePort) (int32, bool) {
	for _, port := range c.Ports {
		if port.Name == p.TargetPort.StrVal && port.Protocol == p.Protocol {
			return port.ContainerPort, true
		}
	}
	return 0, false
}

// portsKey is the same for two sets of ports that are equal in whatever order.
func portsKey(ports []discoveryv1.EndpointPort) string {
	keys := make([]string, len(ports))
	for i, p := range ports {
		keys[i] = fmt.Sprintf("%s|%d|%s|%s", deref(p.Name), deref(p.Port), deref(p.Protocol), deref(p.AppProtocol))
	}
	slices.Sort(keys)
	return strings.Join(keys, ",")
}

func deref[T any](p *T) T {
	var none T
	if p == nil {
		return none
	}
	return *p
}

// endpointKey identifies an endpoint over time: the same pod at the same addresses.
func endpointKey(e *discoveryv1.Endpoint) string {
	if e.TargetRef == nil {
		return strings.Join(e.Addresses, ",")
	}
	return string(e.TargetRef.UID) + "|" + e.TargetRef.Name + "|" + strings.Join(e.Addresses, ",")
}

// sameEndpoint compares what endpointKey does not.
func sameEndpoint(a, b *discoveryv1.Endpoint) bool {
	x, y := a.Conditions, b.Conditions
	return deref(x.Ready) == deref(y.Ready) && deref(x.Serving) == deref(y.Serving) && deref(x.Terminating) == deref(y.Terminating) &&
		deref(a.NodeName) == deref(b.NodeName) && deref(a.Zone) == deref(b.Zone) && deref(a.Hostname) == deref(b.Hostname)
}

func byTargetName(a, b discoveryv1.Endpoint) int {
	return cmp.Compare(endpointName(&a), endpointName(&b))
}

func endpointName(e *discoveryv1.Endpoint) string {
	if e.TargetRef == nil {
		return ""
	}
	return e.TargetRef.Name
}
