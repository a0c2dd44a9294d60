package scheduler_test

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// The driver of the churn's volumes, and the names of claims, volumes and classes.
const churnDriver = "disk.example.com"

var (
	claimNames  = []string{"data", "logs"}
	volumeNames = []string{"pv-1", "pv-2", "pv-3"}
	classNames  = []string{"waits", "binds", "static"}
)

// store sets a random claim, volume, class or limit of a node.
func (c *churn) store(t *rapid.T) {
	switch rapid.IntRange(0, 5).Draw(t, "storage") {
	case 0, 1:
		c.view.SetObject(c.claim(t, namespace(t), rapid.SampledFrom(claimNames).Draw(t, "claim")))
	case 2, 3:
		c.view.SetObject(c.volume(t, rapid.SampledFrom(volumeNames).Draw(t, "volume")))
	case 4:
		c.view.SetObject(c.class(t, className(t)))
	case 5:
		limit := rapid.Int32Range(0, 2).Draw(t, "limit")
		c.view.SetObject(&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: nodeName(t)}, Spec: storagev1.CSINodeSpec{
			Drivers: []storagev1.CSINodeDriver{{Name: churnDriver, Allocatable: &storagev1.VolumeNodeResources{Count: &limit}}}}})
	}
}

func className(t *rapid.T) string { return rapid.SampledFrom(classNames).Draw(t, "class") }

// stock sets everything that pods may ask for.
func (c *churn) stock(t *rapid.T) {
	for _, name := range classNames {
		c.view.SetObject(c.class(t, name))
	}
	for _, name := range volumeNames {
		c.view.SetObject(c.volume(t, name))
	}
	for _, name := range claimNames {
		c.view.SetObject(c.claim(t, "default", name))
		c.view.SetObject(c.claim(t, "other", name))
	}
}

func (c *churn) class(t *rapid.T, name string) *storagev1.StorageClass {
	mode := rapid.SampledFrom([]storagev1.VolumeBindingMode{storagev1.VolumeBindingWaitForFirstConsumer,
		storagev1.VolumeBindingWaitForFirstConsumer, storagev1.VolumeBindingImmediate}).Draw(t, "mode")
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, VolumeBindingMode: &mode,
		Provisioner: rapid.SampledFrom([]string{churnDriver, "kubernetes.io/no-provisioner"}).Draw(t, "provisioner")}
	if flip(t, "topologies") {
		class.AllowedTopologies = []v1.TopologySelectorTerm{{MatchLabelExpressions: []v1.TopologySelectorLabelRequirement{
			{Key: v1.LabelTopologyZone, Values: []string{value(t, "allowed zone")}}}}}
	}
	return class
}

func (c *churn) claim(t *rapid.T, namespace, name string) *v1.PersistentVolumeClaim {
	class := className(t)
	claim := &v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Annotations: map[string]string{}}}
	claim.UID = "uid"
	claim.Spec.StorageClassName = &class
	claim.Spec.AccessModes = []v1.PersistentVolumeAccessMode{rapid.SampledFrom([]v1.PersistentVolumeAccessMode{
		v1.ReadWriteOnce, v1.ReadWriteOncePod}).Draw(t, "mode")}
	claim.Spec.Resources.Requests = v1.ResourceList{v1.ResourceStorage: resource.MustParse(rapid.SampledFrom([]string{"1Gi", "5Gi"}).Draw(t, "size"))}
	switch rapid.IntRange(0, 5).Draw(t, "state") {
	case 0, 1:
		claim.Spec.VolumeName = rapid.SampledFrom(volumeNames).Draw(t, "volume")
		claim.Annotations["pv.kubernetes.io/bind-completed"] = "yes"
	case 3:
		claim.Annotations["volume.kubernetes.io/selected-node"] = nodeName(t)
	}
	switch rapid.IntRange(0, 29).Draw(t, "fate") {
	case 0:
		claim.Status.Phase = v1.ClaimLost
	case 1:
		now := metav1.Unix(1, 0)
		claim.DeletionTimestamp = &now
	}
	return claim
}

func (c *churn) volume(t *rapid.T, name string) *v1.PersistentVolume {
	pv := &v1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	pv.Spec.StorageClassName = className(t)
	pv.Spec.Capacity = v1.ResourceList{v1.ResourceStorage: resource.MustParse(rapid.SampledFrom([]string{"2Gi", "8Gi"}).Draw(t, "capacity"))}
	pv.Spec.AccessModes = []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce, v1.ReadWriteOncePod}
	pv.Status.Phase = v1.VolumeAvailable
	if flip(t, "csi") {
		pv.Spec.CSI = &v1.CSIPersistentVolumeSource{Driver: churnDriver, VolumeHandle: pv.Name}
	}
	if rapid.IntRange(0, 2).Draw(t, "zone label") == 0 {
		pv.Labels[v1.LabelTopologyZone] = rapid.SampledFrom([]string{"x", "y", "x__y"}).Draw(t, "zones")
	}
	if rapid.IntRange(0, 2).Draw(t, "affine") == 0 {
		pv.Spec.NodeAffinity = &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{
			{MatchExpressions: []v1.NodeSelectorRequirement{{Key: "disk", Operator: v1.NodeSelectorOpIn, Values: []string{value(t, "volume's disk")}}}}}}}
	}
	return pv
}

// mount gives a pod claims, or a disk that only one pod of a node can mount.
func (c *churn) mount(t *rapid.T, pod *v1.Pod) {
	switch rapid.IntRange(0, 7).Draw(t, "mounts") {
	case 0, 1, 3:
		for i, name := range claimNames[rapid.IntRange(0, 1).Draw(t, "first claim"):] {
			pod.Spec.Volumes = append(pod.Spec.Volumes, v1.Volume{Name: fmt.Sprint(i), VolumeSource: v1.VolumeSource{
				PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: name}}})
		}
	case 2:
		pod.Spec.Volumes = []v1.Volume{{Name: "d", VolumeSource: v1.VolumeSource{GCEPersistentDisk: &v1.GCEPersistentDiskVolumeSource{
			PDName: value(t, "gce disk"), ReadOnly: flip(t, "read only")}}}}
	}
}
