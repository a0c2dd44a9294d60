package apiserver

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// Kubelets is the way from the API server to the kubelets, which keep what the
// API has not: logs. It is for visitors: between two steps.
type Kubelets interface {
	// Log opens the log of a container of a pod on a node. Nobody answers if the
	// error is ErrNoRoute or ErrRefused; any other is the kubelet's answer.
	Log(node string, pod api.Key, container string, previous bool) (api.Log, error)
}

// What a connection to a kubelet fails with.
var (
	ErrNoRoute = errors.New("connect: no route to host")   // its machine is off
	ErrRefused = errors.New("connect: connection refused") // it does not run
)

// Reach has the server ask the kubelets k.
func (s *Server) Reach(k Kubelets) { s.kubelets = k }

// ContainerLog opens the log of a container of a pod that is bound to a node.
// parameters are those of the request to its kubelet, whose address is part of the
// error when it cannot be reached.
func (s *Server) ContainerLog(pod *corev1.Pod, container string, previous bool, parameters url.Values) (api.Log, error) {
	o, err := s.Object(api.Nodes, api.Key{Name: pod.Spec.NodeName}, 0)
	if err != nil {
		return nil, err
	}
	address, err := kubeletAddress(o.(*corev1.Node))
	if err != nil {
		return nil, err
	}
	log, err := api.Log(nil), ErrNoRoute
	if s.kubelets != nil {
		log, err = s.kubelets.Log(pod.Spec.NodeName, api.KeyOf(pod), container, previous)
	}
	if errors.Is(err, ErrNoRoute) || errors.Is(err, ErrRefused) {
		where := url.URL{
			Scheme: "https", Host: address, Path: "/containerLogs/" + pod.Namespace + "/" + pod.Name + "/" + container, RawQuery: parameters.Encode(),
		}
		return nil, plain("%v", &url.Error{Op: "Get", URL: where.String(), Err: fmt.Errorf("dial tcp %s: %w", address, err)})
	}
	return log, err
}

// kubeletPort is a kubelet's port when its node does not say.
const kubeletPort = 10250

// preferredAddresses are the addresses of a node by which its kubelet is called, the best first.
var preferredAddresses = []corev1.NodeAddressType{corev1.NodeInternalIP, corev1.NodeExternalIP, corev1.NodeHostName}

// kubeletAddress is the host and port of a node's kubelet.
func kubeletAddress(n *corev1.Node) (string, error) {
	port := cmp.Or(n.Status.DaemonEndpoints.KubeletEndpoint.Port, kubeletPort)
	for _, kind := range preferredAddresses {
		i := slices.IndexFunc(n.Status.Addresses, func(a corev1.NodeAddress) bool { return a.Type == kind })
		if i >= 0 {
			return net.JoinHostPort(n.Status.Addresses[i].Address, strconv.Itoa(int(port))), nil
		}
	}
	return "", plain("no preferred addresses found; known addresses: %v", n.Status.Addresses)
}
