package printers

import (
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var storage = map[reflect.Type]printer{
	reflect.TypeFor[*corev1.PersistentVolume](): of(columns("Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|VolumeMode*", map[string]string{
		"Capacity": corev1.PersistentVolumeSpec{}.SwaggerDoc()["capacity"], "Access Modes": corev1.PersistentVolumeSpec{}.SwaggerDoc()["accessModes"],
		"Reclaim Policy": corev1.PersistentVolumeSpec{}.SwaggerDoc()["persistentVolumeReclaimPolicy"], "Status": corev1.PersistentVolumeStatus{}.SwaggerDoc()["phase"],
		"Claim": corev1.PersistentVolumeSpec{}.SwaggerDoc()["claimRef"], "StorageClass": "The volume's StorageClass.",
		"VolumeAttributesClass": "The volume's VolumeAttributesClass.", "Reason": corev1.PersistentVolumeStatus{}.SwaggerDoc()["reason"],
		"VolumeMode": corev1.PersistentVolumeSpec{}.SwaggerDoc()["volumeMode"],
	}), func(v *corev1.PersistentVolume, now time.Time) []any {
		size, claim := v.Spec.Capacity[corev1.ResourceStorage], ""
		if c := v.Spec.ClaimRef; c != nil {
			claim = c.Namespace + "/" + c.Name
		}
		class := v.Spec.StorageClassName
		if old, ok := v.Annotations[corev1.BetaStorageClassAnnotation]; ok {
			class = old
		}
		return []any{
			v.Name, size.String(), modes(v.Spec.AccessModes), string(v.Spec.PersistentVolumeReclaimPolicy), phase(v, string(v.Status.Phase)), claim, class,
			text(v.Spec.VolumeAttributesClassName, unset), v.Status.Reason, age(v, now), text(v.Spec.VolumeMode, unset),
		}
	}),
	reflect.TypeFor[*corev1.PersistentVolumeClaim](): of(columns("Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode*", map[string]string{
		"Status": corev1.PersistentVolumeClaimStatus{}.SwaggerDoc()["phase"], "Volume": corev1.PersistentVolumeClaimSpec{}.SwaggerDoc()["volumeName"],
		"Capacity": corev1.PersistentVolumeClaimStatus{}.SwaggerDoc()["capacity"], "Access Modes": corev1.PersistentVolumeClaimStatus{}.SwaggerDoc()["accessModes"],
		"StorageClass": "The claim's StorageClass.", "VolumeAttributesClass": "The claim's VolumeAttributesClass.",
		"VolumeMode": corev1.PersistentVolumeClaimSpec{}.SwaggerDoc()["volumeMode"],
	}), func(c *corev1.PersistentVolumeClaim, now time.Time) []any {
		size, access := "", ""
		if c.Spec.VolumeName != "" {
			q := c.Status.Capacity[corev1.ResourceStorage]
			size, access = q.String(), modes(c.Status.AccessModes)
		}
		class := text(c.Spec.StorageClassName, "")
		if old, ok := c.Annotations[corev1.BetaStorageClassAnnotation]; ok {
			class = old
		}
		return []any{
			c.Name, phase(c, string(c.Status.Phase)), c.Spec.VolumeName, size, access, class,
			text(c.Spec.VolumeAttributesClassName, unset), age(c, now), text(c.Spec.VolumeMode, unset),
		}
	}),
	reflect.TypeFor[*storagev1.StorageClass](): of(columns("Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age", map[string]string{
		"Provisioner": storagev1.StorageClass{}.SwaggerDoc()["provisioner"], "ReclaimPolicy": storagev1.StorageClass{}.SwaggerDoc()["reclaimPolicy"],
		"VolumeBindingMode":    storagev1.StorageClass{}.SwaggerDoc()["volumeBindingMode"],
		"AllowVolumeExpansion": storagev1.StorageClass{}.SwaggerDoc()["allowVolumeExpansion"],
	}), func(c *storagev1.StorageClass, now time.Time) []any {
		name := c.Name
		if c.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" || c.Annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true" {
			name += " (default)"
		}
		return []any{
			name, c.Provisioner, text(c.ReclaimPolicy, string(corev1.PersistentVolumeReclaimDelete)),
			text(c.VolumeBindingMode, string(storagev1.VolumeBindingImmediate)), value(c.AllowVolumeExpansion, false), age(c, now),
		}
	}),
	reflect.TypeFor[*storagev1.VolumeAttachment](): of(columns("Name|Attacher|PV|Node|Attached?|Age", map[string]string{
		"Attacher": storagev1.VolumeAttachmentSpec{}.SwaggerDoc()["attacher"], "PV": storagev1.VolumeAttachmentSource{}.SwaggerDoc()["persistentVolumeName"],
		"Node": storagev1.VolumeAttachmentSpec{}.SwaggerDoc()["nodeName"], "Attached": storagev1.VolumeAttachmentStatus{}.SwaggerDoc()["attached"],
	}), func(a *storagev1.VolumeAttachment, now time.Time) []any {
		return []any{a.Name, a.Spec.Attacher, text(a.Spec.Source.PersistentVolumeName, ""), a.Spec.NodeName, a.Status.Attached, age(a, now)}
	}),
	reflect.TypeFor[*storagev1.CSINode](): of(columns("Name|Drivers#|Age", map[string]string{
		"Drivers": "How many CSI drivers are registered on the node.",
	}), func(n *storagev1.CSINode, now time.Time) []any {
		return []any{n.Name, int64(len(n.Spec.Drivers)), age(n, now)}
	}),
}

// phase is what a volume or claim is in; one that waits to be deleted says so.
func phase(o metav1.Object, is string) string {
	if o.GetDeletionTimestamp() != nil {
		return "Terminating"
	}
	return is
}

// modes writes access modes in the letters that kubectl has for them.
func modes(list []corev1.PersistentVolumeAccessMode) string {
	short := []struct {
		mode corev1.PersistentVolumeAccessMode
		word string
	}{
		{corev1.ReadWriteOnce, "RWO"}, {corev1.ReadOnlyMany, "ROX"}, {corev1.ReadWriteMany, "RWX"}, {corev1.ReadWriteOncePod, "RWOP"},
	}
	var out []string
	for _, s := range short {
		for _, m := range list {
			if m == s.mode {
				out = append(out, s.word)
				break
			}
		}
	}
	return strings.Join(out, ",")
}
