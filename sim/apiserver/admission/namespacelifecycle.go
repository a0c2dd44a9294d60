package admission

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// namespaceLifecycle refuses new objects where there is no namespace or where it
// is being deleted, and keeps the namespaces that a cluster cannot do without.
func namespaceLifecycle(a *Attributes, o Objects) (string, error) {
	if a.Verb == api.VerbDelete && a.Resource == api.Namespaces {
		switch a.Key.Name {
		case metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic:
			return "", a.forbid(errors.New("this namespace may not be deleted"))
		}
	}
	if a.Verb != api.VerbCreate || !a.Resource.Namespaced {
		return "", nil
	}
	ns, ok := o.Get(api.Namespaces, api.Key{Name: a.Key.Namespace}).(*corev1.Namespace)
	if !ok {
		return "", apierrors.NewNotFound(api.Namespaces.GroupResource(), a.Key.Namespace)
	}
	if ns.Status.Phase != corev1.NamespaceTerminating || a.Subresource != "" {
		return "", nil
	}
	err := a.forbid(fmt.Errorf("unable to create new content in namespace %s because it is being terminated", ns.Name))
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		status.ErrStatus.Details.Causes = append(status.ErrStatus.Details.Causes, metav1.StatusCause{
			Type: corev1.NamespaceTerminatingCause, Message: fmt.Sprintf("namespace %s is being terminated", ns.Name), Field: "metadata.namespace",
		})
	}
	return "", err
}
