package framework

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// Clone returns a copy of the cluster that can be changed on its own. Objects
// are shared, since nobody changes them.
func (s *Snapshot) Clone() *Snapshot {
	c := NewSnapshot()
	for _, n := range s.nodes {
		c.SetNode(n.Node)
		for _, p := range n.Pods {
			c.AddPod(p, n.Name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.nominated.nodeOf)) {
		node := s.nominated.nodeOf[key]
		for _, p := range s.nominated.byNode[node] {
			if p.Key == key {
				c.Nominate(p, node)
			}
		}
	}
	copyAll(c, s.Namespaces.All())
	copyAll(c, s.Services.All())
	copyAll(c, s.ReplicationControllers.All())
	copyAll(c, s.ReplicaSets.All())
	copyAll(c, s.StatefulSets.All())
	copyAll(c, s.Claims.All())
	copyAll(c, s.Volumes.All())
	copyAll(c, s.StorageClasses.All())
	copyAll(c, s.CSINodes.All())
	copyAll(c, s.CSIDrivers.All())
	copyAll(c, s.CSICapacities.All())
	copyAll(c, s.VolumeAttachments.All())
	copyAll(c, s.Budgets.All())
	copyAll(c, s.PriorityClasses.All())
	return c
}

func copyAll[T runtime.Object](to *Snapshot, objects []T) {
	for _, o := range objects {
		to.SetObject(o)
	}
}
