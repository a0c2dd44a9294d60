package kinds

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// oldClassAnnotation remarks upon an annotation that became a field.
func oldClassAnnotation(annotations map[string]string) []string {
	return oldAnnotation(annotations, corev1.BetaStorageClassAnnotation, `deprecated since v1.8; use "storageClassName" attribute instead`)
}

func oldAnnotation(annotations map[string]string, key, text string) []string {
	if _, ok := annotations[key]; !ok {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s", metadataPath.Child("annotations").Key(key), text)}
}

func volumeWarnings(s *corev1.PersistentVolumeSpec) (warnings []string) {
	say := func(p *field.Path, text string) { warnings = append(warnings, fmt.Sprintf("%s: %s", p, text)) }
	if s.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRecycle {
		say(specPath.Child("persistentVolumeReclaimPolicy"), "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.")
	}
	if s.NodeAffinity != nil && s.NodeAffinity.Required != nil {
		for i, term := range s.NodeAffinity.Required.NodeSelectorTerms {
			for j, e := range term.MatchExpressions {
				if text, ok := deprecatedLabel(e.Key); ok {
					say(specPath.Child("nodeAffinity", "required", "nodeSelectorTerms").Index(i).Child("matchExpressions").Index(j).Child("key"), e.Key+" is "+text)
				}
			}
		}
	}
	for _, old := range []struct {
		set         bool
		child, text string
	}{
		{s.PhotonPersistentDisk != nil, "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
		{s.ScaleIO != nil, "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
		{s.StorageOS != nil, "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
		{s.Glusterfs != nil, "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
		{s.RBD != nil, "rbd", "deprecated in v1.28, non-functional in v1.31+"},
		{s.CephFS != nil, "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
	} {
		if old.set {
			say(specPath.Child(old.child), old.text)
		}
	}
	return append(warnings, fractional(specPath.Child("capacity"), s.Capacity, corev1.ResourceStorage)...)
}
