package controller

import (
	"cmp"
	"crypto/md5"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/dump"
)

// mostAddresses is how many addresses Endpoints have at most.
const mostAddresses = 1000

// subsetAddress is the address of a pod and whether it counts as ready.
type subsetAddress struct {
	corev1.EndpointAddress
	ready bool
	pod   *corev1.Pod
}

// offer is a port and who offers it, by address.
type offer struct {
	port corev1.EndpointPort
	by   []subsetAddress
}

// subsets are the pods of a Service, grouped by the ports that they offer: ports
// that the same pods offer share a subset. The order is Kubernetes' own.
func subsets(service *corev1.Service, pods []*corev1.Pod) []corev1.EndpointSubset {
	addresses := subsetAddresses(service, pods)
	var out []corev1.EndpointSubset
	if len(service.Spec.Ports) == 0 {
		if service.Spec.ClusterIP != corev1.ClusterIPNone || len(addresses) == 0 {
			return nil
		}
		return append(out, subset(addresses, nil))
	}
	offers := map[string]*offer{}
	for _, a := range addresses {
		for _, p := range endpointPorts(service, a.pod) {
			key := portsKey([]discoveryv1.EndpointPort{p})
			if offers[key] == nil {
				offers[key] = &offer{port: corev1.EndpointPort{Name: deref(p.Name), Port: deref(p.Port), Protocol: deref(p.Protocol), AppProtocol: p.AppProtocol}}
			}
			offers[key].by = append(offers[key].by, a)
		}
	}
	byPods := map[string][]*offer{}
	for _, key := range slices.Sorted(maps.Keys(offers)) {
		pods := offers[key].pods()
		byPods[pods] = append(byPods[pods], offers[key])
	}
	for _, key := range slices.Sorted(maps.Keys(byPods)) {
		var ports []corev1.EndpointPort
		for _, o := range byPods[key] {
			ports = append(ports, o.port)
		}
		out = append(out, subset(byPods[key][0].by, sortByHash(ports)))
	}
	return sortByHash(out)
}

// subsetAddresses are the addresses of those pods that belong to a Service,
// sorted. One that terminates does only where what is not ready is wanted, too.
func subsetAddresses(service *corev1.Service, pods []*corev1.Pod) []subsetAddress {
	var out []subsetAddress
	for _, pod := range pods {
		if podTerminal(pod) || pod.DeletionTimestamp != nil && !service.Spec.PublishNotReadyAddresses {
			continue
		}
		ips := addresses(pod, addressTypes(service)[0])
		if len(ips) == 0 {
			continue
		}
		a := subsetAddress{pod: pod, ready: service.Spec.PublishNotReadyAddresses || podReady(pod)}
		a.IP, a.NodeName = ips[0], &pod.Spec.NodeName
		a.TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID}
		if pod.Spec.Hostname != "" && pod.Spec.Subdomain == service.Name {
			a.Hostname = pod.Spec.Hostname
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b subsetAddress) int {
		return cmp.Or(cmp.Compare(a.IP, b.IP), cmp.Compare(a.pod.UID, b.pod.UID))
	})
	return out
}

// pods is the same text for two offers of the same pods in the same state.
func (o *offer) pods() string {
	var b strings.Builder
	for _, a := range o.by {
		fmt.Fprintf(&b, "%s|%v\n", a.pod.UID, a.ready)
	}
	return b.String()
}

func subset(of []subsetAddress, ports []corev1.EndpointPort) corev1.EndpointSubset {
	s := corev1.EndpointSubset{Ports: ports}
	for _, a := range of {
		if a.ready {
			s.Addresses = append(s.Addresses, a.EndpointAddress)
		} else {
			s.NotReadyAddresses = append(s.NotReadyAddresses, a.EndpointAddress)
		}
	}
	return s
}

// sortByHash sorts as Kubernetes sorts ports and subsets: by the MD5 of their dumps.
func sortByHash[T any](list []T) []T {
	if len(list) < 2 {
		return list
	}
	type hashed struct {
		hash [md5.Size]byte
		of   T
	}
	by := make([]hashed, len(list))
	for i := range list {
		by[i] = hashed{md5.Sum([]byte(dump.ForHash(list[i]))), list[i]}
	}
	slices.SortStableFunc(by, func(a, b hashed) int { return slices.Compare(a.hash[:], b.hash[:]) })
	for i := range by {
		list[i] = by[i].of
	}
	return list
}

// truncate takes addresses off subsets that have too many, of each in proportion
// and first of those that are not ready. It says whether there were too many.
func truncate(subsets []corev1.EndpointSubset) bool {
	ready, notReady := 0, 0
	for i := range subsets {
		ready += len(subsets[i].Addresses)
		notReady += len(subsets[i].NotReadyAddresses)
	}
	if ready+notReady <= mostAddresses {
		return false
	}
	room, total := mostAddresses-ready, notReady
	if ready > mostAddresses {
		room, total = mostAddresses, ready
	}
	left := room
	for i := range subsets {
		s := &subsets[i]
		of := &s.NotReadyAddresses
		if ready > mostAddresses {
			of, s.NotReadyAddresses = &s.Addresses, nil
		}
		share := int(math.Ceil(float64(float64(len(*of))/float64(total)) * float64(room)))
		*of = (*of)[:min(len(*of), share, left)]
		left -= len(*of)
	}
	return true
}
