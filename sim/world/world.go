// Package world is what lies outside of the API: the image registry, the disks
// of the storage system and what runs in containers. Kubelets and the storage
// driver act on it; the control plane never sees it, as in reality.
package world

import "minisim/sim/engine"

// World is the physical side of one simulated cluster.
type World struct {
	Images *Registry
	Disks  *Disks
	Load   *Load
}

// New gives a world in which every public image can be pulled and no disk exists.
func New(e *engine.Engine) *World {
	return &World{Images: newRegistry(), Disks: newDisks(e), Load: &Load{byApp: map[string]int64{}}}
}
