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
	parts:          map[string]part[*corev1.Namespace]{"finalize": finalizePart},
}

// finalizePart changes what holds a namespace while it is being emptied.
var finalizePart = part[*corev1.Namespace]{
	prepare: func(new, old *corev1.Namespace) { new.Status = old.Status },
	validate: func(f *faults, new, old *corev1.Namespace) {
		f.metaUpdate(new, old)
		p := specPath.Child("finalizers")
		for i, name := range new.Spec.Finalizers {
			f.finalizerName(p.Index(i), name)
		}
	},
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
		f.finalizerName(specPath.Child("finalizers"), name)
	}
}

func (f *faults) finalizerName(p *field.Path, name corev1.FinalizerName) {
	f.rule(p, "", string(name), qualifiedName)
	if !isStandardOrQualified(string(name)) {
		f.invalid(p, "", string(name), notFullyQualified)
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
