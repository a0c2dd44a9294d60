package admission

import (
	"slices"

	"minisim/sim/api"
)

// Finalizers that keep a claim while a pod uses it, and a volume while a claim is bound to it.
const (
	pvcProtection = "kubernetes.io/pvc-protection"
	pvProtection  = "kubernetes.io/pv-protection"
)

// storageProtection adds these finalizers to new claims and volumes.
func storageProtection(a *Attributes, _ Objects) (string, error) {
	var finalizer string
	switch {
	case a.creates(api.PersistentVolumeClaims):
		finalizer = pvcProtection
	case a.creates(api.PersistentVolumes):
		finalizer = pvProtection
	default:
		return "", nil
	}
	if slices.Contains(a.Object.GetFinalizers(), finalizer) {
		return "", nil
	}
	a.Object.SetFinalizers(append(a.Object.GetFinalizers(), finalizer))
	return "finalizer " + finalizer, nil
}
