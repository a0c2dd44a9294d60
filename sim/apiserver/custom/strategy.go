package custom

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"minisim/sim/api"
	"minisim/sim/apiserver/kinds"
)

// Strategy is what Kubernetes does to objects of the version besides storing them.
func (v *Version) Strategy() *kinds.Strategy {
	return &kinds.Strategy{
		Default:                v.Default,
		PrepareForCreate:       v.prepareForCreate,
		PrepareForUpdate:       v.prepareForUpdate,
		PrepareForStatusUpdate: prepareForStatusUpdate,
		Validate:               v.validate,
		ValidateUpdate:         v.validateUpdate,
		ValidateStatusUpdate:   v.validateStatusUpdate,
		Warnings:               func(o api.Object) []string { return finalizerWarnings(o, nil) },
		WarningsOnUpdate:       finalizerWarnings,
		NeedsVersion:           true,
	}
}

func content(o api.Object) map[string]any { return o.(*unstructured.Unstructured).Object }

func (v *Version) prepareForCreate(o api.Object) {
	if v.Resource.Status {
		delete(content(o), "status")
	}
	o.SetGeneration(1)
}

// prepareForUpdate keeps the status where it has a subresource, and counts the
// generation up when anything but metadata has changed.
func (v *Version) prepareForUpdate(new, old api.Object) {
	now, was := content(new), content(old)
	if v.Resource.Status {
		if status, ok := was["status"]; ok {
			now["status"] = status
		} else {
			delete(now, "status")
		}
	}
	new.SetGeneration(old.GetGeneration())
	if !apiequality.Semantic.DeepEqual(withoutMetadata(now), withoutMetadata(was)) {
		new.SetGeneration(old.GetGeneration() + 1)
	}
}

func withoutMetadata(content map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range content {
		if k != "metadata" {
			out[k] = v
		}
	}
	return out
}

// prepareForStatusUpdate keeps all but the status, and who owns which field.
func prepareForStatusUpdate(new, old api.Object) {
	status, ok := content(new)["status"]
	managed := new.GetManagedFields()
	kept := old.DeepCopyObject().(*unstructured.Unstructured)
	kept.SetManagedFields(managed)
	delete(kept.Object, "status")
	if ok {
		kept.Object["status"] = status
	}
	new.(*unstructured.Unstructured).Object = kept.Object
}

// finalizerWarnings remarks upon finalizers that an object gets and that are not well named.
func finalizerWarnings(new, old api.Object) (warnings []string) {
	var had []string
	if old != nil {
		had = old.GetFinalizers()
	}
	names := slices.Clone(new.GetFinalizers())
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if !slices.Contains(had, name) {
			warnings = append(warnings, finalizerRemarks(name)...)
		}
	}
	return warnings
}

// ownFinalizers are those of Kubernetes itself.
var ownFinalizers = []string{metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents, string(corev1.FinalizerKubernetes)}

func finalizerRemarks(name string) (remarks []string) {
	say := func(what string) { remarks = append(remarks, fmt.Sprintf("metadata.finalizers: %q: %s", name, what)) }
	for _, fault := range validation.IsQualifiedName(name) {
		say(fault)
	}
	switch {
	case strings.Contains(name, "/") || slices.Contains(ownFinalizers, name):
	case strings.Contains(name, "."):
		say("prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers")
	default:
		say("prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers")
	}
	return remarks
}

// typeFaults says whether an object is of the version's kind at all.
func (v *Version) typeFaults(o api.Object) (faults field.ErrorList) {
	is, want := o.GetObjectKind().GroupVersionKind(), v.Resource.GVK()
	if is.Kind != want.Kind {
		faults = append(faults, field.Invalid(field.NewPath("kind"), is.Kind, "must be "+want.Kind))
	}
	if is.GroupVersion() != want.GroupVersion() {
		faults = append(faults, field.Invalid(field.NewPath("apiVersion"), is.GroupVersion().String(), "must be "+want.GroupVersion().String()))
	}
	return faults
}
