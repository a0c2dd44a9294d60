package api

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Key names an object within its resource. Namespace is "" for cluster-scoped ones.
type Key struct {
	Namespace, Name string
}

// String is "namespace/name", or only the name where there is no namespace.
func (k Key) String() string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// Compare orders keys by namespace, then name.
func (k Key) Compare(o Key) int {
	if c := strings.Compare(k.Namespace, o.Namespace); c != 0 {
		return c
	}
	return strings.Compare(k.Name, o.Name)
}

// ParseKey reads what String wrote.
func ParseKey(s string) Key {
	if ns, name, ok := strings.Cut(s, "/"); ok {
		return Key{ns, name}
	}
	return Key{"", s}
}

// KeyOf is the key of an object.
func KeyOf(o metav1.Object) Key { return Key{o.GetNamespace(), o.GetName()} }

// Ref names an object together with its resource, for telling: "pod default/web-1".
func Ref(r *Resource, k Key) string { return r.Singular + " " + k.String() }

// ObjectReference is what an Event or a binding says of the object it concerns.
func ObjectReference(o Object) corev1.ObjectReference {
	r := Of(o)
	return corev1.ObjectReference{
		APIVersion: r.GVK().GroupVersion().String(), Kind: r.Kind,
		Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(),
	}
}

// ControllerOf is the key of o's controlling owner if that is of resource r; false otherwise.
func ControllerOf(o metav1.Object, r *Resource) (Key, bool) {
	ref := metav1.GetControllerOfNoCopy(o)
	if ref == nil || ref.Kind != r.Kind || ref.APIVersion != r.GVK().GroupVersion().String() {
		return Key{}, false
	}
	return Key{o.GetNamespace(), ref.Name}, true
}

// OwnedBy is an owner reference that makes owner the controller.
func OwnedBy(owner Object) metav1.OwnerReference {
	return *metav1.NewControllerRef(owner, Of(owner).GVK())
}
