package apiserver

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
)

// The range from which Services get node ports. Its lower band is left to those
// who ask for a certain one, as in Kubernetes.
const (
	firstNodePort = 30000
	nodePorts     = 2768 // to 32767
	nodePortBand  = 86
)

// nodePortsOf are all node ports of a Service, some perhaps twice.
func nodePortsOf(s *corev1.Service) (ports []int32) {
	for _, p := range s.Spec.Ports {
		if p.NodePort != 0 {
			ports = append(ports, p.NodePort)
		}
	}
	if p := s.Spec.HealthCheckNodePort; p != 0 {
		ports = append(ports, p)
	}
	return ports
}

// allocatePorts gives each port of a Service a node port. Those of a new Service
// with the same number, for different protocols, share one.
func (n *services) allocatePorts(d *dice, k api.Key, s, old *corev1.Service) field.ErrorList {
	mine, shared := map[int32]bool{}, map[int32]int32{}
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		if p.NodePort == 0 {
			continue
		}
		if why := n.notFree(k, p.NodePort); why != "" {
			return field.ErrorList{field.Invalid(field.NewPath("spec", "ports").Index(i).Child("nodePort"), p.NodePort, why)}
		}
		mine[p.NodePort] = true
		if _, ok := shared[p.Port]; !ok && old == nil {
			shared[p.Port] = p.NodePort
		}
	}
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.AllocateLoadBalancerNodePorts != nil && !*s.Spec.AllocateLoadBalancerNodePorts {
		return nil // only those that were asked for
	}
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		if p.NodePort != 0 {
			continue
		}
		port, ok := shared[p.Port]
		if !ok {
			if port, ok = n.freePort(d, k, mine); !ok {
				return field.ErrorList{field.InternalError(field.NewPath("spec", "ports").Index(i).Child("nodePort"), fmt.Errorf("failed to allocate a nodePort: range is full"))}
			}
		}
		p.NodePort, mine[port] = port, true
		if old == nil {
			shared[p.Port] = port
		}
	}
	return nil
}

// allocateHealthPort gives a Service the node port at which a load balancer asks a
// node whether it has endpoints of it, where only such nodes get traffic.
func (n *services) allocateHealthPort(d *dice, k api.Key, s, old *corev1.Service) field.ErrorList {
	if !asksHealth(s) {
		return nil
	}
	path := field.NewPath("spec", "healthCheckNodePort")
	if old != nil && asksHealth(old) {
		if s.Spec.HealthCheckNodePort == 0 {
			s.Spec.HealthCheckNodePort = old.Spec.HealthCheckNodePort
		}
		return nil // validation has the words for another one
	}
	if port := s.Spec.HealthCheckNodePort; port != 0 {
		if why := n.notFree(k, port); why != "" {
			return field.ErrorList{field.InternalError(path, fmt.Errorf("failed to allocate requested HealthCheck NodePort %d: %s", port, why))}
		}
		return nil
	}
	mine := map[int32]bool{}
	for _, p := range nodePortsOf(s) {
		mine[p] = true
	}
	port, ok := n.freePort(d, k, mine)
	if !ok {
		return field.ErrorList{field.InternalError(path, fmt.Errorf("failed to allocate a HealthCheck NodePort: range is full"))}
	}
	s.Spec.HealthCheckNodePort = port
	return nil
}

func asksHealth(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// notFree says why a Service cannot have a certain node port, "" if it can.
func (n *services) notFree(k api.Key, port int32) string {
	if port < firstNodePort || port >= firstNodePort+nodePorts {
		return fmt.Sprintf("provided port is not in the valid range. The range of valid ports is %d-%d", firstNodePort, firstNodePort+nodePorts-1)
	}
	if by, taken := n.ports[port]; taken && by != k {
		return "provided port is already allocated"
	}
	return ""
}

// freePort picks a node port above the lower band, at random, and from there the next that is free.
func (n *services) freePort(d *dice, k api.Key, mine map[int32]bool) (int32, bool) {
	const span = nodePorts - nodePortBand
	start := d.roll("services/"+k.String(), "node port") % span
	for i := range uint64(span) {
		p := firstNodePort + nodePortBand + int32((start+i)%span)
		if _, taken := n.ports[p]; !taken && !mine[p] {
			return p, true
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
