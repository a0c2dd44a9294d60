package plugins

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"minisim/sim/scheduler/framework"
)

// VolumeZone rejects nodes outside the zone or region that a bound volume's
// labels name.
type VolumeZone struct{}

var (
	_ framework.PreFilterPlugin = VolumeZone{}
	_ framework.FilterPlugin    = VolumeZone{}
)

var otherZone = reject("VolumeZone", framework.UnschedulableAndUnresolvable, "node(s) had no available volume zone")

const volumeZoneKey framework.StateKey = "VolumeZone"

// zoneLabels are the labels that bind a volume to a place, each with the one
// that a node may have instead: the newer name of an old label.
var zoneLabels = []struct{ label, instead string }{
	{v1.LabelFailureDomainBetaZone, v1.LabelTopologyZone},
	{v1.LabelFailureDomainBetaRegion, v1.LabelTopologyRegion},
	{v1.LabelTopologyZone, v1.LabelTopologyZone},
	{v1.LabelTopologyRegion, v1.LabelTopologyRegion},
}

// volumePlaces are the labels that nodes must have, with their allowed values.
type volumePlaces []volumePlace

type volumePlace struct {
	label, instead string
	values         []string
}

// Clone implements framework.StateData; the data does not change.
func (s volumePlaces) Clone() framework.StateData { return s }

// Name implements framework.Plugin.
func (VolumeZone) Name() string { return "VolumeZone" }

// DependsOn implements framework.Dependent.
func (VolumeZone) DependsOn(pod *framework.PodInfo) ([]framework.Epoch, bool) {
	return storageIfClaims(pod), true
}

// PreFilter collects the places of the pod's bound volumes.
func (VolumeZone) PreFilter(c *framework.CycleState, pod *framework.PodInfo) (map[string]bool, *framework.Status) {
	var places volumePlaces
	for i := range pod.Pod.Spec.Volumes {
		source := pod.Pod.Spec.Volumes[i].PersistentVolumeClaim
		if source == nil {
			continue
		}
		pv, status := boundVolume(c.View, pod.Pod.Namespace, source.ClaimName)
		if status != nil {
			return nil, status
		}
		if pv == nil {
			continue
		}
		for _, z := range zoneLabels {
			if values := zonesIn(pv.Labels[z.label]); len(values) > 0 {
				places = append(places, volumePlace{z.label, z.instead, values})
			}
		}
	}
	if len(places) == 0 {
		return nil, framework.NewStatus(framework.Skip)
	}
	c.Write(volumeZoneKey, places)
	return nil, nil
}

// zonesIn splits the value of a volume's zone label, which may name several; a
// list with an empty name counts as none.
func zonesIn(value string) []string {
	zones := strings.Split(value, "__")
	for i := range zones {
		if zones[i] = strings.TrimSpace(zones[i]); zones[i] == "" {
			return nil
		}
	}
	return zones
}

// boundVolume finds a claim's volume; nil for a claim that waits for its first
// consumer.
func boundVolume(view *framework.Snapshot, namespace, name string) (*v1.PersistentVolume, *framework.Status) {
	reject := func(format string, args ...any) (*v1.PersistentVolume, *framework.Status) {
		return nil, framework.NewStatus(framework.UnschedulableAndUnresolvable, fmt.Sprintf(format, args...))
	}
	claim, ok := view.Claims.Get(namespace + "/" + name)
	if !ok {
		return nil, claimNotFound(name)
	}
	if claim.Spec.VolumeName != "" {
		if pv, ok := view.Volumes.Get(claim.Spec.VolumeName); ok {
			return pv, nil
		}
		return reject("persistentvolume %q not found", claim.Spec.VolumeName)
	}
	className := storagehelpers.GetPersistentVolumeClaimClass(claim)
	if className == "" {
		return reject("PersistentVolumeClaim had no pv name and storageClass name")
	}
	class, ok := view.StorageClasses.Get(className)
	if !ok {
		return reject("storageclass.storage.k8s.io %q not found", className)
	}
	if class.VolumeBindingMode == nil {
		return reject("VolumeBindingMode not set for StorageClass %q", className)
	}
	if waitsForConsumer(class) {
		return nil, nil
	}
	return reject("PersistentVolume had no name")
}

func waitsForConsumer(class *storagev1.StorageClass) bool {
	return class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

// Filter implements framework.FilterPlugin. Nodes without any zone or region
// label pass, as in a cluster without zones.
func (VolumeZone) Filter(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) *framework.Status {
	if misplaced(c, node) != nil {
		return otherZone
	}
	return nil
}

// misplaced finds the first place that the node is not in; nil if it is in all.
func misplaced(c *framework.CycleState, node *framework.NodeInfo) *volumePlace {
	places := framework.State[volumePlaces](c, volumeZoneKey)
	placed := false
	for _, z := range zoneLabels {
		_, has := node.Node.Labels[z.label]
		placed = placed || has
	}
	if !placed {
		return nil
	}
	for i := range places {
		p := &places[i]
		value, ok := node.Node.Labels[p.label]
		if !ok {
			value, ok = node.Node.Labels[p.instead]
		}
		if !ok || !slices.Contains(p.values, value) {
			return p
		}
	}
	return nil
}

// Explain implements framework.Explainer.
func (VolumeZone) Explain(c *framework.CycleState, _ *framework.PodInfo, node *framework.NodeInfo) framework.Cause {
	p := misplaced(c, node)
	where := fmt.Sprintf("%s %s", p.label, strings.Join(p.values, " or "))
	return framework.Cause{
		Detail: fmt.Sprintf("a volume is in %s, %s", where, labelText(node.Node, p.label)),
		Trait:  "is outside of its volume's " + where,
	}
}

// Events implements framework.Requeuer.
func (VolumeZone) Events() framework.EventKinds {
	return framework.Kinds(framework.NodeAdded, framework.NodeLabels, framework.StorageChanged)
}

// Helps implements framework.Requeuer: one of the pod's own claims has changed,
// or something else that volumes depend on.
func (VolumeZone) Helps(_ *framework.Snapshot, pod *framework.PodInfo, e framework.ClusterEvent) bool {
	return concerns(pod, e)
}
