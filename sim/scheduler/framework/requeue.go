package framework

import v1 "k8s.io/api/core/v1"

// EventKind is a sort of change in the cluster that may make a rejected pod
// schedulable.
type EventKind int

const (
	// NodeAdded: a node has come.
	NodeAdded EventKind = iota
	// NodeRemoved: a node has gone.
	NodeRemoved
	// NodeAllocatable: a node offers other amounts.
	NodeAllocatable
	// NodeLabels: a node's labels have changed.
	NodeLabels
	// NodeTaints: a node's taints or its cordon have changed.
	NodeTaints
	// PodAdded: a pod has been bound.
	PodAdded
	// PodRemoved: a bound pod has gone or has ended.
	PodRemoved
	// PodLabels: a bound pod's labels have changed.
	PodLabels
	// PodScaledDown: a bound pod requests less.
	PodScaledDown
	// StorageChanged: a claim, volume, class or CSI object has changed.
	StorageChanged
	// PodUpdated: the waiting pod itself has changed.
	PodUpdated
	// EventKindCount is the number of kinds.
	EventKindCount
)

// EventKinds is a set of kinds.
type EventKinds uint32

// Kinds makes a set.
func Kinds(kinds ...EventKind) EventKinds {
	var set EventKinds
	for _, k := range kinds {
		set |= 1 << k
	}
	return set
}

// AllKinds is the set of all kinds.
const AllKinds EventKinds = 1<<EventKindCount - 1

// Has reports whether a kind is in the set.
func (s EventKinds) Has(k EventKind) bool { return s&(1<<k) != 0 }

// ClusterEvent is one change.
type ClusterEvent struct {
	Kind EventKind
	// Node is set for node events, with what it was before in OldNode.
	Node, OldNode *v1.Node
	// Pod is set for pod events, with what it was before in OldPod.
	Pod, OldPod *PodInfo
	// Claim is the namespace/name of the claim that has changed, "" for other
	// storage events.
	Claim string
}
