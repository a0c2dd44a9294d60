package controller

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storage "k8s.io/component-helpers/storage/volume"

	"minisim/sim/api"
	"minisim/sim/component"
)

// syncVolume keeps a volume's phase and sees to what is left of a claim that is gone.
func (b *pvBinder) syncVolume(key api.Key) error {
	pv, ok := b.volume.get(key)
	if !ok {
		return nil
	}
	ref := pv.Spec.ClaimRef
	if ref == nil || ref.UID == "" {
		_, err := b.setVolumePhase(pv, corev1.VolumeAvailable)
		if ref != nil {
			b.queue.Add(api.Key{Namespace: ref.Namespace, Name: ref.Name})
		}
		return err
	}
	claim, err := b.claimOf(pv)
	switch {
	case err != nil:
		return err
	case claim == nil:
		return b.release(pv, fmt.Sprintf("claim %s/%s is gone", ref.Namespace, ref.Name))
	case claim.Spec.VolumeName == "":
		b.queue.Add(api.KeyOf(claim))
		return nil
	case claim.Spec.VolumeName == pv.Name:
		_, err := b.setVolumePhase(pv, corev1.VolumeBound)
		return err
	case metav1.HasAnnotation(pv.ObjectMeta, storage.AnnDynamicallyProvisioned) && pv.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete:
		return b.release(pv, "its claim has another volume")
	}
	return b.unbind(pv)
}

// claimOf is the claim that a volume is bound to, nil when it is gone. Before it
// calls a claim gone it asks the server: the volume's news may have come first.
func (b *pvBinder) claimOf(pv *corev1.PersistentVolume) (*corev1.PersistentVolumeClaim, error) {
	ref := pv.Spec.ClaimRef
	key := api.Key{Namespace: ref.Namespace, Name: ref.Name}
	claim, ok := b.claim.get(key)
	if ok && claim.UID == ref.UID {
		return claim, nil
	}
	if !ok && (pv.Status.Phase == corev1.VolumeReleased || pv.Status.Phase == corev1.VolumeFailed) {
		return nil, nil
	}
	claim, err := api.Get[*corev1.PersistentVolumeClaim](b.client, api.PersistentVolumeClaims, key)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case claim.UID != ref.UID:
		return nil, nil
	}
	return claim, nil
}

// release gives a volume up for which no claim remains. What becomes of its data is the reclaim policy's affair.
func (b *pvBinder) release(pv *corev1.PersistentVolume, why string) error {
	policy := pv.Spec.PersistentVolumeReclaimPolicy
	if pv.Status.Phase != corev1.VolumeReleased && pv.Status.Phase != corev1.VolumeFailed {
		do := map[corev1.PersistentVolumeReclaimPolicy]string{
			corev1.PersistentVolumeReclaimRetain: "mark it Released and keep it with its data",
			corev1.PersistentVolumeReclaimDelete: "mark it Released, for its driver to delete",
		}
		b.volumes.tell(api.KeyOf(pv), component.Reconciled{
			Do: cmp.Or(do[policy], "mark it Released"), Because: fmt.Sprintf("%s; persistentVolumeReclaimPolicy %s", why, policy),
		})
		var err error
		if pv, err = b.setVolumePhase(pv, corev1.VolumeReleased); err != nil {
			return err
		}
	}
	if policy == corev1.PersistentVolumeReclaimDelete && !metav1.HasAnnotation(pv.ObjectMeta, storage.AnnDynamicallyProvisioned) {
		return b.fail(pv, "VolumeFailedDelete", fmt.Sprintf("error getting deleter volume plugin for volume %q: no deletable volume plugin matched", pv.Name))
	}
	return nil
}

func (b *pvBinder) fail(pv *corev1.PersistentVolume, reason, message string) error {
	if pv.Status.Phase == corev1.VolumeFailed {
		return nil
	}
	pv = pv.DeepCopy()
	now := b.now()
	pv.Status.Phase, pv.Status.Message, pv.Status.LastPhaseTransitionTime = corev1.VolumeFailed, message, &now
	if _, err := b.storeVolume(api.UpdateStatus(b.client, pv)); err != nil {
		return err
	}
	b.recorder.Event(pv, corev1.EventTypeWarning, reason, message)
	return nil
}

// unbind takes back a binding to a claim that is bound to another volume. A claim that the volume's author has named stays named.
func (b *pvBinder) unbind(pv *corev1.PersistentVolume) error {
	b.volumes.tell(api.KeyOf(pv), component.Reconciled{Do: "unbind it", Because: "its claim is bound to another volume"})
	pv = pv.DeepCopy()
	if metav1.HasAnnotation(pv.ObjectMeta, storage.AnnBoundByController) {
		pv.Spec.ClaimRef = nil
		delete(pv.Annotations, storage.AnnBoundByController)
	} else {
		pv.Spec.ClaimRef.UID = ""
	}
	pv, err := b.storeVolume(api.Update(b.client, pv))
	if err != nil {
		return err
	}
	_, err = b.setVolumePhase(pv, corev1.VolumeAvailable)
	return err
}
