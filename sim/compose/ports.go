package compose

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxRange bounds the ports that one range may expand to.
const maxRange = 1000

// exposed reads one of expose: "80", "8000-8010", "53/udp".
func exposed(text string) ([]types.ServicePortConfig, error) {
	ports, protocol, _ := strings.Cut(text, "/")
	low, high, isRange := strings.Cut(ports, "-")
	first, err := strconv.Atoi(low)
	last := first
	if err == nil && isRange {
		last, err = strconv.Atoi(high)
	}
	protocol = cmp.Or(strings.ToLower(protocol), "tcp")
	if err != nil || first < 1 || last < first || last > 65535 || last-first >= maxRange || !slices.Contains([]string{"tcp", "udp", "sctp"}, protocol) {
		return nil, fmt.Errorf("no port: %q", text)
	}
	var all []types.ServicePortConfig
	for port := first; port <= last; port++ {
		all = append(all, types.ServicePortConfig{Target: uint32(port), Protocol: protocol})
	}
	return all, nil
}

// targets are the ports that the container listens on, from ports and expose, each once.
func (s *service) targets() []types.ServicePortConfig {
	all := slices.Clone(s.Ports)
	for _, text := range s.Expose {
		ports, err := exposed(text)
		if err != nil {
			continue // reported by the check of values
		}
		all = append(all, ports...)
	}
	return uniqueTargets(all)
}

// uniqueTargets keeps the first of the ports that have the same number and protocol.
func uniqueTargets(all []types.ServicePortConfig) []types.ServicePortConfig {
	var unique []types.ServicePortConfig
	seen := map[string]bool{}
	for _, p := range all {
		key := fmt.Sprint(p.Target, "/", protocolOf(p))
		if p.Target >= 1 && p.Target <= 65535 && !seen[key] {
			seen[key] = true
			unique = append(unique, p)
		}
	}
	return unique
}

func protocolOf(p types.ServicePortConfig) corev1.Protocol {
	return corev1.Protocol(strings.ToUpper(cmp.Or(p.Protocol, "tcp")))
}

// portPath is the key of a port in the file, where a range is one item.
func (s *service) portPath(p types.ServicePortConfig) []string {
	for _, path := range s.t.origins([]string{"services", s.Name, "ports"}) {
		for _, v := range s.t.views {
			for i, item := range list(v.valueAt(path)) {
				var expanded []types.ServicePortConfig
				switch item := item.(type) {
				case map[string]any:
					target, _ := number(item["target"])
					expanded = []types.ServicePortConfig{{Target: uint32(target), Published: cmp.Or(fmt.Sprint(or(item["published"], "")), "")}}
				default:
					expanded, _ = types.ParsePortConfig(fmt.Sprint(item))
				}
				for _, e := range expanded {
					if e.Target == p.Target && e.Published == p.Published {
						return []string{"ports", index(i)}
					}
				}
			}
		}
	}
	return []string{"ports"}
}

// containerPorts lists what the container listens on; with mode: host also the node's port.
func (s *service) containerPorts() []corev1.ContainerPort {
	var ports []corev1.ContainerPort
	for _, p := range s.targets() {
		port := corev1.ContainerPort{ContainerPort: int32(p.Target), Protocol: protocolOf(p)}
		if s.NetworkMode == "host" {
			port.HostPort = port.ContainerPort
		} else if p.Mode == "host" {
			if published, _ := publishedPort(p); published > 0 {
				port.HostPort = published
				if ip := net.ParseIP(p.HostIP); ip != nil {
					port.HostIP = p.HostIP
				}
				s.note(Changed, "publishes the port on the machine that runs the container", "a host port: one pod on each node, and the node's address is the pod's business", "", s.portPath(p)...)
			}
		}
		ports = append(ports, port)
	}
	return ports
}

// publishedPort is the port that outsiders use, 0 for any, and whether the file gave a range of them.
func publishedPort(p types.ServicePortConfig) (port int32, isRange bool) {
	low, _, isRange := strings.Cut(p.Published, "-")
	n, err := strconv.ParseUint(low, 10, 16)
	if err != nil {
		return 0, isRange
	}
	return int32(n), isRange
}

// translatePorts makes the Service by which the peers find the service, on the container's ports, and the one by which
// outsiders do, on the published ports.
func (s *service) translatePorts() {
	targets := s.targets()
	spec := corev1.ServiceSpec{Selector: s.labels(), Ports: servicePorts(targets)}
	why, path := "listens on "+portList(targets), []string{"ports"}
	if len(s.Ports) == 0 {
		path = []string{"expose"}
	}
	if len(targets) == 0 {
		why, path = "is found by its name", nil
	}
	if len(targets) == 0 || s.Deploy != nil && s.Deploy.EndpointMode == "dnsrr" {
		spec.ClusterIP = corev1.ClusterIPNone
	}
	if len(targets) == 0 && s.kind != job {
		s.note(Kept, "peers reach every port of the container", "a headless Service: the name resolves to the pods' own addresses", "say expose: to get one stable address")
	}
	s.addService(s.kube, spec, why, path...)
	s.publish()
}

func (s *service) addService(name string, spec corev1.ServiceSpec, why string, path ...string) {
	meta := s.meta(name)
	meta.Annotations = s.deployLabels
	s.t.objects.services = append(s.t.objects.services, s.object(&corev1.Service{
		TypeMeta: typeMeta("v1", "Service"), ObjectMeta: meta, Spec: spec,
	}, why, path...))
}

// publish makes the Service for outsiders.
func (s *service) publish() {
	var ports []corev1.ServicePort
	var words []string
	kind := corev1.ServiceTypeNodePort
	taken := map[string]bool{}
	add := func(p types.ServicePortConfig, port int32) {
		key := fmt.Sprint(port, "/", protocolOf(p))
		if taken[key] {
			s.note(Lost, fmt.Sprintf("publishes port %d", port), "that port is published already", "", s.portPath(p)...)
			return
		}
		taken[key] = true
		made := servicePort(p)
		made.Port = port
		made.Name = portName(p, port)
		ports = append(ports, made)
		words = append(words, strconv.Itoa(int(port)))
	}
	for _, p := range s.Ports {
		if p.Mode != "host" && !s.isPublished(p) {
			continue
		}
		s.published = append(s.published, p)
		if p.Mode == "host" {
			continue // it is a host port of the container
		}
		port, isRange := publishedPort(p)
		if isRange {
			s.note(Changed, "publishes one free port of "+p.Published, fmt.Sprintf("port %d", port), "", s.portPath(p)...)
		}
		if port == 0 {
			s.note(Changed, "publishes the port as any free one", "a NodePort: any free one of 30000-32767, on every node", "say which port to publish", s.portPath(p)...)
			add(p, int32(p.Target))
			continue
		}
		kind = corev1.ServiceTypeLoadBalancer
		add(p, port)
	}
	if len(ports) == 0 {
		return
	}
	unique := map[string]bool{}
	for i := range ports {
		for base, n := ports[i].Name, 2; unique[ports[i].Name]; n++ {
			ports[i].Name = fmt.Sprintf("%s-%d", base, n)
		}
		unique[ports[i].Name] = true
	}
	name := s.t.free("Service", s.kube+"-published", "services", s.Name, "ports")
	what := "port "
	if len(words) > 1 {
		what = "ports "
	}
	s.addService(name, corev1.ServiceSpec{Type: kind, Selector: s.labels(), Ports: ports}, "publishes "+what+strings.Join(words, ", "), "ports")
}

// isPublished tells whether outsiders may use a port, and says when the address it is bound to makes a difference.
func (s *service) isPublished(p types.ServicePortConfig) bool {
	if s.NetworkMode == "none" {
		return false
	}
	ip := net.ParseIP(strings.Trim(p.HostIP, "[]"))
	switch {
	case p.HostIP == "" || ip != nil && ip.IsUnspecified():
		return true
	case ip != nil && ip.IsLoopback() || p.HostIP == "localhost":
		s.note(Changed, "publishes it to this machine only ("+p.HostIP+")", "it is not published", fmt.Sprintf("use kubectl port-forward service/%s %s:%d", s.kube, cmp.Or(p.Published, strconv.Itoa(int(p.Target))), p.Target), s.portPath(p)...)
		return false
	}
	s.note(Changed, "publishes it on the address "+p.HostIP, "the load balancer chooses the address", "", s.portPath(p)...)
	return true
}

func servicePorts(targets []types.ServicePortConfig) []corev1.ServicePort {
	var ports []corev1.ServicePort
	for _, p := range targets {
		ports = append(ports, servicePort(p))
	}
	names := map[string]bool{}
	for i := range ports {
		if names[ports[i].Name] { // two ports were given one name
			ports[i].Name = portName(types.ServicePortConfig{Protocol: string(ports[i].Protocol)}, ports[i].Port)
		}
		names[ports[i].Name] = true
	}
	return ports
}

func servicePort(p types.ServicePortConfig) corev1.ServicePort {
	port := corev1.ServicePort{
		Name: portName(p, int32(p.Target)), Port: int32(p.Target), TargetPort: intstr.FromInt32(int32(p.Target)), Protocol: protocolOf(p),
	}
	if p.AppProtocol != "" && len(validation.IsQualifiedName(p.AppProtocol)) == 0 {
		port.AppProtocol = &p.AppProtocol
	}
	return port
}

// portName is the name that the file gives, else "tcp-80".
func portName(p types.ServicePortConfig, port int32) string {
	if p.Name != "" {
		return dnsName(p.Name)
	}
	return fmt.Sprintf("%s-%d", strings.ToLower(string(protocolOf(p))), port)
}

func portList(ports []types.ServicePortConfig) string {
	words := make([]string, 0, len(ports))
	for _, p := range ports {
		words = append(words, strconv.Itoa(int(p.Target)))
	}
	if len(words) > 5 {
		words = append(words[:5], "…")
	}
	if len(words) == 1 {
		return "port " + words[0]
	}
	return "ports " + strings.Join(words, ", ")
}
