package compose

import (
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// network is a network of the file that separates services from others.
type network struct {
	types.NetworkConfig
	key   string // in the file
	name  string // in Kubernetes
	users []*service
}

// label marks the pods that are on the network.
func (n *network) label() map[string]string { return map[string]string{"net/" + n.name: "yes"} }

// nameNetworks finds the networks that separate services: none, when all of them
// are on the default one.
func (t *translation) nameNetworks() {
	all := map[string]*network{}
	for _, s := range t.services {
		if s.NetworkMode != "" || s.Provider != nil {
			continue
		}
		for key := range sorted(s.Networks) {
			if all[key] == nil {
				all[key] = &network{NetworkConfig: t.project.Networks[key], key: key}
			}
			all[key].users = append(all[key].users, s)
		}
	}
	if len(all) == 0 || len(all) == 1 && all["default"] != nil {
		return
	}
	for _, key := range t.inFileOrder(slices.Collect(maps.Keys(all)), "networks") {
		n := all[key]
		n.name = t.free("net", dnsName(key), "networks", key)
		t.networks = append(t.networks, n)
	}
}

// on are the networks that a service is on.
func (s *service) on() []*network {
	var on []*network
	for _, n := range s.t.networks {
		if slices.Contains(n.users, s) {
			on = append(on, n)
		}
	}
	return on
}

// translatePolicies makes a NetworkPolicy for each network. Whatever one policy
// allows a pod is allowed, so pods reach each other if they share a network.
func (t *translation) translatePolicies() {
	for _, n := range t.networks {
		t.addPolicy(n.users[0], "net-"+n.name, "is on the network "+n.key, n.policy(), "networks", n.key)
	}
	for _, s := range t.services {
		outside := slices.ContainsFunc(s.on(), func(n *network) bool { return !bool(n.Internal) })
		if outside && len(s.published) > 0 {
			t.addPolicy(s, s.kube+"-published", "publishes ports, which are reached from anywhere", networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: s.labels()},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
				Ingress:     []networkingv1.NetworkPolicyIngressRule{{Ports: policyPorts(s.published)}},
			}, "services", s.Name, "ports")
		}
		if s.NetworkMode == "none" {
			t.addPolicy(s, s.kube+"-alone", "has no network", networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: s.labels()},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			}, "services", s.Name, "network_mode")
		}
	}
}

func (t *translation) addPolicy(s *service, name, why string, spec networkingv1.NetworkPolicySpec, path ...string) {
	t.objects.policies = append(t.objects.policies, Object{
		Resource: &networkingv1.NetworkPolicy{
			TypeMeta: typeMeta(networkingv1.SchemeGroupVersion.String(), "NetworkPolicy"), ObjectMeta: s.meta(t.free("NetworkPolicy", name, path...)), Spec: spec,
		},
		Service: s.Name, Pos: t.at(path...), Why: "service " + s.Name + " " + why,
	})
}

// policy lets the pods of a network reach each other. Those of an internal one
// reach nothing else but the cluster's DNS, unless another network lets them.
func (n *network) policy() networkingv1.NetworkPolicySpec {
	peers := []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: n.label()}}}
	spec := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: n.label()},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress:     []networkingv1.NetworkPolicyIngressRule{{From: peers}},
	}
	switch {
	case bool(n.Internal):
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		spec.Egress = []networkingv1.NetworkPolicyEgressRule{{To: peers}, lookups()}
	case n.meetsInternal():
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		spec.Egress = []networkingv1.NetworkPolicyEgressRule{{}}
	}
	return spec
}

// meetsInternal says whether a service of the network is on an internal one, too.
func (n *network) meetsInternal() bool {
	return slices.ContainsFunc(n.users, func(s *service) bool {
		return slices.ContainsFunc(s.on(), func(other *network) bool { return bool(other.Internal) })
	})
}

// lookups lets pods ask the cluster's DNS.
func lookups() networkingv1.NetworkPolicyEgressRule {
	const dns = 53
	return networkingv1.NetworkPolicyEgressRule{
		To: []networkingv1.NetworkPolicyPeer{{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: metav1.NamespaceSystem}},
			PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
		}},
		Ports: []networkingv1.NetworkPolicyPort{
			{Protocol: new(corev1.ProtocolUDP), Port: new(intstr.FromInt32(dns))},
			{Protocol: new(corev1.ProtocolTCP), Port: new(intstr.FromInt32(dns))},
		},
	}
}

func policyPorts(published []types.ServicePortConfig) []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for _, p := range uniqueTargets(published) {
		ports = append(ports, networkingv1.NetworkPolicyPort{Protocol: new(protocolOf(p)), Port: new(intstr.FromInt32(int32(p.Target)))})
	}
	return ports
}
