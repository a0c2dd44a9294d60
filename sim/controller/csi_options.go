package controller

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/component"
	"minisim/sim/world"
)

// DriverName is the name of the simulated storage driver, as CSINodes, StorageClasses and PersistentVolumes have it.
const DriverName = "disk.csi.minisim.io"

// StorageOptions say how long the simulated storage system takes for what it is asked.
type StorageOptions struct {
	ProvisionTime time.Duration // to make a disk
	AttachTime    time.Duration // to connect one to a machine
	DetachTime    time.Duration // to disconnect it
}

// DefaultStorageOptions are those of a quick network storage.
func DefaultStorageOptions() StorageOptions {
	return StorageOptions{ProvisionTime: 2 * time.Second, AttachTime: 3 * time.Second, DetachTime: 2 * time.Second}
}

// DefaultStorageClass is the class that claims get that name none: disks of the
// simulated network storage, made as soon as they are claimed and deleted with the claim.
func DefaultStorageClass() *storagev1.StorageClass {
	reclaim, mode, expand := corev1.PersistentVolumeReclaimDelete, storagev1.VolumeBindingImmediate, false
	return &storagev1.StorageClass{
		TypeMeta:    metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass"},
		ObjectMeta:  metav1.ObjectMeta{Name: "standard", Annotations: map[string]string{defaultClassAnnotation: "true"}},
		Provisioner: DriverName, ReclaimPolicy: &reclaim, VolumeBindingMode: &mode, AllowVolumeExpansion: &expand,
	}
}

const defaultClassAnnotation = "storageclass.kubernetes.io/is-default-class"

// NewStorageDriver puts the controllers of the simulated storage driver, its
// external-provisioner and its external-attacher, into process p, which has not
// started yet. The zero StorageOptions are the default ones.
func NewStorageDriver(p *component.Process, w *world.World, o StorageOptions) {
	if o == (StorageOptions{}) {
		o = DefaultStorageOptions()
	}
	c := newDriverCaches(p)
	newProvisioner(p, c, w.Disks, o.ProvisionTime)
	newAttacher(p, c, w.Disks, o)
}
