package controller

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storage "k8s.io/component-helpers/storage/volume"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/world"
)

// provisioner is the driver's external-provisioner: it makes disks for claims and
// deletes those of released volumes.
type provisioner struct {
	base
	deleter base // of volumes
	caches  *driverCaches
	volume  *written[*corev1.PersistentVolume]
	disks   *world.Disks
	takes   time.Duration
	calls   *calls
}

func newProvisioner(p *component.Process, c *driverCaches, d *world.Disks, takes time.Duration) *provisioner {
	v := &provisioner{caches: c, volume: newWritten(c.Volumes), disks: d, takes: takes, calls: newCalls(p)}
	v.base = newBase(p, "external-provisioner", DriverName, api.PersistentVolumeClaims, component.ReconcilerFunc(v.syncClaim))
	v.deleter = newBase(p, "external-provisioner/volumes", DriverName, api.PersistentVolumes, component.ReconcilerFunc(v.syncVolume))
	enqueueChanges(c.Claims, v.queue)
	enqueueChanges(c.Volumes, v.deleter.queue)
	return v
}

// wanted says whether a claim waits for a volume of this driver: the binder has
// asked for it and, where binding waits for a consumer, the scheduler has chosen a node.
func (v *provisioner) wanted(claim *corev1.PersistentVolumeClaim) (*storagev1.StorageClass, bool) {
	if claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Annotations[storage.AnnStorageProvisioner] != DriverName {
		return nil, false
	}
	class, ok := v.caches.Classes.Get(api.Key{Name: storage.GetPersistentVolumeClaimClass(claim)})
	if !ok || class.Provisioner != DriverName {
		return nil, false
	}
	if bindingMode(class) == storagev1.VolumeBindingWaitForFirstConsumer && !storage.IsDelayBindingProvisioning(claim) {
		return nil, false
	}
	_, exists := v.volume.get(api.Key{Name: volumeNameFor(claim)})
	return class, !exists
}

// volumeNameFor is the name of the volume that is made for a claim.
func volumeNameFor(claim *corev1.PersistentVolumeClaim) string { return "pvc-" + string(claim.UID) }

// syncClaim makes a volume for a claim.
func (v *provisioner) syncClaim(key api.Key) error {
	claim, ok := v.caches.Claims.Get(key)
	if !ok {
		v.calls.end(key.String())
		return nil
	}
	class, ok := v.wanted(claim)
	if !ok {
		v.calls.end(key.String())
		return nil
	}
	wait, started := v.calls.begin(key.String(), v.takes)
	if started {
		v.tell(key, component.Reconciled{Do: fmt.Sprintf("make a disk of %s for it, which takes %s", claimSize(claim), tellDuration(v.takes)), Because: "StorageClass " + class.Name})
		v.recorder.Eventf(claim, corev1.EventTypeNormal, "Provisioning", "External provisioner is provisioning volume for claim %q", key)
	}
	if wait > 0 {
		v.queue.AddAfter(key, wait)
		return nil
	}
	pv := volumeFor(claim, class)
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	v.disks.Create(pv.Spec.CSI.VolumeHandle, size.Value(), multiAttach(pv))
	v.tell(key, component.Reconciled{Do: "create volume " + pv.Name + " for it", Because: "the disk exists"})
	stored, err := api.Create(v.client, pv)
	switch {
	case err == nil:
		v.volume.put(stored)
	case !apierrors.IsAlreadyExists(err):
		return err
	}
	v.calls.end(key.String())
	v.recorder.Eventf(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", pv.Name)
	return nil
}

// volumeFor is the volume object for a new disk, bound to the claim that it was made for.
func volumeFor(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) *corev1.PersistentVolume {
	reclaim := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		reclaim = *class.ReclaimPolicy
	}
	mode := corev1.PersistentVolumeFilesystem
	if claim.Spec.VolumeMode != nil {
		mode = *claim.Spec.VolumeMode
	}
	ref := api.ObjectReference(claim)
	name := volumeNameFor(claim)
	pv := &corev1.PersistentVolume{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolume"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{storage.AnnDynamicallyProvisioned: DriverName}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:    corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes: claim.Spec.AccessModes, ClaimRef: &ref, StorageClassName: class.Name, VolumeMode: &mode,
			PersistentVolumeReclaimPolicy: reclaim, MountOptions: class.MountOptions,
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: DriverName, VolumeHandle: name, FSType: "ext4"}},
		},
	}
	if reclaim == corev1.PersistentVolumeReclaimDelete {
		pv.Finalizers = []string{provisionerFinalizer}
	}
	return pv
}

// multiAttach says whether a volume may be attached to several nodes at once, by its access modes.
func multiAttach(pv *corev1.PersistentVolume) bool {
	return len(pv.Spec.AccessModes) == 0 ||
		slices.Contains(pv.Spec.AccessModes, corev1.ReadWriteMany) || slices.Contains(pv.Spec.AccessModes, corev1.ReadOnlyMany)
}

// syncVolume deletes the disk of a volume that is released and whose policy is Delete, then the volume.
func (v *provisioner) syncVolume(key api.Key) error {
	pv, ok := v.volume.get(key)
	if !ok || pv.Status.Phase != corev1.VolumeReleased || pv.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete ||
		pv.Annotations[storage.AnnDynamicallyProvisioned] != DriverName || pv.Spec.CSI == nil ||
		pv.DeletionTimestamp != nil && !slices.Contains(pv.Finalizers, provisionerFinalizer) {
		v.calls.end(key.String())
		return nil
	}
	if wait, _ := v.calls.begin(key.String(), 0); wait > 0 {
		v.deleter.queue.AddAfter(key, wait)
		return nil
	}
	if err := v.destroy(pv); err != nil {
		pause := v.calls.failed(key.String())
		v.deleter.tell(key, component.Reconciled{Do: "try to delete it again in " + tellDuration(pause), Because: err.Error()})
		v.recorder.Event(pv, corev1.EventTypeWarning, "VolumeFailedDelete", err.Error())
		v.deleter.queue.AddAfter(key, pause)
		return nil
	}
	v.calls.end(key.String())
	v.deleter.tell(key, component.Reconciled{Do: "delete its disk with all data, and it", Because: "it is Released and its persistentVolumeReclaimPolicy is Delete"})
	if err := api.Delete(v.client, api.PersistentVolumes, key, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	pv, err := dropFinalizer(v.client, pv, provisionerFinalizer)
	if err == nil {
		v.volume.put(pv)
	}
	return notFoundIsFine(err)
}

// destroy deletes a disk unless it is attached somewhere.
func (v *provisioner) destroy(pv *corev1.PersistentVolume) error {
	for _, va := range v.caches.Attachments.By(byVolume, pv.Name) {
		return fmt.Errorf("persistentvolume %s is still attached to node %s", pv.Name, va.Spec.NodeName)
	}
	if err := v.disks.Delete(pv.Spec.CSI.VolumeHandle); err != nil {
		return fmt.Errorf("rpc error: code = FailedPrecondition desc = %w", err)
	}
	return nil
}

// removed is a list without one of its elements, nil when nothing is left.
func removed(list []string, drop string) []string {
	var out []string
	for _, s := range list {
		if s != drop {
			out = append(out, s)
		}
	}
	return out
}

func notFoundIsFine(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
