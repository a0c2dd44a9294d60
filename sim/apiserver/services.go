package apiserver

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

// The range from which Services get addresses. Its lower band is left to those
// who ask for a certain one, as in Kubernetes.
const (
	firstServiceIP = "10.96.0.1" // of the Service "kubernetes"
	serviceIPs     = 1<<20 - 2   // in 10.96.0.0/12
	serviceIPBand  = 256
)

var serviceRange = netip.MustParsePrefix("10.96.0.0/12")

// services knows which addresses and node ports Services have. It derives from
// the Services in the cache, so that nothing has to be given back by hand.
type services struct {
	ips   map[string]api.Key
	ports map[int32]api.Key // node ports, those for health checks too
}

func newServices() services {
	return services{ips: map[string]api.Key{}, ports: map[int32]api.Key{}}
}

// follow takes note of a Service that has changed.
func (n *services) follow(old, new api.Object) {
	if s, ok := old.(*corev1.Service); ok {
		for _, ip := range s.Spec.ClusterIPs {
			delete(n.ips, ip)
		}
		for _, p := range nodePortsOf(s) {
			delete(n.ports, p)
		}
	}
	if s, ok := new.(*corev1.Service); ok {
		for _, ip := range s.Spec.ClusterIPs {
			if ip != corev1.ClusterIPNone {
				n.ips[ip] = api.KeyOf(s)
			}
		}
		for _, p := range nodePortsOf(s) {
			n.ports[p] = api.KeyOf(s)
		}
	}
}

// allocate gives a Service the addresses and ports that its type needs and that
// it does not name, and refuses those that others have. old is the Service that
// it replaces, nil for a new one: what it has it keeps.
func (n *services) allocate(d *dice, k api.Key, s, old *corev1.Service) field.ErrorList {
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		if old != nil && old.Spec.Type != s.Spec.Type {
			s.Spec.ClusterIP, s.Spec.ClusterIPs = "", nil
			s.Spec.IPFamilies, s.Spec.IPFamilyPolicy, s.Spec.InternalTrafficPolicy = nil, nil, nil
			n.dropNodePorts(s, old)
		}
		return nil
	}
	if old != nil {
		keep(s, old)
	}
	if s.Spec.ClusterIP != "" && len(s.Spec.ClusterIPs) == 0 {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	}
	if errs := kinds.ClusterIPFaults(s, old); len(errs) > 0 {
		return errs
	}
	if errs := families(s); len(errs) > 0 {
		return errs
	}
	if old == nil || old.Spec.Type == corev1.ServiceTypeExternalName { // else it has its address
		if errs := n.allocateIP(d, k, s); len(errs) > 0 {
			return errs
		}
	}
	if s.Spec.Type != corev1.ServiceTypeNodePort && s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		if old != nil {
			n.dropNodePorts(s, old)
		}
		return nil
	}
	if errs := n.allocatePorts(d, k, s, old); len(errs) > 0 {
		return errs
	}
	return n.allocateHealthPort(d, k, s, old)
}

// keep fills in what an update left out and the Service has.
func keep(s, old *corev1.Service) {
	if old.Spec.Type != corev1.ServiceTypeExternalName {
		keepAddress(&s.Spec, &old.Spec)
	}
	if s.Spec.IPFamilyPolicy == nil && old.Spec.IPFamilyPolicy != nil {
		p := *old.Spec.IPFamilyPolicy
		s.Spec.IPFamilyPolicy = &p
	}
	if len(s.Spec.IPFamilies) == 0 {
		s.Spec.IPFamilies = slices.Clone(old.Spec.IPFamilies)
	}
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		for _, q := range old.Spec.Ports {
			if p.NodePort == 0 && p.Port == q.Port && p.Protocol == q.Protocol && s.Spec.Type == old.Spec.Type {
				p.NodePort = q.NodePort
			}
		}
	}
}

// keepAddress makes the address and the list of addresses agree: senders who know
// of one of them only leave the other as it was.
func keepAddress(s, old *corev1.ServiceSpec) {
	switch {
	case s.ClusterIP == "":
		s.ClusterIP = old.ClusterIP
	case s.ClusterIP != old.ClusterIP && slices.Equal(s.ClusterIPs, old.ClusterIPs):
		s.ClusterIPs = []string{s.ClusterIP}
	}
	if len(s.ClusterIPs) == 0 && s.ClusterIP == old.ClusterIP {
		s.ClusterIPs = slices.Clone(old.ClusterIPs)
	}
}

// families are those of a cluster that has IPv4 only.
func families(s *corev1.Service) field.ErrorList {
	policy := corev1.IPFamilyPolicySingleStack
	wants := []corev1.IPFamily{corev1.IPv4Protocol}
	if s.Spec.ClusterIP == corev1.ClusterIPNone && len(s.Spec.Selector) == 0 {
		// Nobody knows what stands behind it, so it may be either.
		policy, wants = corev1.IPFamilyPolicyRequireDualStack, []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	} else if p := s.Spec.IPFamilyPolicy; p != nil && *p == corev1.IPFamilyPolicyRequireDualStack {
		return field.ErrorList{field.Invalid(field.NewPath("spec", "ipFamilyPolicy"), *p, "this cluster is not configured for dual-stack services")}
	}
	if s.Spec.IPFamilyPolicy == nil {
		s.Spec.IPFamilyPolicy = &policy
	}
	if len(s.Spec.IPFamilies) == 0 {
		s.Spec.IPFamilies = wants
	}
	return nil
}

func (n *services) allocateIP(d *dice, k api.Key, s *corev1.Service) field.ErrorList {
	switch ip := s.Spec.ClusterIP; ip {
	case corev1.ClusterIPNone:
	case "":
		free, ok := n.freeIP(d, k)
		if !ok {
			return field.ErrorList{field.InternalError(field.NewPath("spec", "clusterIPs"), fmt.Errorf("failed to allocate a serviceIP: range is full"))}
		}
		s.Spec.ClusterIP = free
	default:
		why := ""
		if a, err := netip.ParseAddr(ip); err != nil {
			return nil // validation has the words for it
		} else if !serviceRange.Contains(a) {
			why = "the provided network does not match the current range"
		} else if by, taken := n.ips[ip]; taken && by != k {
			why = "provided IP is already allocated"
		}
		if why != "" {
			return field.ErrorList{field.Invalid(field.NewPath("spec", "clusterIPs"), []string{ip}, fmt.Sprintf("failed to allocate IP %s: %s", ip, why))}
		}
	}
	if len(s.Spec.ClusterIPs) == 0 {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	}
	return nil
}

// freeIP picks an address above the lower band, at random, and from there the next that is free.
func (n *services) freeIP(d *dice, k api.Key) (string, bool) {
	base := binary.BigEndian.Uint32(serviceRange.Addr().AsSlice()) + 1
	const span = serviceIPs - serviceIPBand
	start := d.roll("services/"+k.String(), "cluster IP") % span
	for i := range uint64(span) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], base+serviceIPBand+uint32((start+i)%span))
		ip := netip.AddrFrom4(b).String()
		if _, taken := n.ips[ip]; !taken {
			return ip, true
		}
	}
	return "", false
}
