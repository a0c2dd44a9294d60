package framework

import v1 "k8s.io/api/core/v1"

// anyIP is the address that a host port without hostIP binds to.
const anyIP = "0.0.0.0"

// HostPort is a port that a pod takes on its node.
type HostPort struct {
	// IP is the node's address it binds to; 0.0.0.0 means all of them.
	IP string
	// Protocol is TCP, UDP or SCTP.
	Protocol v1.Protocol
	// Port is the number on the node, 1–65535.
	Port int32
}

// conflicts reports whether two host ports cannot be on one node together.
func (p HostPort) conflicts(o HostPort) bool {
	return p.Port == o.Port && p.Protocol == o.Protocol && (p.IP == o.IP || p.IP == anyIP || o.IP == anyIP)
}

// hostPorts lists the host ports of a pod's containers and sidecars.
func hostPorts(pod *v1.Pod) []HostPort {
	var ports []HostPort
	collect := func(c *v1.Container) {
		for _, p := range c.Ports {
			if p.HostPort <= 0 {
				continue
			}
			hp := HostPort{IP: p.HostIP, Protocol: p.Protocol, Port: p.HostPort}
			if hp.IP == "" {
				hp.IP = anyIP
			}
			if hp.Protocol == "" {
				hp.Protocol = v1.ProtocolTCP
			}
			ports = append(ports, hp)
		}
	}
	for i := range pod.Spec.Containers {
		collect(&pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == v1.ContainerRestartPolicyAlways {
			collect(c)
		}
	}
	return ports
}
