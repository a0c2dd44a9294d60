package controller

import (
	"fmt"
	"net/netip"

	"minisim/sim/component"
)

// NodeOptions are flags of the kube-controller-manager about the address ranges of nodes.
type NodeOptions struct {
	// ClusterCIDR is --cluster-cidr: the range from which each node gets one for its pods.
	ClusterCIDR netip.Prefix
	// NodeCIDRMaskSize is --node-cidr-mask-size-ipv4: how many bits of a node's range are fixed.
	NodeCIDRMaskSize int
}

// DefaultNodeOptions give 10.244.N.0/24 to the N-th node, with room for so many
// nodes: the cluster's range is 10.244.0.0/16 up to 256 nodes and as much larger
// as it must be above.
func DefaultNodeOptions(nodes int) NodeOptions {
	const mask = 24
	bits := 16
	for nodes > 1<<(mask-bits) && bits > 8 {
		bits--
	}
	cluster := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244}), bits).Masked()
	return NodeOptions{ClusterCIDR: cluster, NodeCIDRMaskSize: mask}
}

func (o NodeOptions) check() error {
	if !o.ClusterCIDR.IsValid() || !o.ClusterCIDR.Addr().Is4() || o.NodeCIDRMaskSize < o.ClusterCIDR.Bits() || o.NodeCIDRMaskSize > 32 {
		return fmt.Errorf("nodes cannot get /%d out of %s", o.NodeCIDRMaskSize, o.ClusterCIDR)
	}
	return nil
}

// addNodeControllers adds the controllers that look after nodes and the pods on them.
func addNodeControllers(p *component.Process, c *Caches, o Options) {
	newNodeLifecycle(p, c, o)
	newNodeIPAM(p, c, o.NodeOptions)
	newTaintEviction(p, c)
	newPodGC(p, c, o.TerminatedPodGCThreshold)
}
