package kinds

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var namespaces = kind[*corev1.Namespace]{
	name:     labelName,
	defaults: defaultNamespace,
	create: func(n *corev1.Namespace) {
		n.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceActive}
		if !slices.Contains(n.Spec.Finalizers, corev1.FinalizerKubernetes) {
			n.Spec.Finalizers = append(n.Spec.Finalizers, corev1.FinalizerKubernetes)
		}
		labelNamespace(n)
	},
	update: func(new, old *corev1.Namespace) {
		new.Spec.Finalizers = old.Spec.Finalizers
		new.Status = old.Status
	},
	status:   func(new, old *corev1.Namespace) { new.Spec = old.Spec },
	validate: func(f *faults, n *corev1.Namespace) { f.namespaceFinalizers(n.Spec.Finalizers) },
	validateUpdate: func(f *faults, new, old *corev1.Namespace) {
		f.meta(new, false, labelName)
		f.namespaceFinalizers(new.Spec.Finalizers)
		f.metaUpdate(new, old)
	},
	validateStatus: func(f *faults, new, _ *corev1.Namespace) { f.namespacePhase(new) },
}

func defaultNamespace(n *corev1.Namespace) {
	orElse(&n.Status.Phase, corev1.NamespaceActive)
	labelNamespace(n)
}

// labelNamespace gives a namespace the label with its own name, by which
// selectors find it.
func labelNamespace(n *corev1.Namespace) {
	if n.Name != "" {
		metav1.SetMetaDataLabel(&n.ObjectMeta, corev1.LabelMetadataName, n.Name)
	}
}

func (f *faults) namespaceFinalizers(finalizers []corev1.FinalizerName) {
	for _, name := range finalizers {
		f.rule(specPath, "finalizers", string(name), qualifiedName)
		if !isStandardOrQualified(string(name)) {
			f.invalid(specPath, "finalizers", string(name), notFullyQualified)
		}
	}
}

func (f *faults) namespacePhase(n *corev1.Namespace) {
	p := field.NewPath("status", "Phase")
	switch {
	case n.DeletionTimestamp == nil && n.Status.Phase != corev1.NamespaceActive:
		f.invalid(p, "", n.Status.Phase, "may only be 'Active' if `deletionTimestamp` is empty")
	case n.DeletionTimestamp != nil && n.Status.Phase != corev1.NamespaceTerminating:
		f.invalid(p, "", n.Status.Phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")
	}
}
