package kinds

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var volumeAttachments = kind[*storagev1.VolumeAttachment]{
	needsVersion: true,
	name:         subdomainName,
	create:       func(a *storagev1.VolumeAttachment) { a.Status = storagev1.VolumeAttachmentStatus{} },
	update:       func(new, old *storagev1.VolumeAttachment) { new.Status = old.Status },
	status: func(new, old *storagev1.VolumeAttachment) {
		new.Spec = old.Spec
		metav1.ResetObjectMetaForStatus(new, old)
	},
	validate: func(f *faults, a *storagev1.VolumeAttachment) {
		f.attachment(a)
		f.csiDriver(specPath, "attacher", a.Spec.Attacher)
		if name := a.Spec.Source.PersistentVolumeName; name != nil {
			f.rule(specPath, "source.persistentVolumeName", *name, dnsSubdomain)
		}
	},
	validateUpdate: func(f *faults, new, old *storagev1.VolumeAttachment) { f.attachmentUpdate(new, old) },
	validateStatus: func(f *faults, new, old *storagev1.VolumeAttachment) { f.attachmentUpdate(new, old) },
}

func (f *faults) attachmentUpdate(new, old *storagev1.VolumeAttachment) {
	f.meta(new, false, subdomainName)
	f.attachment(new)
	f.immutable(specPath, "", new.Spec, old.Spec)
}

func (f *faults) attachment(a *storagev1.VolumeAttachment) {
	const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
	f.notEmpty(specPath, "attacher", a.Spec.Attacher)
	name, inline := a.Spec.Source.PersistentVolumeName, a.Spec.Source.InlineVolumeSpec
	switch {
	case inline == nil && name == nil:
		f.required(specPath, "source", one)
	case inline != nil && name != nil:
		f.forbidden(specPath, "source", one)
	case name != nil && *name == "":
		f.required(specPath, "source.persistentVolumeName", "must specify non empty persistentVolumeName")
	case inline != nil:
		f.inlineVolume(specPath.Child("source", "inlineVolumeSpec"), inline)
	}
	f.rule(specPath, "nodeName", a.Spec.NodeName, dnsSubdomain)
	f.notLarger(statusPath.Child("attachmentMetadata"), a.Status.AttachmentMetadata, maxParameterBytes)
	f.volumeError("attachError", a.Status.AttachError)
	f.volumeError("detachError", a.Status.DetachError)
}

// inlineVolume validates a volume that a pod has of its own and that a CSI driver
// attaches in place of what was once built in.
func (f *faults) inlineVolume(p *field.Path, s *corev1.PersistentVolumeSpec) {
	const not = "may not be specified in the context of inline volumes"
	if s.ClaimRef != nil {
		f.forbidden(p, "claimRef", not)
	}
	if len(s.Capacity) > 0 {
		f.forbidden(p, "capacity", not)
	}
	if len(s.AccessModes) == 0 {
		f.required(p, "accessModes", "")
	}
	f.accessModes(p, s.AccessModes)
	if s.PersistentVolumeReclaimPolicy != "" {
		f.forbidden(p, "persistentVolumeReclaimPolicy", not)
	}
	if s.CSI == nil {
		f.required(p, "csi", not)
		return
	}
	f.persistentCSI(p.Child("csi"), s.CSI)
}

const maxVolumeErrorBytes = 1024

func (f *faults) volumeError(child string, e *storagev1.VolumeError) {
	if e == nil {
		return
	}
	if len(e.Message) > maxVolumeErrorBytes {
		f.add(field.TooLong(statusPath.Child(child, "message"), "", maxParameterBytes))
	}
	if e.ErrorCode != nil && *e.ErrorCode < 0 {
		f.invalid(statusPath.Child(child), "errorCode", *e.ErrorCode, validation.InclusiveRangeError(0, math.MaxInt32))
	}
}
