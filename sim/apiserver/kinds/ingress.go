package kinds

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// ingressClassAnnotation named the class before there was a field for it.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

var ingresses = kind[*networkingv1.Ingress]{
	name: subdomainName,
	create: func(i *networkingv1.Ingress) {
		i.Status = networkingv1.IngressStatus{}
		i.Generation = 1
	},
	update: func(new, old *networkingv1.Ingress) {
		new.Status = old.Status
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	status: func(new, old *networkingv1.Ingress) { new.Spec = old.Spec },
	validate: func(f *faults, i *networkingv1.Ingress) {
		f.ingress(&i.Spec)
		if class, ok := i.Annotations[ingressClassAnnotation]; ok && i.Spec.IngressClassName != nil && class != *i.Spec.IngressClassName {
			f.invalid(field.NewPath("annotations"), ingressClassAnnotation, class, "must match `ingressClassName` when both are specified")
		}
	},
	validateUpdate: func(f *faults, new, old *networkingv1.Ingress) {
		f.metaUpdate(new, old)
		f.meta(new, true, subdomainName)
		f.ingress(&new.Spec)
	},
	validateStatus: func(f *faults, new, old *networkingv1.Ingress) { f.ingressStatus(&new.Status, &old.Status) },
	warnings: func(i *networkingv1.Ingress) []string {
		if _, ok := i.Annotations[ingressClassAnnotation]; ok && i.Spec.IngressClassName == nil {
			return []string{`annotation "` + ingressClassAnnotation + `" is deprecated, please use 'spec.ingressClassName' instead`}
		}
		return nil
	},
}

func (f *faults) ingress(s *networkingv1.IngressSpec) {
	if len(s.Rules) == 0 && s.DefaultBackend == nil {
		f.invalid(specPath, "", nil, "either `defaultBackend` or `rules` must be specified")
	}
	if s.DefaultBackend != nil {
		f.ingressBackend(specPath.Child("defaultBackend"), s.DefaultBackend)
	}
	for i := range s.Rules {
		p := specPath.Child("rules").Index(i)
		f.ingressHost(p, s.Rules[i].Host)
		if s.Rules[i].HTTP != nil {
			f.ingressPaths(p.Child("http", "paths"), s.Rules[i].HTTP.Paths)
		}
	}
	for i, t := range s.TLS {
		p := specPath.Child("tls").Index(i)
		for j, host := range t.Hosts {
			f.messages(p.Child("hosts").Index(j), "", host, wildcardOrSubdomain(host))
		}
		if t.SecretName != "" {
			f.rule(p, "secretName", t.SecretName, dnsSubdomain)
		}
	}
	if s.IngressClassName != nil {
		f.rule(specPath, "ingressClassName", *s.IngressClassName, dnsSubdomain)
	}
}

func wildcardOrSubdomain(host string) []string {
	if strings.Contains(host, "*") {
		return validation.IsWildcardDNS1123Subdomain(host)
	}
	return dnsSubdomain(host)
}

func (f *faults) ingressHost(p *field.Path, host string) {
	if host == "" {
		return
	}
	if netutils.ParseIPSloppy(host) != nil {
		f.invalid(p, "host", host, "must be a DNS name, not an IP address")
	}
	f.messages(p, "host", host, wildcardOrSubdomain(host))
}

func (f *faults) ingressPaths(p *field.Path, paths []networkingv1.HTTPIngressPath) {
	if len(paths) == 0 {
		f.required(p, "", "")
	}
	for i := range paths {
		idx, path := p.Index(i), &paths[i]
		if path.PathType == nil {
			f.required(idx, "pathType", "pathType must be specified")
			continue
		}
		f.ingressPath(idx, path)
		f.ingressBackend(idx.Child("backend"), &path.Backend)
	}
}

func (f *faults) ingressPath(p *field.Path, path *networkingv1.HTTPIngressPath) {
	exact := *path.PathType == networkingv1.PathTypeExact || *path.PathType == networkingv1.PathTypePrefix
	if !exact && *path.PathType != networkingv1.PathTypeImplementationSpecific {
		ifSetOneOf(f, p, "pathType", path.PathType, networkingv1.PathTypeExact, networkingv1.PathTypeImplementationSpecific, networkingv1.PathTypePrefix)
		return
	}
	if !strings.HasPrefix(path.Path, "/") && (exact || path.Path != "") {
		f.invalid(p, "path", path.Path, "must be an absolute path")
	}
	if !exact {
		return
	}
	for _, part := range []string{"//", "/./", "/../", "%2f", "%2F"} {
		if strings.Contains(path.Path, part) {
			f.invalid(p, "path", path.Path, "must not contain '"+part+"'")
		}
	}
	for _, end := range []string{"/..", "/."} {
		if strings.HasSuffix(path.Path, end) {
			f.invalid(p, "path", path.Path, "cannot end with '"+end+"'")
		}
	}
}

func (f *faults) ingressBackend(p *field.Path, b *networkingv1.IngressBackend) {
	switch {
	case b.Resource != nil && b.Service != nil:
		f.invalid(p, "", "", "cannot set both resource and service backends")
	case b.Resource != nil:
		f.typedReference(p.Child("resource"), b.Resource)
	case b.Service != nil:
		f.serviceBackend(p, b.Service)
	default:
		f.invalid(p, "", "", "resource or service backend is required")
	}
}

func (f *faults) serviceBackend(p *field.Path, s *networkingv1.IngressServiceBackend) {
	f.require(p.Child("service"), "name", s.Name, dnsLabel)
	switch port := p.Child("service", "port"); {
	case s.Port.Name != "" && s.Port.Number != 0:
		f.invalid(p, "", "", "cannot set both port name & port number")
	case s.Port.Name != "":
		f.rule(port, "name", s.Port.Name, portName)
	case s.Port.Number != 0:
		f.messages(port, "number", s.Port.Number, validation.IsValidPortNum(int(s.Port.Number)))
	default:
		f.required(p, "", "port name or number is required")
	}
}

func (f *faults) typedReference(p *field.Path, r *corev1.TypedLocalObjectReference) {
	if r.APIGroup != nil {
		f.rule(p, "apiGroup", *r.APIGroup, dnsSubdomain)
	}
	f.pathSegment(p, "kind", r.Kind)
	f.pathSegment(p, "name", r.Name)
}

// pathSegment requires a value that can be a part of a URL's path.
func (f *faults) pathSegment(p *field.Path, child, value string) {
	f.require(p, child, value, content.IsPathSegmentName)
}

func (f *faults) ingressStatus(new, old *networkingv1.IngressStatus) {
	var known []string
	for _, i := range old.LoadBalancer.Ingress {
		if i.IP != "" {
			known = append(known, i.IP)
		}
	}
	for i, in := range new.LoadBalancer.Ingress {
		p := statusPath.Child("loadBalancer", "ingress").Index(i)
		if in.IP != "" {
			f.add(validation.IsValidIPForLegacyField(p.Child("ip"), in.IP, true, known)...)
		}
		if in.Hostname == "" {
			continue
		}
		f.rule(p, "hostname", in.Hostname, dnsSubdomain)
		if netutils.ParseIPSloppy(in.Hostname) != nil {
			f.invalid(p, "hostname", in.Hostname, "must be a DNS name, not an IP address")
		}
	}
}
