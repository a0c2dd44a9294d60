package kinds

import (
	"strings"

	"minisim/sim/api"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	metadataPath = field.NewPath("metadata")
	specPath     = field.NewPath("spec")
	statusPath   = field.NewPath("status")
)

// meta validates the metadata of a new object by a kind's rule for names.
func (f *faults) meta(o metav1.Object, namespaced bool, name nameRule) {
	f.genericMeta(o, namespaced, name)
	f.shortFinalizers(o)
}

// genericMeta is what holds for the metadata of all kinds.
func (f *faults) genericMeta(o metav1.Object, namespaced bool, name nameRule) {
	if prefix := o.GetGenerateName(); prefix != "" {
		f.messages(metadataPath, "generateName", prefix, name(prefix, true))
	}
	if o.GetName() == "" {
		f.required(metadataPath, "name", "name or generateName is required")
	} else {
		f.messages(metadataPath, "name", o.GetName(), name(o.GetName(), false))
	}
	switch ns := o.GetNamespace(); {
	case namespaced:
		f.require(metadataPath, "namespace", ns, dnsLabel)
	case ns != "":
		f.forbidden(metadataPath, "namespace", "not allowed on this type")
	}
	f.notNegative(metadataPath, "generation", o.GetGeneration())
	f.metaMaps(o)
	if finalizers := o.GetFinalizers(); len(finalizers) > 0 {
		f.add(apivalidation.ValidateFinalizers(finalizers, metadataPath.Child("finalizers"))...)
	}
	f.managed(o)
}

func (f *faults) metaMaps(o metav1.Object) {
	f.labels(metadataPath, "labels", o.GetLabels())
	f.annotations(metadataPath, "annotations", o.GetAnnotations())
	if owners := o.GetOwnerReferences(); len(owners) > 0 {
		f.add(apivalidation.ValidateOwnerReferences(owners, metadataPath.Child("ownerReferences"))...)
	}
}

func (f *faults) managed(o metav1.Object) {
	if managed := o.GetManagedFields(); len(managed) > 0 {
		f.add(metavalidation.ValidateManagedFields(managed, metadataPath.Child("managedFields"))...)
	}
}

// metaUpdate validates the metadata of an object against what it was.
func (f *faults) metaUpdate(new, old api.Object) {
	f.genericMetaUpdate(new, old)
	f.shortFinalizers(new)
}

// anyUpdate is what holds for the metadata of all kinds when something of an object changes.
func (f *faults) anyUpdate(r *api.Resource, new, old api.Object) {
	f.genericMeta(new, r.Namespaced, path.ValidatePathSegmentName)
	f.genericMetaUpdate(new, old)
}

func (f *faults) genericMetaUpdate(new, old api.Object) {
	if old.GetDeletionTimestamp() != nil {
		f.add(apivalidation.ValidateNoNewFinalizers(new.GetFinalizers(), old.GetFinalizers(), metadataPath.Child("finalizers"))...)
	}
	if new.GetResourceVersion() == "" {
		f.invalid(metadataPath, "resourceVersion", "", "must be specified for an update")
	}
	if new.GetGeneration() < old.GetGeneration() {
		f.invalid(metadataPath, "generation", new.GetGeneration(), "must not be decremented")
	}
	if new.GetName() != old.GetName() {
		f.invalid(metadataPath, "name", new.GetName(), apivalidation.FieldImmutableErrorMsg)
	}
	if new.GetNamespace() != old.GetNamespace() {
		f.invalid(metadataPath, "namespace", new.GetNamespace(), apivalidation.FieldImmutableErrorMsg)
	}
	if new.GetUID() != old.GetUID() {
		f.invalid(metadataPath, "uid", new.GetUID(), apivalidation.FieldImmutableErrorMsg)
	}
	f.immutable(metadataPath, "creationTimestamp", new.GetCreationTimestamp(), old.GetCreationTimestamp())
	if new.GetDeletionTimestamp() != nil || old.GetDeletionTimestamp() != nil {
		f.immutable(metadataPath, "deletionTimestamp", new.GetDeletionTimestamp(), old.GetDeletionTimestamp())
	}
	if new.GetDeletionGracePeriodSeconds() != nil || old.GetDeletionGracePeriodSeconds() != nil {
		f.immutable(metadataPath, "deletionGracePeriodSeconds", new.GetDeletionGracePeriodSeconds(), old.GetDeletionGracePeriodSeconds())
	}
	f.metaMaps(new)
	f.managed(new)
}

// shortFinalizers admits of the finalizers without a domain only Kubernetes' own.
func (f *faults) shortFinalizers(o metav1.Object) {
	for i, name := range o.GetFinalizers() {
		if !isStandardOrQualified(name) {
			f.add(field.Invalid(metadataPath.Child("finalizers").Index(i), name, notFullyQualified))
		}
	}
}

const notFullyQualified = "name is neither a standard finalizer name nor is it fully qualified"

func isStandardOrQualified(finalizer string) bool {
	return strings.Contains(finalizer, "/") || finalizer == string(corev1.FinalizerKubernetes) ||
		finalizer == metav1.FinalizerOrphanDependents || finalizer == metav1.FinalizerDeleteDependents
}

// labels validates labels, or what is written like them.
func (f *faults) labels(p *field.Path, child string, m map[string]string) {
	sound := true
	for k, v := range m {
		sound = sound && isQualified(k) && labelValue(v) == nil
	}
	if sound {
		return
	}
	for _, k := range sorted(nil, m) {
		f.add(metavalidation.ValidateLabels(map[string]string{k: m[k]}, at(p, child))...)
	}
}

// labelKey validates the key of a label.
func (f *faults) labelKey(p *field.Path, child, key string) {
	if !isQualified(key) {
		f.add(metavalidation.ValidateLabelName(key, at(p, child))...)
	}
}

func (f *faults) annotations(p *field.Path, child string, m map[string]string) {
	sound, size := true, 0
	for k, v := range m {
		sound = sound && isQualified(strings.ToLower(k))
		size += len(k) + len(v)
	}
	if !sound {
		for _, k := range sorted(nil, m) {
			f.add(apivalidation.ValidateAnnotations(map[string]string{k: ""}, at(p, child))...)
		}
	}
	if size > apivalidation.TotalAnnotationSizeLimitB {
		f.add(field.TooLong(at(p, child), "", apivalidation.TotalAnnotationSizeLimitB))
	}
}

// selector validates a label selector, which may be nil.
func (f *faults) selector(p *field.Path, child string, s *metav1.LabelSelector) {
	if s == nil {
		return
	}
	if len(s.MatchLabels) > 0 {
		f.labels(at(p, child).Child("matchLabels"), "", s.MatchLabels)
	}
	for i, e := range s.MatchExpressions {
		f.add(metavalidation.ValidateLabelSelectorRequirement(e, metavalidation.LabelSelectorValidationOptions{},
			at(p, child).Child("matchExpressions").Index(i))...)
	}
}

// matches reports whether a selector selects labels. Of a selector of plain
// labels it does so without building it.
func matches(s *metav1.LabelSelector, set map[string]string) (bool, error) {
	if s != nil && len(s.MatchExpressions) == 0 {
		for k, v := range s.MatchLabels {
			if have, ok := set[k]; !ok || have != v {
				return selects(s, set)
			}
			if !isQualified(k) || labelValue(v) != nil {
				return selects(s, set)
			}
		}
		return true, nil
	}
	return selects(s, set)
}

func selects(s *metav1.LabelSelector, set map[string]string) (bool, error) {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return false, err
	}
	return selector.Matches(labels.Set(set)), nil
}
