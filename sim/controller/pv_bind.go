package controller

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storage "k8s.io/component-helpers/storage/volume"

	"minisim/sim/api"
	"minisim/sim/component"
)

// bind makes claim and volume point at each other: the volume first, so that no
// other claim can take it, then the claim. What has been done already is not done
// again, so a binding that was interrupted is finished by the next attempt.
func (b *pvBinder) bind(pv *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim, why string) error {
	bound, changed, err := storage.GetBindVolumeToClaim(pv, claim)
	if err != nil {
		return err
	}
	if changed || claim.Spec.VolumeName != pv.Name || !metav1.HasAnnotation(claim.ObjectMeta, storage.AnnBindCompleted) {
		b.tell(api.KeyOf(claim), component.Reconciled{Do: "bind it to volume " + pv.Name, Because: why})
	}
	if changed {
		if pv, err = b.storeVolume(api.Update(b.client, bound)); err != nil {
			return err
		}
	}
	if pv, err = b.setVolumePhase(pv, corev1.VolumeBound); err != nil {
		return err
	}
	if claim, err = b.pointAt(claim, pv); err != nil {
		return err
	}
	return b.setClaimPhase(claim, corev1.ClaimBound, pv)
}

// pointAt writes the volume's name into the claim and marks the binding complete.
func (b *pvBinder) pointAt(claim *corev1.PersistentVolumeClaim, pv *corev1.PersistentVolume) (*corev1.PersistentVolumeClaim, error) {
	want := claim.DeepCopy()
	if want.Spec.VolumeName != pv.Name {
		want.Spec.VolumeName = pv.Name
		metav1.SetMetaDataAnnotation(&want.ObjectMeta, storage.AnnBoundByController, "yes")
	}
	if !metav1.HasAnnotation(want.ObjectMeta, storage.AnnBindCompleted) {
		metav1.SetMetaDataAnnotation(&want.ObjectMeta, storage.AnnBindCompleted, "yes")
	}
	if equality.Semantic.DeepEqual(want, claim) {
		return claim, nil
	}
	stored, err := api.Update(b.client, want)
	if err == nil {
		b.claim.put(stored)
	}
	return stored, err
}

func (b *pvBinder) updateClaim(claim *corev1.PersistentVolumeClaim) error {
	stored, err := api.Update(b.client, claim)
	if err == nil {
		b.claim.put(stored)
	}
	return err
}

func (b *pvBinder) storeVolume(pv *corev1.PersistentVolume, err error) (*corev1.PersistentVolume, error) {
	if err == nil {
		b.volume.put(pv)
	}
	return pv, err
}

// setClaimPhase writes a claim's phase and, from the volume, what it has got. It writes nothing that is so already.
func (b *pvBinder) setClaimPhase(claim *corev1.PersistentVolumeClaim, phase corev1.PersistentVolumeClaimPhase, pv *corev1.PersistentVolume) error {
	want := claim.DeepCopy()
	want.Status.Phase, want.Status.AccessModes = phase, nil
	if pv == nil {
		want.Status.Capacity = nil
	} else {
		want.Status.AccessModes = pv.Spec.AccessModes
		if have, ok := claim.Status.Capacity[corev1.ResourceStorage]; !ok || have.Cmp(pv.Spec.Capacity[corev1.ResourceStorage]) != 0 && claim.Status.Phase != phase {
			want.Status.Capacity = pv.Spec.Capacity
		}
	}
	if equality.Semantic.DeepEqual(want.Status, claim.Status) {
		return nil
	}
	stored, err := api.UpdateStatus(b.client, want)
	if err == nil {
		b.claim.put(stored)
	}
	return err
}

func (b *pvBinder) setVolumePhase(pv *corev1.PersistentVolume, phase corev1.PersistentVolumePhase) (*corev1.PersistentVolume, error) {
	if pv.Status.Phase == phase {
		return pv, nil
	}
	pv = pv.DeepCopy()
	now := b.now()
	pv.Status.Phase, pv.Status.Message, pv.Status.LastPhaseTransitionTime = phase, "", &now
	return b.storeVolume(api.UpdateStatus(b.client, pv))
}
