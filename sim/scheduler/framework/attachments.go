package framework

import (
	"slices"

	storagev1 "k8s.io/api/storage/v1"
)

// indexAttachment keeps the volumes that are, or are to be, attached to each
// node.
func (s *Snapshot) indexAttachment(a *storagev1.VolumeAttachment, remove bool) {
	if old, ok := s.VolumeAttachments.Get(a.Name); ok && old.Spec.Source.PersistentVolumeName != nil {
		volumes := s.attached[old.Spec.NodeName]
		if i := slices.Index(volumes, *old.Spec.Source.PersistentVolumeName); i >= 0 {
			s.attached[old.Spec.NodeName] = slices.Delete(volumes, i, i+1)
		}
	}
	if remove || a.Spec.Source.PersistentVolumeName == nil {
		return
	}
	if s.attached == nil {
		s.attached = make(map[string][]string)
	}
	s.attached[a.Spec.NodeName] = append(s.attached[a.Spec.NodeName], *a.Spec.Source.PersistentVolumeName)
}

// AttachedVolumes names the PersistentVolumes that VolumeAttachments tie to a
// node.
func (s *Snapshot) AttachedVolumes(node string) []string { return s.attached[node] }
