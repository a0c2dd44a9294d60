package plugins

import (
	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"minisim/sim/scheduler/framework"
)

// enoughCapacity reports whether a driver that tells its free storage
// (CSIDriver.spec.storageCapacity) has enough for a claim where a node is.
// Drivers that do not tell are taken to have enough.
func enoughCapacity(view *framework.Snapshot, class *storagev1.StorageClass, claim *v1.PersistentVolumeClaim, node *v1.Node) bool {
	wanted, ok := claim.Spec.Resources.Requests[v1.ResourceStorage]
	if !ok {
		return true
	}
	driver, ok := view.CSIDrivers.Get(class.Provisioner)
	if !ok || driver.Spec.StorageCapacity == nil || !*driver.Spec.StorageCapacity {
		return true
	}
	for _, c := range view.CSICapacities.All() {
		if c.StorageClassName != class.Name || !reaches(c, node) {
			continue
		}
		limit := c.Capacity
		if c.MaximumVolumeSize != nil {
			limit = c.MaximumVolumeSize
		}
		if limit != nil && limit.Cmp(wanted) >= 0 {
			return true
		}
	}
	return false
}

// reaches reports whether storage can be used from a node. Without a topology
// it can be used from nowhere.
func reaches(c *storagev1.CSIStorageCapacity, node *v1.Node) bool {
	if c.NodeTopology == nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(c.NodeTopology)
	return err == nil && selector.Matches(labels.Set(node.Labels))
}
