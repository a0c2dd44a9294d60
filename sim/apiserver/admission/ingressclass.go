package admission

import (
	networkingv1 "k8s.io/api/networking/v1"

	"minisim/sim/api"
)

// ingressClassAnnotation named the class before there was a field for it.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

// defaultIngressClass gives a new ingress the default class: of several, the newest.
func defaultIngressClass(a *Attributes, o Objects) (string, error) {
	if !a.creates(api.Ingresses) {
		return "", nil
	}
	ingress := a.Object.(*networkingv1.Ingress)
	if _, old := ingress.Annotations[ingressClassAnnotation]; old || ingress.Spec.IngressClassName != nil {
		return "", nil
	}
	var found *networkingv1.IngressClass
	o.Each(api.IngressClasses, "", func(x api.Object) bool {
		c := x.(*networkingv1.IngressClass)
		if c.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true" && (found == nil || found.CreationTimestamp.Before(&c.CreationTimestamp)) {
			found = c // of the same age: the first by name
		}
		return true
	})
	if found == nil {
		return "", nil
	}
	name := found.Name
	ingress.Spec.IngressClassName = &name
	return "ingress class " + name, nil
}
