package cluster

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// masterAddress is the address of the master in the machines' own network, and
// masterPort where its API server listens, for what runs in the cluster.
const (
	masterAddress = "10.0.0.2"
	masterPort    = int32(6443)
)

// serverEndpoints are where the Service "kubernetes" leads: an API server writes
// them itself, since no selector finds it.
func serverEndpoints(address string) []api.Object {
	const name, port = "kubernetes", "https"
	meta := func(label, value string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name, Labels: map[string]string{label: value}}
	}
	protocol := corev1.ProtocolTCP
	return []api.Object{
		&corev1.Endpoints{ //nolint:staticcheck // they are still written
			ObjectMeta: meta(discoveryv1.LabelSkipMirror, "true"),
			Subsets: []corev1.EndpointSubset{{
				Addresses: []corev1.EndpointAddress{{IP: address}},
				Ports:     []corev1.EndpointPort{{Name: port, Port: masterPort, Protocol: protocol}},
			}},
		},
		&discoveryv1.EndpointSlice{
			ObjectMeta:  meta(discoveryv1.LabelServiceName, name),
			AddressType: discoveryv1.AddressTypeIPv4,
			Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
			Ports:       []discoveryv1.EndpointPort{{Name: new(port), Port: new(masterPort), Protocol: &protocol}},
		},
	}
}
