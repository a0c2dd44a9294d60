package kinds

import (
	networkingv1 "k8s.io/api/networking/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const maxIngressController = 250

var ingressClasses = kind[*networkingv1.IngressClass]{
	name: subdomainName,
	defaults: func(c *networkingv1.IngressClass) {
		if c.Spec.Parameters != nil {
			orNew(&c.Spec.Parameters.Scope, networkingv1.IngressClassParametersReferenceScopeCluster)
		}
	},
	create: func(c *networkingv1.IngressClass) { c.Generation = 1 },
	update: func(new, old *networkingv1.IngressClass) {
		if !apiequality.Semantic.DeepEqual(new.Spec, old.Spec) {
			new.Generation = old.Generation + 1
		}
	},
	validate: func(f *faults, c *networkingv1.IngressClass) { f.ingressClass(&c.Spec) },
	validateUpdate: func(f *faults, new, old *networkingv1.IngressClass) {
		f.metaUpdate(new, old)
		f.immutable(specPath, "controller", new.Spec.Controller, old.Spec.Controller)
		f.meta(new, false, subdomainName)
		f.ingressClass(&new.Spec)
	},
}

func (f *faults) ingressClass(s *networkingv1.IngressClassSpec) {
	if len(s.Controller) > maxIngressController {
		f.add(field.TooLong(specPath.Child("controller"), "", maxIngressController))
	}
	f.add(validation.IsDomainPrefixedPath(specPath.Child("controller"), s.Controller)...)
	if s.Parameters != nil {
		f.classParameters(specPath.Child("parameters"), s.Parameters)
	}
}

func (f *faults) classParameters(p *field.Path, r *networkingv1.IngressClassParametersReference) {
	if r.APIGroup != nil {
		f.rule(p, "apiGroup", *r.APIGroup, dnsSubdomain)
	}
	f.pathSegment(p, "kind", r.Kind)
	f.pathSegment(p, "name", r.Name)
	switch {
	case r.Scope == nil:
		f.required(p, "scope", "")
	case *r.Scope == networkingv1.IngressClassParametersReferenceScopeNamespace:
		if r.Namespace == nil {
			f.required(p, "namespace", "`parameters.scope` is set to 'Namespace'")
		} else {
			f.rule(p, "namespace", *r.Namespace, dnsLabel)
		}
	case *r.Scope == networkingv1.IngressClassParametersReferenceScopeCluster:
		if r.Namespace != nil {
			f.forbidden(p, "namespace", "`parameters.scope` is set to 'Cluster'")
		}
	default:
		ifSetOneOf(f, p, "scope", r.Scope, networkingv1.IngressClassParametersReferenceScopeCluster, networkingv1.IngressClassParametersReferenceScopeNamespace)
	}
}
