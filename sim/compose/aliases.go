package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
)

// alias is a further name by which a service's containers are found.
type alias struct {
	name string
	path []string // below the service that says so
	by   *service
}

// aliasLabel marks the pods that an alias stands for.
func aliasLabel(name string) string { return "alias/" + name }

// aliases are the further names of the service: of its networks, its container_name, and what others link it as.
func (s *service) aliases() []alias {
	var all []alias
	add := func(name string, by *service, path ...string) {
		known := slices.ContainsFunc(all, func(a alias) bool { return a.name == name })
		if name != "" && name != s.kube && !known && dnsName(name) == name && s.t.project.Services[name].Name == "" {
			all = append(all, alias{name: name, path: path, by: by})
		}
	}
	for _, network := range slices.Sorted(maps.Keys(s.Networks)) {
		if config := s.Networks[network]; config != nil {
			for _, name := range config.Aliases {
				add(name, s, "networks", network, "aliases")
			}
		}
	}
	add(s.ContainerName, s, "container_name")
	for _, other := range s.t.services {
		for i, link := range other.Links {
			if target, name, ok := strings.Cut(link, ":"); ok && target == s.Name {
				add(name, other, "links", index(i))
			}
		}
	}
	return all
}

// translateAliases makes a Service per alias. Services that share an alias share its Service, as in compose.
func (t *translation) translateAliases() {
	shared := map[string][]*service{}
	first := map[string]alias{}
	var order []string
	for _, s := range t.services {
		for _, a := range s.aliases() {
			if shared[a.name] == nil {
				order = append(order, a.name)
				first[a.name] = a
			}
			shared[a.name] = append(shared[a.name], s)
		}
		s.noteAliases()
		s.externalLinks()
	}
	for _, name := range order {
		var ports []types.ServicePortConfig
		for _, s := range shared[name] {
			ports = append(ports, s.targets()...)
		}
		a, owner := first[name], shared[name][0]
		spec := corev1.ServiceSpec{Selector: map[string]string{aliasLabel(name): "yes"}, Ports: servicePorts(uniqueTargets(ports))}
		if len(ports) == 0 {
			spec.ClusterIP = corev1.ClusterIPNone
		}
		path := append([]string{"services", a.by.Name}, a.path...)
		t.objects.services = append(t.objects.services, Object{
			Resource: &corev1.Service{TypeMeta: typeMeta("v1", "Service"), ObjectMeta: owner.meta(t.free("Service", name, path...)), Spec: spec},
			Service:  owner.Name, Pos: t.at(path...), Why: fmt.Sprintf("service %s is also called %s", owner.Name, name),
		})
	}
}

// noteAliases says which further names do not work.
func (s *service) noteAliases() {
	check := func(name string, path ...string) {
		switch other := s.t.project.Services[name].Name; {
		case name == "" || name == s.kube:
		case other != "" && other != s.Name:
			s.note(Lost, "is also called "+name, "that is the name of another service", "", path...)
		case dnsName(name) != name:
			s.note(Lost, "is also called "+name, "it is no DNS name", "", path...)
		}
	}
	for _, network := range slices.Sorted(maps.Keys(s.Networks)) {
		if config := s.Networks[network]; config != nil {
			for i, name := range config.Aliases {
				check(name, "networks", network, "aliases", index(i))
			}
		}
	}
	check(s.ContainerName, "container_name")
	for i, link := range s.Links {
		target, name, ok := strings.Cut(link, ":")
		other := s.t.find(target)
		if !ok || other == nil {
			continue
		}
		other.checkLink(s, name, "links", index(i))
	}
}

// checkLink says what becomes of the name by which another service links this one.
func (s *service) checkLink(by *service, name string, path ...string) {
	switch known := s.t.project.Services[name].Name; {
	case name == s.Name:
	case known != "" || dnsName(name) != name:
		by.note(Lost, "finds "+s.Name+" as "+name, "that is the name of another service, or no DNS name", "", path...)
	default:
		by.note(Changed, "finds "+s.Name+" as "+name, "a Service "+name+", which all pods find", "", path...)
	}
}

// externalLinks makes an ExternalName Service of each container outside of the file.
func (s *service) externalLinks() {
	for i, link := range s.ExternalLinks {
		target, name, ok := strings.Cut(link, ":")
		if !ok {
			name = target
		}
		path := []string{"external_links", index(i)}
		host := strings.ToLower(strings.ReplaceAll(target, "_", "-"))
		if dnsName(name) != name || dnsName(host) != host || s.t.names["Service/"+name] != "" {
			s.note(Lost, "finds the container "+target+" as "+name, "this is no free DNS name", "", path...)
			continue
		}
		s.t.free("Service", name, append([]string{"services", s.Name}, path...)...)
		s.addService(name, corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: host}, "links to the container "+target, path...)
		s.note(Changed, "finds the container "+target+" of this machine as "+name, "a Service "+name+" that stands for the DNS name "+host, "set its externalName to where that is", path...)
	}
}
