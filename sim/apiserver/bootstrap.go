package apiserver

import (
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
	"minisim/sim/apiserver/access"
)

// itself is the server as a user.
func (s *Server) itself() Identity {
	return Identity{User: "system:apiserver", Groups: []string{access.Masters}, Process: s.Name}
}

// Bootstrap creates what a cluster has from the beginning: its four namespaces,
// the two system priority classes and the service "kubernetes", then the objects
// given and the default roles and bindings. What exists already stays as it is.
func (s *Server) Bootstrap(more ...api.Object) error {
	client := s.Client(s.itself(), nil)
	for _, o := range append(firstObjects(), more...) {
		if s.Get(api.Of(o), api.KeyOf(o)) != nil {
			continue
		}
		if _, err := api.Create(client, o); err != nil {
			return err
		}
	}
	return s.install(access.Defaults())
}

func firstObjects() []api.Object {
	var out []api.Object
	for _, name := range []string{metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease, metav1.NamespaceDefault} {
		out = append(out, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	policy := corev1.PreemptLowerPriority
	for _, c := range []struct {
		name, description string
		value             int32
	}{
		{"system-node-critical", "Used for system critical pods that must not be moved from their current node.", 2_000_001_000},
		{"system-cluster-critical", "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.", 2_000_000_000},
	} {
		out = append(out, &schedulingv1.PriorityClass{
			ObjectMeta: metav1.ObjectMeta{Name: c.name}, Value: c.value, Description: c.description, PreemptionPolicy: &policy,
		})
	}
	return append(out, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: "kubernetes",
			Labels: map[string]string{"component": "apiserver", "provider": "kubernetes"},
		},
		Spec: corev1.ServiceSpec{
			ClusterIP: firstServiceIP, SessionAffinity: corev1.ServiceAffinityNone, Type: corev1.ServiceTypeClusterIP,
			Ports: []corev1.ServicePort{{Name: "https", Protocol: corev1.ProtocolTCP, Port: 443, TargetPort: intstr.FromInt32(6443)}},
		},
	})
}
