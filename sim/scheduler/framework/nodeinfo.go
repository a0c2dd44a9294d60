package framework

import (
	"slices"

	v1 "k8s.io/api/core/v1"
)

// NodeInfo is a node with the sums over its pods. Only the Snapshot that owns
// it, or the holder of a Clone, changes it.
type NodeInfo struct {
	// Node is the object; shared, never changed. It is nil while pods are
	// known of a node that is not.
	Node *v1.Node
	// Name is the node's name.
	Name string
	// Pods are those bound or assumed here, terminated ones left out.
	Pods []*PodInfo
	// PodsWithAffinity are those of Pods with any pod (anti-)affinity term.
	PodsWithAffinity []*PodInfo
	// PodsWithAntiAffinity are those of Pods with a required anti-affinity term.
	PodsWithAntiAffinity []*PodInfo
	// Requested is the sum of the pods' requests.
	Requested Resource
	// NonZeroRequested is the same with defaults for containers that name none.
	NonZeroRequested Resource
	// Allocatable is what the node offers to pods.
	Allocatable Resource
	// Claims counts the pods here that use a claim, by namespace/name.
	Claims map[string]int
	// Generation grows with every change, over all nodes of a Snapshot.
	Generation uint64

	refreshed uint64 // grows with every newer version of a pod that changes no sum

	images map[string]bool
	index  int // place in Snapshot.nodes
}

// NewNodeInfo returns a NodeInfo for node with the given pods. node may be nil.
func NewNodeInfo(node *v1.Node, pods ...*PodInfo) *NodeInfo {
	n := &NodeInfo{Claims: make(map[string]int)}
	if node != nil {
		n.Name = node.Name
		n.setNode(node)
	}
	for _, p := range pods {
		n.AddPod(p)
	}
	return n
}

func (n *NodeInfo) setNode(node *v1.Node) {
	n.Node = node
	n.Allocatable = NewResource(node.Status.Allocatable)
	n.images = make(map[string]bool)
	for _, image := range node.Status.Images {
		for _, name := range image.Names {
			n.images[name] = true
		}
	}
}

// Index is the node's place in Snapshot.Nodes; clones keep it.
func (n *NodeInfo) Index() int { return n.index }

// HasImage reports whether the node holds an image under exactly this name.
func (n *NodeInfo) HasImage(name string) bool { return n.images[name] }

// AddPod adds a pod and its sums.
func (n *NodeInfo) AddPod(p *PodInfo) {
	n.Pods = append(n.Pods, p)
	if p.HasAffinity() {
		n.PodsWithAffinity = append(n.PodsWithAffinity, p)
	}
	if len(p.RequiredAntiAffinity) > 0 {
		n.PodsWithAntiAffinity = append(n.PodsWithAntiAffinity, p)
	}
	n.account(p, 1)
}

// RemovePod takes a pod and its sums away; an unknown pod is ignored.
func (n *NodeInfo) RemovePod(p *PodInfo) {
	i := slices.IndexFunc(n.Pods, func(o *PodInfo) bool { return o.Key == p.Key })
	if i < 0 {
		return
	}
	known := n.Pods[i]
	n.Pods = slices.Delete(n.Pods, i, i+1)
	n.PodsWithAffinity = without(n.PodsWithAffinity, known)
	n.PodsWithAntiAffinity = without(n.PodsWithAntiAffinity, known)
	n.account(known, -1)
}

func without(pods []*PodInfo, p *PodInfo) []*PodInfo {
	if i := slices.Index(pods, p); i >= 0 {
		return slices.Delete(pods, i, i+1)
	}
	return pods
}

func (n *NodeInfo) account(p *PodInfo, sign int64) {
	n.Requested.add(&p.Request, sign)
	n.NonZeroRequested.add(&p.NonZero, sign)
	for _, key := range p.Claims {
		n.Claims[key] += int(sign)
		if n.Claims[key] == 0 {
			delete(n.Claims, key)
		}
	}
}

// PortConflict returns the first wanted host port that a pod here already
// holds, and whether there is one.
func (n *NodeInfo) PortConflict(wanted []HostPort) (HostPort, bool) {
	if len(wanted) == 0 {
		return HostPort{}, false
	}
	for _, p := range n.Pods {
		for _, used := range p.HostPorts {
			for _, want := range wanted {
				if want.conflicts(used) {
					return want, true
				}
			}
		}
	}
	return HostPort{}, false
}

// Clone returns a copy whose pods and sums can be changed on their own.
func (n *NodeInfo) Clone() *NodeInfo {
	c := *n
	c.Pods = slices.Clone(n.Pods)
	c.PodsWithAffinity = slices.Clone(n.PodsWithAffinity)
	c.PodsWithAntiAffinity = slices.Clone(n.PodsWithAntiAffinity)
	c.Requested = n.Requested.clone()
	c.NonZeroRequested = n.NonZeroRequested.clone()
	c.Claims = make(map[string]int, len(n.Claims))
	for key, count := range n.Claims {
		c.Claims[key] = count
	}
	return &c
}
