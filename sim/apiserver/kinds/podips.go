package kinds

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// podIPs validates the addresses of a pod and of its host: valid, and at most one
// of each family.
func (f *faults) podIPs(new, old *corev1.Pod) {
	of := func(s corev1.PodStatus) (pod, host []string) {
		for _, ip := range s.PodIPs {
			pod = append(pod, ip.IP)
		}
		for _, ip := range s.HostIPs {
			host = append(host, ip.IP)
		}
		return pod, host
	}
	oldPod, oldHost := of(old.Status)
	newPod, newHost := of(new.Status)
	f.addresses(statusPath.Child("podIPs"), newPod, oldPod, new.Status.PodIPs)
	if len(newHost) == 0 {
		return
	}
	p := statusPath.Child("hostIPs")
	if new.Status.HostIP != newHost[0] {
		f.invalid(p.Index(0), "ip", newHost[0], "must be equal to `hostIP`")
	}
	f.addresses(p, newHost, oldHost, new.Status.HostIPs)
}

func (f *faults) addresses(p *field.Path, new, old []string, shown any) {
	for i, ip := range new {
		f.ip(p.Index(i), ip, old...)
	}
	if len(new) < 2 {
		return
	}
	both, err := netutils.IsDualStackIPStrings(new)
	if err != nil {
		return // told above
	}
	if !both || len(new) > 2 {
		f.invalid(p, "", internal{shown}, "may specify no more than one IP for each IP family")
	}
}
