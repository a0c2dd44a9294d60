package apiserver

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// The ranges from which Services get addresses and node ports. The lower band of
// each is left to those who ask for a certain one, as in Kubernetes.
const (
	firstServiceIP = "10.96.0.1" // of the Service "kubernetes"
	serviceIPs     = 1<<20 - 2   // in 10.96.0.0/12
	serviceIPBand  = 256
	firstNodePort  = 30000
	nodePorts      = 2768 // to 32767
	nodePortBand   = 86
)

var serviceRange = netip.MustParsePrefix("10.96.0.0/12")

// services knows which addresses and node ports Services have. It derives from
// the Services in the cache, so that nothing has to be given back by hand.
type services struct {
	ips   map[string]api.Key
	ports map[nodePort]api.Key
}

type nodePort struct {
	protocol corev1.Protocol
	port     int32
}

func newServices() services {
	return services{ips: map[string]api.Key{}, ports: map[nodePort]api.Key{}}
}

// follow takes note of a Service that has changed.
func (n *services) follow(old, new api.Object) {
	if s, ok := old.(*corev1.Service); ok {
		for _, ip := range s.Spec.ClusterIPs {
			delete(n.ips, ip)
		}
		for _, p := range s.Spec.Ports {
			delete(n.ports, nodePort{p.Protocol, p.NodePort})
		}
	}
	if s, ok := new.(*corev1.Service); ok {
		for _, ip := range s.Spec.ClusterIPs {
			if ip != corev1.ClusterIPNone {
				n.ips[ip] = api.KeyOf(s)
			}
		}
		for _, p := range s.Spec.Ports {
			if p.NodePort != 0 {
				n.ports[nodePort{p.Protocol, p.NodePort}] = api.KeyOf(s)
			}
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
	if errs := families(s); len(errs) > 0 {
		return errs
	}
	if errs := n.allocateIP(d, k, s); len(errs) > 0 {
		return errs
	}
	if s.Spec.Type != corev1.ServiceTypeNodePort && s.Spec.Type != corev1.ServiceTypeLoadBalancer {
		if old != nil {
			n.dropNodePorts(s, old)
		}
		return nil
	}
	return n.allocatePorts(d, k, s)
}

// keep fills in what an update left out and the Service has.
func keep(s, old *corev1.Service) {
	if old.Spec.Type != corev1.ServiceTypeExternalName && s.Spec.ClusterIP == "" && len(s.Spec.ClusterIPs) == 0 {
		s.Spec.ClusterIP, s.Spec.ClusterIPs = old.Spec.ClusterIP, slices.Clone(old.Spec.ClusterIPs)
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
	if s.Spec.ClusterIP == "" && len(s.Spec.ClusterIPs) > 0 {
		s.Spec.ClusterIP = s.Spec.ClusterIPs[0]
	}
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

func (n *services) allocatePorts(d *dice, k api.Key, s *corev1.Service) field.ErrorList {
	mine := map[nodePort]bool{}
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.AllocateLoadBalancerNodePorts != nil && !*s.Spec.AllocateLoadBalancerNodePorts {
		return nil
	}
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		path := field.NewPath("spec", "ports").Index(i).Child("nodePort")
		if p.NodePort == 0 {
			port, ok := n.freePort(d, k, p.Protocol, mine)
			if !ok {
				return field.ErrorList{field.InternalError(path, fmt.Errorf("failed to allocate a nodePort: range is full"))}
			}
			p.NodePort = port
		} else if p.NodePort < firstNodePort || p.NodePort >= firstNodePort+nodePorts {
			return field.ErrorList{field.Invalid(path, p.NodePort, fmt.Sprintf("provided port is not in the valid range. The range of valid ports is %d-%d", firstNodePort, firstNodePort+nodePorts-1))}
		} else if by, taken := n.ports[nodePort{p.Protocol, p.NodePort}]; taken && by != k {
			return field.ErrorList{field.Invalid(path, p.NodePort, "provided port is already allocated")}
		}
		mine[nodePort{p.Protocol, p.NodePort}] = true
	}
	return nil
}

func (n *services) freePort(d *dice, k api.Key, protocol corev1.Protocol, mine map[nodePort]bool) (int32, bool) {
	const span = nodePorts - nodePortBand
	start := d.roll("services/"+k.String(), "node port") % span
	for i := range uint64(span) {
		p := nodePort{protocol, firstNodePort + nodePortBand + int32((start+i)%span)}
		if _, taken := n.ports[p]; !taken && !mine[p] {
			return p.port, true
		}
	}
	return 0, false
}

// dropNodePorts takes the node ports from a Service whose type has none any more, if it did not set them anew.
func (n *services) dropNodePorts(s, old *corev1.Service) {
	for i := range s.Spec.Ports {
		for _, q := range old.Spec.Ports {
			if s.Spec.Ports[i].NodePort == q.NodePort {
				s.Spec.Ports[i].NodePort = 0
			}
		}
	}
}
