package admission

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"minisim/sim/api"
)

// defaultClassAnnotation marks the storage class of claims that name none.
const defaultClassAnnotation = "storageclass.kubernetes.io/is-default-class"

// betaClassAnnotation names a claim's class as it was done before spec.storageClassName.
const betaClassAnnotation = "volume.beta.kubernetes.io/storage-class"

// defaultStorageClass gives a claim the default class: of several, the newest.
func defaultStorageClass(a *Attributes, o Objects) (string, error) {
	if !a.creates(api.PersistentVolumeClaims) {
		return "", nil
	}
	claim := a.Object.(*corev1.PersistentVolumeClaim)
	if _, old := claim.Annotations[betaClassAnnotation]; old || claim.Spec.StorageClassName != nil {
		return "", nil
	}
	var found *storagev1.StorageClass
	o.Each(api.StorageClasses, "", func(x api.Object) bool {
		c := x.(*storagev1.StorageClass)
		if c.Annotations[defaultClassAnnotation] == "true" && (found == nil || found.CreationTimestamp.Before(&c.CreationTimestamp)) {
			found = c // of the same age: the first by name
		}
		return true
	})
	if found == nil {
		return "", nil
	}
	name := found.Name
	claim.Spec.StorageClassName = &name
	return "storage class " + name, nil
}
