package kinds

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var claims = kind[*corev1.PersistentVolumeClaim]{
	name: subdomainName,
	defaults: func(c *corev1.PersistentVolumeClaim) {
		orElse(&c.Status.Phase, corev1.ClaimPending)
		defaultClaimSpec(&c.Spec)
	},
	create: func(c *corev1.PersistentVolumeClaim) {
		c.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
		dropDataSource(&c.Spec, nil)
		sameSources(&c.Spec)
	},
	update: func(new, old *corev1.PersistentVolumeClaim) {
		new.Status = old.Status
		dropDataSource(&new.Spec, &old.Spec)
		sameSources(&new.Spec)
	},
	status:         func(new, old *corev1.PersistentVolumeClaim) { new.Spec = old.Spec },
	validate:       func(f *faults, c *corev1.PersistentVolumeClaim) { f.claimSpec(specPath, &c.Spec, false) },
	validateUpdate: func(f *faults, new, old *corev1.PersistentVolumeClaim) { f.claimUpdate(new, old) },
	validateStatus: func(f *faults, new, _ *corev1.PersistentVolumeClaim) { f.claimStatus(new) },
	warnings: func(c *corev1.PersistentVolumeClaim) []string {
		return append(oldClassAnnotation(c.Annotations), fractionalStorage(specPath, &c.Spec)...)
	},
}

func defaultClaimSpec(s *corev1.PersistentVolumeClaimSpec) {
	orNew(&s.VolumeMode, corev1.PersistentVolumeFilesystem)
	roundUp(s.Resources.Limits)
	roundUp(s.Resources.Requests)
}

// dropDataSource drops the sources that Kubernetes has always overlooked: in the
// old field what is neither a claim nor a snapshot, and what is of another
// namespace (a feature that is off in v1.36).
func dropDataSource(s, old *corev1.PersistentVolumeClaimSpec) {
	hadRef := old != nil && old.DataSourceRef != nil
	if r := s.DataSourceRef; r != nil && r.Namespace != nil && *r.Namespace != "" && !hadRef {
		s.DataSourceRef = nil
	}
	had := hadRef || old != nil && old.DataSource != nil
	if !had && s.DataSourceRef == nil && !isClaimOrSnapshot(s.DataSource) {
		s.DataSource = nil
	}
}

func isClaimOrSnapshot(r *corev1.TypedLocalObjectReference) bool {
	if r == nil {
		return false
	}
	group := ""
	if r.APIGroup != nil {
		group = *r.APIGroup
	}
	return r.Kind == "PersistentVolumeClaim" && group == "" || r.Kind == "VolumeSnapshot" && group == "snapshot.storage.k8s.io"
}

// sameSources makes the old and the new field for a claim's source agree, where
// only one of them is given.
func sameSources(s *corev1.PersistentVolumeClaimSpec) {
	if s.DataSource != nil && s.DataSourceRef == nil {
		s.DataSourceRef = &corev1.TypedObjectReference{Kind: s.DataSource.Kind, Name: s.DataSource.Name}
		if s.DataSource.APIGroup != nil {
			s.DataSourceRef.APIGroup = new(*s.DataSource.APIGroup)
		}
	}
	if r := s.DataSourceRef; r != nil && s.DataSource == nil && (r.Namespace == nil || *r.Namespace == "") {
		s.DataSource = &corev1.TypedLocalObjectReference{Kind: r.Kind, Name: r.Name}
		if r.APIGroup != nil {
			s.DataSource.APIGroup = new(*r.APIGroup)
		}
	}
}

// claimSpec validates what a claim asks for. anyGroup tolerates a malformed API
// group of the source, as an older claim may have it.
func (f *faults) claimSpec(p *field.Path, s *corev1.PersistentVolumeClaimSpec, anyGroup bool) {
	if len(s.AccessModes) == 0 {
		f.required(p, "accessModes", "at least 1 access mode is required")
	}
	f.selector(p, "selector", s.Selector)
	f.accessModes(p, s.AccessModes)
	storage := p.Child("resources").Key(string(corev1.ResourceStorage))
	switch size, ok := s.Resources.Requests[corev1.ResourceStorage]; {
	case !ok:
		f.required(storage, "", "")
	case size.Sign() <= 0:
		f.invalid(storage, "", size.String(), "must be greater than zero")
	}
	if s.StorageClassName != nil {
		ifGiven(f, p, "storageClassName", *s.StorageClassName, dnsSubdomain)
	}
	ifSetOneOf(f, p, "volumeMode", s.VolumeMode, corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem)
	f.claimSources(p, s, anyGroup)
	if s.VolumeAttributesClassName != nil {
		ifGiven(f, p, "volumeAttributesClassName", *s.VolumeAttributesClassName, dnsSubdomain)
	}
}

func (f *faults) accessModes(p *field.Path, modes []corev1.PersistentVolumeAccessMode) {
	supported := []corev1.PersistentVolumeAccessMode{
		corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOnce, corev1.ReadWriteOncePod,
	}
	onePod, others := false, false
	for i := range modes {
		ifSetOneOf(f, p, "accessModes", &modes[i], supported...)
		onePod = onePod || modes[i] == corev1.ReadWriteOncePod
		others = others || modes[i] != corev1.ReadWriteOncePod && slices.Contains(supported, modes[i])
	}
	if onePod && others {
		f.forbidden(p, "accessModes", "may not use ReadWriteOncePod with other access modes")
	}
}

func (f *faults) claimSources(p *field.Path, s *corev1.PersistentVolumeClaimSpec, anyGroup bool) {
	source, ref := s.DataSource, s.DataSourceRef
	if source != nil {
		f.claimSource(p.Child("dataSource"), source.APIGroup, source.Kind, source.Name, anyGroup)
	}
	if ref == nil {
		return
	}
	f.claimSource(p.Child("dataSourceRef"), ref.APIGroup, ref.Kind, ref.Name, anyGroup)
	abroad := ref.Namespace != nil && *ref.Namespace != ""
	if abroad {
		f.rule(p.Child("dataSourceRef"), "namespace", *ref.Namespace, dnsLabel)
	}
	switch {
	case source == nil:
	case abroad:
		f.invalid(p, "", p.Child("dataSource"), "may not be specified when dataSourceRef.namespace is specified")
	case source.Kind != ref.Kind || source.Name != ref.Name || !apiequality.Semantic.DeepEqual(source.APIGroup, ref.APIGroup):
		f.invalid(p, "", p.Child("dataSource"), "must match dataSourceRef")
	}
}

func (f *faults) claimSource(p *field.Path, group *string, kind, name string, anyGroup bool) {
	f.notEmpty(p, "name", name)
	f.notEmpty(p, "kind", kind)
	if group == nil || *group == "" {
		if kind != "PersistentVolumeClaim" {
			f.invalid(p, "", kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
		}
		return
	}
	if !anyGroup {
		f.rule(p, "apiGroup", *group, dnsSubdomain)
	}
}

// claimUpdate validates a change of a claim: the volume may be filled in once,
// the size and the class of attributes of a bound claim may change.
func (f *faults) claimUpdate(new, old *corev1.PersistentVolumeClaim) {
	f.metaUpdate(new, old)
	f.meta(new, true, subdomainName)
	f.claimSpec(specPath, &new.Spec, hasGroup(&old.Spec))
	f.beta(new, old)
	is, was := new.Spec.DeepCopy(), old.Spec.DeepCopy()
	if was.VolumeName == "" {
		was.VolumeName = is.VolumeName
	}
	if allowedClass(new, old) {
		is.StorageClassName = was.StorageClassName
	}
	if new.Status.Phase == corev1.ClaimBound {
		if is.Resources.Requests != nil {
			is.Resources.Requests[corev1.ResourceStorage] = was.Resources.Requests[corev1.ResourceStorage]
		}
		is.VolumeAttributesClassName = was.VolumeAttributesClassName
	}
	if !apiequality.Semantic.DeepEqual(is, was) {
		f.forbidden(specPath, "", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"+
			diff.Diff(internal{was}, internal{is}))
	}
	before, after := old.Spec.Resources.Requests[corev1.ResourceStorage], new.Spec.Resources.Requests[corev1.ResourceStorage]
	if capacity := old.Status.Capacity[corev1.ResourceStorage]; after.Cmp(before) < 0 && after.Cmp(capacity) <= 0 {
		f.forbidden(specPath.Child("resources", "requests"), "storage", "field can not be less than status.capacity")
	}
	f.immutable(nil, "volumeMode", new.Spec.VolumeMode, old.Spec.VolumeMode)
	if class := new.Spec.VolumeAttributesClassName; old.Status.CurrentVolumeAttributesClassName != nil &&
		!apiequality.Semantic.DeepEqual(class, old.Spec.VolumeAttributesClassName) {
		if class == nil {
			f.forbidden(specPath, "volumeAttributesClassName", "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil")
		} else if *class == "" {
			f.forbidden(specPath, "volumeAttributesClassName", "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil")
		}
	}
}

func hasGroup(s *corev1.PersistentVolumeClaimSpec) bool {
	return s.DataSource != nil && s.DataSource.APIGroup != nil || s.DataSourceRef != nil && s.DataSourceRef.APIGroup != nil
}

// allowedClass reports whether a claim got its class now: it had none, or only
// the annotation of old, which named the same.
func allowedClass(new, old *corev1.PersistentVolumeClaim) bool {
	if new.Spec.StorageClassName == nil || old.Spec.StorageClassName != nil {
		return false
	}
	before, annotated := old.Annotations[corev1.BetaStorageClassAnnotation]
	return !annotated || *new.Spec.StorageClassName == before
}

// beta forbids changing the annotation that once named the class.
func (f *faults) beta(new, old *corev1.PersistentVolumeClaim) {
	before, annotated := old.Annotations[corev1.BetaStorageClassAnnotation]
	after, still := new.Annotations[corev1.BetaStorageClassAnnotation]
	if annotated && !still && allowedClass(new, old) || after == before {
		return
	}
	f.invalid(metadataPath.Child("annotations"), corev1.BetaStorageClassAnnotation, after, apivalidation.FieldImmutableErrorMsg)
}

func (f *faults) claimStatus(c *corev1.PersistentVolumeClaim) {
	if c.ResourceVersion == "" {
		f.required(nil, "resourceVersion", "")
	}
	if len(c.Spec.AccessModes) == 0 {
		f.required(field.NewPath("Spec"), "accessModes", "")
	}
	for _, name := range sorted(nil, c.Status.Capacity) {
		f.capacity(statusPath.Child("capacity").Key(string(name)), c.Status.Capacity[name].DeepCopy())
	}
	states := statusPath.Child("allocatedResourceStatuses")
	for _, name := range sorted(nil, c.Status.AllocatedResourceStatuses) {
		f.claimResource(states, name)
		if !slices.Contains(resizeStates, c.Status.AllocatedResourceStatuses[name]) {
			f.add(field.NotSupported(states, name, resizeStates))
		}
	}
	for _, name := range sorted(nil, c.Status.AllocatedResources) {
		p := statusPath.Child("allocatedResources")
		if f.claimResource(p, name) {
			f.capacity(p.Key(string(name)), c.Status.AllocatedResources[name].DeepCopy())
		}
	}
}

var resizeStates = []corev1.ClaimResourceStatus{
	corev1.PersistentVolumeClaimControllerResizeInfeasible, corev1.PersistentVolumeClaimControllerResizeInProgress,
	corev1.PersistentVolumeClaimNodeResizeInfeasible, corev1.PersistentVolumeClaimNodeResizeInProgress,
	corev1.PersistentVolumeClaimNodeResizePending,
}

func (f *faults) claimResource(p *field.Path, name corev1.ResourceName) bool {
	before := len(f.list)
	f.rule(p, "", string(name), qualifiedName)
	if len(f.list) == before && isNative(name) && name != corev1.ResourceStorage {
		f.add(field.NotSupported(p, name, []corev1.ResourceName{corev1.ResourceStorage}))
	}
	return len(f.list) == before
}

// fractionalStorage remarks upon sizes that are no whole number of bytes.
func fractionalStorage(p *field.Path, s *corev1.PersistentVolumeClaimSpec) (warnings []string) {
	warnings = append(warnings, fractional(p.Child("resources", "requests"), s.Resources.Requests, corev1.ResourceStorage)...)
	return append(warnings, fractional(p.Child("resources", "limits"), s.Resources.Limits, corev1.ResourceStorage)...)
}
