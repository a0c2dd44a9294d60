package token

import (
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
)

// Objects is what tokens are bound to.
type Objects interface {
	// Get is an object as of now, nil if there is none.
	Get(*api.Resource, api.Key) api.Object
}

// Grant gives the claims of a token for an account, as a valid request wants it.
func Grant(r *authenticationv1.TokenRequest, account *corev1.ServiceAccount, o Objects, now time.Time) (Claims, error) {
	c := Claims{
		Audience: r.Spec.Audiences, Issuer: Issuer, IssuedAt: now.Unix(), NotBefore: now.Unix(),
		Subject: subject(account.Namespace, account.Name),
		Kubernetes: Bound{
			Namespace: account.Namespace, Account: Ref{account.Name, string(account.UID)},
		},
	}
	if ref := r.Spec.BoundObjectRef; ref != nil {
		if err := c.Kubernetes.bind(ref, o); err != nil {
			return Claims{}, err
		}
	}
	lifetime := *r.Spec.ExpirationSeconds
	if lifetime == extendedFrom && c.Kubernetes.Pod != nil && !slices.ContainsFunc(c.Audience, func(a string) bool { return a != Issuer }) {
		c.Kubernetes.WarnAfter = now.Unix() + lifetime
		lifetime = extendedTo
	}
	c.Expiry = now.Unix() + lifetime
	return c, nil
}

func subject(namespace, name string) string { return "system:serviceaccount:" + namespace + ":" + name }

// bind binds a token to an object.
func (b *Bound) bind(ref *authenticationv1.BoundObjectReference, o Objects) error {
	kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	var resource *api.Resource
	key := api.Key{Namespace: b.Namespace, Name: ref.Name}
	switch kind.GroupKind() {
	case api.Pods.GVK().GroupKind():
		resource = api.Pods
	case api.Secrets.GVK().GroupKind():
		resource = api.Secrets
	case api.Nodes.GVK().GroupKind():
		resource, key.Namespace = api.Nodes, ""
	default:
		return apierrors.NewBadRequest("cannot bind token to object of type " + kind.String())
	}
	bound := o.Get(resource, key)
	if bound == nil {
		return apierrors.NewNotFound(resource.GroupResource(), ref.Name)
	}
	is := &Ref{ref.Name, string(bound.GetUID())}
	switch resource {
	case api.Pods:
		pod := bound.(*corev1.Pod)
		if pod.Spec.ServiceAccountName != b.Account.Name {
			return apierrors.NewBadRequest(fmt.Sprintf("cannot bind token for serviceaccount %q to pod running with different serviceaccount name.", b.Account.Name))
		}
		b.Pod, b.Node = is, nodeOf(pod, o)
	case api.Secrets:
		b.Secret = is
	case api.Nodes:
		b.Node = is
	}
	if ref.UID != "" && ref.UID != bound.GetUID() {
		return apierrors.NewConflict(schema.GroupResource{Group: kind.Group, Resource: kind.Kind}, ref.Name,
			fmt.Errorf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID))
	}
	return nil
}

// nodeOf is the node that a pod is bound to, nil if it is not.
func nodeOf(pod *corev1.Pod, o Objects) *Ref {
	name := pod.Spec.NodeName
	if name == "" {
		return nil
	}
	if node := o.Get(api.Nodes, api.Key{Name: name}); node != nil {
		return &Ref{name, string(node.GetUID())}
	}
	return &Ref{Name: name}
}
