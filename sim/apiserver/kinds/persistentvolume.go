package kinds

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var volumes = kind[*corev1.PersistentVolume]{
	name:     subdomainName,
	defaults: defaultPersistentVolume,
	create: func(v *corev1.PersistentVolume) {
		v.Status = corev1.PersistentVolumeStatus{Phase: corev1.VolumePending, LastPhaseTransitionTime: v.CreationTimestamp.DeepCopy()}
	},
	update: func(new, old *corev1.PersistentVolume) { new.Status = old.Status },
	status: updateVolumeStatus,
	validate: func(f *faults, v *corev1.PersistentVolume) {
		f.volumeSpec(&v.Spec, v.Name)
		f.mountOptions(v)
	},
	validateUpdate: func(f *faults, new, old *corev1.PersistentVolume) { f.volumeUpdate(new, old) },
	validateStatus: func(f *faults, new, _ *corev1.PersistentVolume) {
		if new.ResourceVersion == "" {
			f.required(nil, "resourceVersion", "")
		}
	},
	warnings: func(v *corev1.PersistentVolume) []string {
		warnings := append(oldClassAnnotation(v.Annotations),
			oldAnnotation(v.Annotations, corev1.MountOptionAnnotation, `deprecated since v1.31; use "mountOptions" attribute instead`)...)
		return append(warnings, volumeWarnings(&v.Spec)...)
	},
}

func defaultPersistentVolume(v *corev1.PersistentVolume) {
	orElse(&v.Status.Phase, corev1.VolumePending)
	s := &v.Spec
	orElse(&s.PersistentVolumeReclaimPolicy, corev1.PersistentVolumeReclaimRetain)
	orNew(&s.VolumeMode, corev1.PersistentVolumeFilesystem)
	roundUp(s.Capacity)
	switch {
	case s.HostPath != nil:
		orNew(&s.HostPath.Type, corev1.HostPathUnset)
	case s.ISCSI != nil:
		orElse(&s.ISCSI.ISCSIInterface, "default")
	case s.RBD != nil:
		orElse(&s.RBD.RBDPool, "rbd")
		orElse(&s.RBD.RadosUser, "admin")
		orElse(&s.RBD.Keyring, "/etc/ceph/keyring")
	case s.AzureDisk != nil:
		defaultAzureDisk(s.AzureDisk)
	case s.ScaleIO != nil:
		orElse(&s.ScaleIO.StorageMode, "ThinProvisioned")
		orElse(&s.ScaleIO.FSType, "xfs")
	}
}

// updateVolumeStatus keeps the spec. When the phase changes and the writer does
// not say when, the time of the last change stays: it is the caller's to set.
func updateVolumeStatus(new, old *corev1.PersistentVolume) {
	new.Spec = old.Spec
	if new.Status.LastPhaseTransitionTime == nil {
		new.Status.LastPhaseTransitionTime = old.Status.LastPhaseTransitionTime
	}
}

func (f *faults) volumeSpec(s *corev1.PersistentVolumeSpec, name string) {
	if len(s.AccessModes) == 0 {
		f.required(specPath, "accessModes", "")
	}
	f.accessModes(specPath, s.AccessModes)
	if len(s.Capacity) == 0 {
		f.required(specPath, "capacity", "")
	}
	if _, ok := s.Capacity[corev1.ResourceStorage]; !ok || len(s.Capacity) > 1 {
		f.add(field.NotSupported(specPath.Child("capacity"), s.Capacity, []corev1.ResourceName{corev1.ResourceStorage}))
	}
	for _, name := range sorted(nil, s.Capacity) {
		q, p := s.Capacity[name], specPath.Child("capacity").Key(string(name))
		f.capacity(p, q)
		if q.Sign() <= 0 {
			f.invalid(p, "", q.String(), "must be greater than zero")
		}
	}
	if s.PersistentVolumeReclaimPolicy != "" {
		ifSetOneOf(f, specPath, "persistentVolumeReclaimPolicy", &s.PersistentVolumeReclaimPolicy,
			corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRecycle, corev1.PersistentVolumeReclaimRetain)
	}
	if a := s.NodeAffinity; a != nil {
		if a.Required == nil {
			f.required(specPath.Child("nodeAffinity"), "required", "must specify required node constraints")
		} else {
			f.nodeSelector(specPath.Child("nodeAffinity", "required"), a.Required)
		}
	}
	f.persistentSource(s, name)
	if s.HostPath != nil && path.Clean(s.HostPath.Path) == "/" && s.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRecycle {
		f.forbidden(specPath, "persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'")
	}
	ifGiven(f, specPath, "storageClassName", s.StorageClassName, dnsSubdomain)
	ifSetOneOf(f, specPath, "volumeMode", s.VolumeMode, corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem)
	f.attributesClass(s)
}

func (f *faults) attributesClass(s *corev1.PersistentVolumeSpec) {
	if s.VolumeAttributesClassName == nil {
		return
	}
	if *s.VolumeAttributesClassName == "" {
		f.required(specPath, "volumeAttributesClassName", "an empty string is disallowed")
	} else {
		f.rule(specPath, "volumeAttributesClassName", *s.VolumeAttributesClassName, dnsSubdomain)
	}
	if s.CSI == nil {
		f.required(specPath, "csi", "has to be specified when using volumeAttributesClassName")
	}
}

// capacity validates an amount of which only the sign matters.
func (f *faults) capacity(p *field.Path, q resource.Quantity) {
	if q.Value() < 0 {
		f.invalid(p, "", q.Value(), "must be a valid resource quantity")
	}
}

// mountOptions refuses the annotation that once was for them where nothing is mounted with options.
func (f *faults) mountOptions(v *corev1.PersistentVolume) {
	s := &v.Spec.PersistentVolumeSource
	if s.GCEPersistentDisk != nil || s.AWSElasticBlockStore != nil || s.Glusterfs != nil || s.NFS != nil || s.RBD != nil ||
		s.Quobyte != nil || s.ISCSI != nil || s.Cinder != nil || s.CephFS != nil || s.AzureFile != nil ||
		s.VsphereVolume != nil || s.AzureDisk != nil || s.PhotonPersistentDisk != nil {
		return
	}
	if _, ok := v.Annotations[corev1.MountOptionAnnotation]; ok {
		f.forbidden(metadataPath.Child("annotations"), corev1.MountOptionAnnotation, "may not specify mount options for this volume type")
	}
}

// volumeUpdate validates a change of a volume: never where its data is. As in a
// real API server its own rules are asked twice, and their faults told twice.
func (f *faults) volumeUpdate(new, old *corev1.PersistentVolume) {
	f.meta(new, false, subdomainName)
	f.volumeSpec(&new.Spec, new.Name)
	f.mountOptions(new)
	f.meta(new, false, subdomainName)
	f.volumeSpec(&new.Spec, new.Name)
	is := new.Spec.PersistentVolumeSource
	if before, after := old.Spec.CSI, is.CSI; before != nil && before.ControllerExpandSecretRef == nil && after != nil && after.ControllerExpandSecretRef != nil {
		is.CSI = after.DeepCopy()
		is.CSI.ControllerExpandSecretRef = nil
	}
	if was := old.Spec.PersistentVolumeSource; !apiequality.Semantic.DeepEqual(is, was) {
		f.forbidden(specPath, "persistentvolumesource", "spec.persistentvolumesource is immutable after creation\n"+
			diff.Diff(internal{was}, internal{is}))
	}
	f.immutable(nil, "volumeMode", new.Spec.VolumeMode, old.Spec.VolumeMode)
	if was := old.Spec.NodeAffinity; was != nil && !sameButLabels(new.Spec.NodeAffinity, was) {
		f.invalid(nil, "nodeAffinity", internal{new.Spec.NodeAffinity}, apivalidation.FieldImmutableErrorMsg+", except for updating from beta label to GA")
	}
	if old.Spec.VolumeAttributesClassName != nil && new.Spec.VolumeAttributesClassName == nil {
		f.forbidden(specPath, "volumeAttributesClassName", "update from non-nil value to nil is forbidden")
	}
}

// sameButLabels reports whether two affinities differ at most by labels that got
// new names.
func sameButLabels(new, old *corev1.VolumeNodeAffinity) bool {
	was := old.DeepCopy()
	if new != nil && new.Required != nil && was.Required != nil {
		for i := range was.Required.NodeSelectorTerms {
			for j := range was.Required.NodeSelectorTerms[i].MatchExpressions {
				renameLabel(new.Required, was.Required, i, j)
			}
		}
	}
	return apiequality.Semantic.DeepEqual(new, was)
}

func renameLabel(new, was *corev1.NodeSelector, i, j int) {
	if i >= len(new.NodeSelectorTerms) || j >= len(new.NodeSelectorTerms[i].MatchExpressions) {
		return
	}
	key := &was.NodeSelectorTerms[i].MatchExpressions[j].Key
	if now := new.NodeSelectorTerms[i].MatchExpressions[j].Key; betaLabels[*key] == now && now != "" {
		*key = now
	}
}

var betaLabels = map[string]string{
	corev1.LabelFailureDomainBetaZone:   corev1.LabelTopologyZone,
	corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
	"beta.kubernetes.io/os":             corev1.LabelOSStable,
	"beta.kubernetes.io/arch":           corev1.LabelArchStable,
	corev1.LabelInstanceType:            corev1.LabelInstanceTypeStable,
}
