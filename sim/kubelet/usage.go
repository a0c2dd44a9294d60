package kubelet

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcehelper "k8s.io/component-helpers/resource"
)

// requests are amounts of resources: CPU in thousandths, others in their units.
type requests map[corev1.ResourceName]int64

func amounts(l corev1.ResourceList) requests {
	out := make(requests, len(l))
	for name, q := range l {
		if name == corev1.ResourceCPU {
			out[name] = q.MilliValue()
		} else {
			out[name] = q.Value()
		}
	}
	return out
}

// hostPort is a port of the node that a pod has taken.
type hostPort struct {
	protocol corev1.Protocol
	port     int32
	ip       string // 0.0.0.0 is all
}

// usage is what the admitted pods hold of the node.
type usage struct {
	allocatable requests
	used        requests
	ports       map[hostPort]*pod
}

func newUsage(k *Kubelet) usage {
	return usage{allocatable: amounts(k.allocatable()), used: requests{}, ports: map[hostPort]*pod{}}
}

// inOrder is the order in which the resources are checked; extended ones follow by name.
var inOrder = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}

// lacks says of which resource there is not enough left for the pod; an empty reason if of none.
func (u *usage) lacks(p *pod) verdict {
	p.holds = amounts(resourcehelper.PodRequests(p.obj, resourcehelper.PodResourcesOptions{}))
	if v := u.lack(corev1.ResourcePods, 1); v.reason != "" {
		return v
	}
	for _, name := range inOrder {
		if v := u.lack(name, p.holds[name]); v.reason != "" {
			return v
		}
	}
	if len(p.holds) <= len(inOrder) {
		return verdict{}
	}
	for _, name := range slices.Sorted(maps.Keys(p.holds)) {
		// Resources that the node does not have are somebody else's business, as in the real kubelet.
		if _, here := u.allocatable[name]; !here || slices.Contains(inOrder, name) {
			continue
		}
		if v := u.lack(name, p.holds[name]); v.reason != "" {
			return v
		}
	}
	return verdict{}
}

func (u *usage) lack(name corev1.ResourceName, want int64) verdict {
	used, capacity := u.used[name], u.allocatable[name]
	if want == 0 || want <= capacity-used {
		return verdict{}
	}
	return verdict{"OutOf" + string(name), fmt.Sprintf("Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d",
		name, want, used, capacity)}
}

func (u *usage) add(p *pod) {
	u.used[corev1.ResourcePods]++
	for name, n := range p.holds {
		u.used[name] += n
	}
	for _, hp := range hostPorts(p.obj) {
		u.ports[hp] = p
	}
	p.admitted = true
}

// drop gives back what add took; a pod that was not admitted has nothing.
func (u *usage) drop(p *pod) {
	if !p.admitted {
		return
	}
	p.admitted = false
	u.used[corev1.ResourcePods]--
	for name, n := range p.holds {
		u.used[name] -= n
	}
	for _, hp := range hostPorts(p.obj) {
		if u.ports[hp] == p {
			delete(u.ports, hp)
		}
	}
}

func (u *usage) portsTaken(p *pod) bool {
	for _, want := range hostPorts(p.obj) {
		for have := range u.ports {
			if have.protocol == want.protocol && have.port == want.port &&
				(have.ip == want.ip || have.ip == anyIP || want.ip == anyIP) {
				return true
			}
		}
	}
	return false
}

const anyIP = "0.0.0.0"

func hostPorts(p *corev1.Pod) []hostPort {
	var out []hostPort
	for i := range p.Spec.Containers {
		for _, port := range p.Spec.Containers[i].Ports {
			if port.HostPort <= 0 {
				continue
			}
			hp := hostPort{port.Protocol, port.HostPort, port.HostIP}
			if hp.ip == "" {
				hp.ip = anyIP
			}
			if hp.protocol == "" {
				hp.protocol = corev1.ProtocolTCP
			}
			out = append(out, hp)
		}
	}
	return out
}
