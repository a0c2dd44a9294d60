package apiserver

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestServiceAddresses(t *testing.T) {
	l := newLab(t, Latency{})
	if s := l.server.Get(api.Services, podKey("kubernetes")).(*corev1.Service); s.Spec.ClusterIP != "10.96.0.1" {
		t.Errorf("service kubernetes has %s", s.Spec.ClusterIP)
	}
	a := must[*corev1.Service](t)(api.Create(l.admin, newService("a", corev1.ServiceTypeClusterIP)))
	b := must[*corev1.Service](t)(api.Create(l.admin, newService("b", corev1.ServiceTypeNodePort)))
	for _, s := range []*corev1.Service{a, b} {
		ip, err := netip.ParseAddr(s.Spec.ClusterIP)
		if err != nil || !serviceRange.Contains(ip) || ip.Less(netip.MustParseAddr("10.96.1.1")) || s.Spec.ClusterIPs[0] != s.Spec.ClusterIP {
			t.Errorf("%s has %s %v", s.Name, s.Spec.ClusterIP, s.Spec.ClusterIPs)
		}
		if len(s.Spec.IPFamilies) != 1 || s.Spec.IPFamilies[0] != corev1.IPv4Protocol || *s.Spec.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack {
			t.Errorf("%s: families %v", s.Name, s.Spec.IPFamilies)
		}
	}
	if a.Spec.ClusterIP == b.Spec.ClusterIP || a.Spec.Ports[0].NodePort != 0 {
		t.Errorf("a: %+v, b: %+v", a.Spec, b.Spec)
	}
	if p := b.Spec.Ports[0].NodePort; p < 30086 || p > 32767 {
		t.Errorf("node port %d", p)
	}
	headless := newService("h", corev1.ServiceTypeClusterIP)
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	headless = must[*corev1.Service](t)(api.Create(l.admin, headless))
	if headless.Spec.ClusterIP != "None" || headless.Spec.ClusterIPs[0] != "None" {
		t.Errorf("headless: %+v", headless.Spec)
	}
	named := must[*corev1.Service](t)(api.Create(l.admin, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "n"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "db.example.com"},
	}))
	if named.Spec.ClusterIP != "" || named.Spec.IPFamilyPolicy != nil {
		t.Errorf("external name: %+v", named.Spec)
	}
}

func TestServiceAddressesAreUniqueAndReleased(t *testing.T) {
	l := newLab(t, Latency{})
	holder := newService("holder", corev1.ServiceTypeNodePort)
	holder.Spec.ClusterIP, holder.Spec.Ports[0].NodePort = "10.96.44.44", 30080
	must[*corev1.Service](t)(api.Create(l.admin, holder))
	wish := func(name, ip string, port int32) error {
		s := newService(name, corev1.ServiceTypeNodePort)
		s.Spec.ClusterIP, s.Spec.Ports[0].NodePort = ip, port
		_, err := api.Create(l.admin, s)
		return err
	}
	const invalid = metav1.StatusReasonInvalid
	wantStatus(t, wish("s", "10.96.44.44", 0), 422, invalid, `Service "s" is invalid: spec.clusterIPs: Invalid value: ["10.96.44.44"]: failed to allocate IP 10.96.44.44: provided IP is already allocated`)
	wantStatus(t, wish("s", "192.168.1.1", 0), 422, invalid, `Service "s" is invalid: spec.clusterIPs: Invalid value: ["192.168.1.1"]: failed to allocate IP 192.168.1.1: the provided network does not match the current range`)
	wantStatus(t, wish("s", "", 30080), 422, invalid, `Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated`)
	wantStatus(t, wish("s", "", 80), 422, invalid, `Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767`)

	dual := newService("s", corev1.ServiceTypeClusterIP)
	dual.Spec.IPFamilyPolicy = ptr(corev1.IPFamilyPolicyRequireDualStack)
	_, err := api.Create(l.admin, dual)
	wantStatus(t, err, 422, invalid, `Service "s" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services`)

	if err := api.Delete(l.admin, api.Services, podKey("holder"), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := wish("s", "10.96.44.44", 30080); err != nil {
		t.Errorf("after the holder has gone: %v", err)
	}
}

func TestServiceUpdatesKeepAddresses(t *testing.T) {
	l := newLab(t, Latency{})
	s := must[*corev1.Service](t)(api.Create(l.admin, newService("s", corev1.ServiceTypeClusterIP)))
	ip := s.Spec.ClusterIP
	change := func(f func(*corev1.ServiceSpec)) *corev1.Service {
		t.Helper()
		return must[*corev1.Service](t)(api.Patch(l.admin, api.Services, podKey("s"), func(s *corev1.Service) error { f(&s.Spec); return nil }))
	}
	s = change(func(s *corev1.ServiceSpec) { s.ClusterIP, s.ClusterIPs = "", nil })
	if s.Spec.ClusterIP != ip {
		t.Errorf("an update that left the address out got %s, not %s", s.Spec.ClusterIP, ip)
	}
	s = change(func(s *corev1.ServiceSpec) { s.Type = corev1.ServiceTypeNodePort })
	port := s.Spec.Ports[0].NodePort
	if s.Spec.ClusterIP != ip || port == 0 {
		t.Errorf("as NodePort: %+v", s.Spec)
	}
	s = change(func(s *corev1.ServiceSpec) { s.Ports[0].NodePort = 0; s.Selector["x"] = "y" })
	if s.Spec.Ports[0].NodePort != port {
		t.Errorf("node port %d, not %d", s.Spec.Ports[0].NodePort, port)
	}
	s = change(func(s *corev1.ServiceSpec) { s.Type = corev1.ServiceTypeClusterIP })
	if s.Spec.Ports[0].NodePort != 0 || len(l.server.net.ports) != 0 {
		t.Errorf("as ClusterIP again: %+v", s.Spec)
	}
	s = change(func(s *corev1.ServiceSpec) { s.Type, s.ExternalName = corev1.ServiceTypeExternalName, "db.example.com" })
	if s.Spec.ClusterIP != "" || len(l.server.net.ips) != 1 {
		t.Errorf("as ExternalName: %+v, addresses taken %v", s.Spec, l.server.net.ips)
	}
}

// TestHealthCheckPort has a load balancer that spares nodes without endpoints get
// a node port to ask them at, keep it, and lose it with its policy.
func TestHealthCheckPort(t *testing.T) {
	l := newLab(t, Latency{})
	s := newService("lb", corev1.ServiceTypeLoadBalancer)
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	s = must[*corev1.Service](t)(api.Create(l.admin, s)).DeepCopy()
	port := s.Spec.HealthCheckNodePort
	if port < firstNodePort+nodePortBand || port >= firstNodePort+nodePorts || port == s.Spec.Ports[0].NodePort {
		t.Fatalf("health check port %d beside %d", port, s.Spec.Ports[0].NodePort)
	}
	other := newService("other", corev1.ServiceTypeNodePort)
	other.Spec.Ports[0].NodePort = port
	_, err := api.Create(l.admin, other)
	wantStatus(t, err, 422, metav1.StatusReasonInvalid, fmt.Sprintf(`Service "other" is invalid: spec.ports[0].nodePort: Invalid value: %d: provided port is already allocated`, port))
	s.Spec.HealthCheckNodePort = 0
	s = must[*corev1.Service](t)(api.Update(l.admin, s)).DeepCopy()
	if s.Spec.HealthCheckNodePort != port {
		t.Errorf("an update that does not name it makes it %d", s.Spec.HealthCheckNodePort)
	}
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyCluster
	if s = must[*corev1.Service](t)(api.Update(l.admin, s)); s.Spec.HealthCheckNodePort != 0 {
		t.Errorf("has %d although all nodes get traffic", s.Spec.HealthCheckNodePort)
	}
}

// TestPortsShareANodePort has one number for TCP and UDP share its node port.
func TestPortsShareANodePort(t *testing.T) {
	l := newLab(t, Latency{})
	s := newService("dns", corev1.ServiceTypeNodePort)
	s.Spec.Ports = []corev1.ServicePort{{Name: "tcp", Port: 53}, {Name: "udp", Port: 53, Protocol: corev1.ProtocolUDP}}
	s = must[*corev1.Service](t)(api.Create(l.admin, s))
	if p := s.Spec.Ports; p[0].NodePort == 0 || p[0].NodePort != p[1].NodePort {
		t.Errorf("node ports %d and %d", p[0].NodePort, p[1].NodePort)
	}
}
