package plugins

import (
	"fmt"

	storagehelpers "k8s.io/component-helpers/storage/volume"

	"minisim/sim/scheduler/framework"
)

// NodeVolumeLimits rejects nodes that would have more volumes of a CSI driver
// attached than the driver's CSINode entry allows.
type NodeVolumeLimits struct{}

var (
	_ framework.PreFilterPlugin = NodeVolumeLimits{}
	_ framework.FilterPlugin    = NodeVolumeLimits{}
)

var tooManyVolumes = reject("NodeVolumeLimits", framework.Unschedulable, "node(s) exceed max volume count")

// Name implements framework.Plugin.
func (NodeVolumeLimits) Name() string { return "NodeVolumeLimits" }

// DependsOn implements framework.Dependent.
func (NodeVolumeLimits) DependsOn(pod *framework.PodInfo) ([]framework.Epoch, bool) {
	return storageIfClaims(pod), true
}

// PreFilter skips pods without claims.
func (NodeVolumeLimits) PreFilter(_ *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	if len(pod.Claims) == 0 {
		return nil, framework.NewStatus(framework.Skip)
	}
	return nil, nil
}

// Filter implements framework.FilterPlugin.
func (NodeVolumeLimits) Filter(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if excess(c.View, pod, node) != nil {
		return tooManyVolumes
	}
	return nil
}

// overload is a driver that would have more volumes on a node than it allows.
type overload struct {
	driver             string
	has, wants, limits int32
}

// excess finds the first driver, by name, that has too many; nil if none has.
func excess(view *framework.Snapshot, pod *framework.PodInfo, node *framework.NodeInfo) *overload {
	limits := driverLimits(view, node.Name)
	if len(limits) == 0 {
		return nil
	}
	attached := make(map[string]string)
	for _, other := range node.Pods {
		collectVolumes(view, other, attached)
	}
	for _, volume := range view.AttachedVolumes(node.Name) {
		collectVolume(view, volume, attached)
	}
	wanted := make(map[string]string)
	collectVolumes(view, pod, wanted)
	counts, extra := make(map[string]int32), make(map[string]int32)
	for _, driver := range attached {
		counts[driver]++
	}
	for volume, driver := range wanted {
		if _, already := attached[volume]; !already {
			extra[driver]++
		}
	}
	for _, driver := range sortedKeys(extra) {
		if limit, ok := limits[driver]; ok && counts[driver]+extra[driver] > limit {
			return &overload{driver, counts[driver], extra[driver], limit}
		}
	}
	return nil
}

// Explain implements framework.Explainer.
func (NodeVolumeLimits) Explain(c *framework.CycleState, pod *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	o := excess(c.View, pod, node)
	return framework.Cause{
		Detail: fmt.Sprintf("has %d of %d volumes of %s attached, the pod brings %d more", o.has, o.limits, o.driver, o.wants),
		Trait:  fmt.Sprintf("has no room for %d more volume(s) of %s", o.wants, o.driver),
	}
}

// driverLimits reads a node's limits by driver; drivers without one have none.
func driverLimits(view *framework.Snapshot, node string) map[string]int32 {
	csiNode, ok := view.CSINodes.Get(node)
	if !ok {
		return nil
	}
	limits := make(map[string]int32)
	for _, d := range csiNode.Spec.Drivers {
		if d.Allocatable != nil && d.Allocatable.Count != nil {
			limits[d.Name] = *d.Allocatable.Count
		}
	}
	return limits
}

// collectVolumes adds a pod's CSI volumes, with their drivers. A claim without
// a volume yet counts for its class's provisioner.
func collectVolumes(view *framework.Snapshot, pod *framework.PodInfo, volumes map[string]string) {
	for _, key := range pod.Claims {
		claim, ok := view.Claims.Get(key)
		if !ok {
			continue
		}
		if claim.Spec.VolumeName != "" && collectVolume(view, claim.Spec.VolumeName, volumes) {
			continue
		}
		if class, ok := view.StorageClasses.Get(storagehelpers.GetPersistentVolumeClaimClass(claim)); ok {
			volumes["claim "+key] = class.Provisioner
		}
	}
}

// collectVolume adds a CSI volume and reports whether it is known.
func collectVolume(view *framework.Snapshot, name string, volumes map[string]string) bool {
	pv, ok := view.Volumes.Get(name)
	if ok && pv.Spec.CSI != nil {
		volumes[pv.Spec.CSI.Driver+"^"+pv.Spec.CSI.VolumeHandle] = pv.Spec.CSI.Driver
	}
	return ok
}

// Events implements framework.Requeuer.
func (NodeVolumeLimits) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.PodRemoved, framework.StorageChanged)
}

// Helps implements framework.Requeuer: a pod with volumes has gone.
func (NodeVolumeLimits) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	if e.Pod == nil {
		return concerns(pod, e)
	}
	return len(e.Pod.Claims) > 0
}
