package admission

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
)

// claimResize lets a claim grow only when it is bound and its class allows that.
func claimResize(a *Attributes, o Objects) (string, error) {
	claim, ok := a.Object.(*corev1.PersistentVolumeClaim)
	old, is := a.Old.(*corev1.PersistentVolumeClaim)
	if !ok || !is || a.Subresource != "" {
		return "", nil
	}
	size, before := claim.Spec.Resources.Requests[corev1.ResourceStorage], old.Spec.Resources.Requests[corev1.ResourceStorage]
	if size.Cmp(before) <= 0 {
		return "", nil
	}
	if old.Status.Phase != corev1.ClaimBound {
		return "", a.forbid(errors.New("Only bound persistent volume claims can be expanded"))
	}
	class, ok := o.Get(api.StorageClasses, api.Key{Name: classOf(claim)}).(*storagev1.StorageClass)
	if !ok || class.Name != classOf(old) || class.AllowVolumeExpansion == nil || !*class.AllowVolumeExpansion {
		return "", a.forbid(errors.New("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"))
	}
	return "", nil
}

func classOf(c *corev1.PersistentVolumeClaim) string {
	if name, ok := c.Annotations[betaClassAnnotation]; ok {
		return name
	}
	if c.Spec.StorageClassName == nil {
		return ""
	}
	return *c.Spec.StorageClassName
}
