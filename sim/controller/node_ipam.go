package controller

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

const nodeIPAMName = "node-ipam-controller"

// nodeIPAM gives each node a range of addresses for its pods: the first free one
// after the one given last, as the original's range allocator.
type nodeIPAM struct {
	process  *component.Process
	nodes    *component.Cache[*corev1.Node]
	options  NodeOptions
	queue    *component.Queue
	recorder *component.Recorder

	used  map[netip.Prefix]string // whose a range is
	given map[string]netip.Prefix // the other way round
	next  uint32                  // the number of the range that is tried first
}

func newNodeIPAM(p *component.Process, c *Caches, o NodeOptions) *nodeIPAM {
	if err := o.check(); err != nil {
		panic("controller: " + err.Error())
	}
	a := &nodeIPAM{
		process: p, nodes: c.Nodes, options: o, recorder: component.NewRecorder(p, "cidrAllocator", ""),
		used: map[netip.Prefix]string{}, given: map[string]netip.Prefix{},
	}
	a.queue = component.NewQueue(p, nodeIPAMName, a)
	c.Nodes.OnChange(a.nodeChanged)
	return a
}

func (a *nodeIPAM) nodeChanged(old, node *corev1.Node) {
	if node == nil {
		a.release(old.Name)
		return
	}
	if node.Spec.PodCIDR == "" {
		if old == nil {
			a.queue.Add(api.KeyOf(node))
		}
		return
	}
	if r, err := netip.ParsePrefix(node.Spec.PodCIDR); err == nil && a.given[node.Name] != r {
		a.release(node.Name)
		a.used[r], a.given[node.Name] = node.Name, r
	}
}

func (a *nodeIPAM) release(name string) {
	delete(a.used, a.given[name])
	delete(a.given, name)
}

// Reconcile gives a node a range if it has none.
func (a *nodeIPAM) Reconcile(key api.Key) error {
	node, ok := a.nodes.Get(key)
	if !ok || node.Spec.PodCIDR != "" {
		return nil
	}
	r, ok := a.given[node.Name] // from an attempt that failed
	if !ok {
		if r, ok = a.allocate(); !ok {
			a.recorder.EventFor(nodeReference(node.Name, node.UID), corev1.EventTypeNormal, "CIDRNotAvailable", fmt.Sprintf("Node %s status is now: CIDRNotAvailable", node.Name))
			return fmt.Errorf("no range is left in %s (cluster-cidr)", a.options.ClusterCIDR)
		}
		a.used[r], a.given[node.Name] = node.Name, r
	}
	a.process.Trace.Then(component.Reconciled{
		Controller: nodeIPAMName, Resource: api.Nodes.Singular, Key: node.Name, Do: "give it " + r.String() + " for its pods",
		Because: fmt.Sprintf("cluster-cidr %s, node-cidr-mask-size %d", a.options.ClusterCIDR, a.options.NodeCIDRMaskSize),
	})
	_, err := api.Patch(a.process.As(nodeAccount), api.Nodes, key, func(n *corev1.Node) error {
		if n.Spec.PodCIDR == "" {
			n.Spec.PodCIDR, n.Spec.PodCIDRs = r.String(), []string{r.String()}
		}
		return nil
	})
	return err
}

func (a *nodeIPAM) allocate() (netip.Prefix, bool) {
	count := uint32(1) << (a.options.NodeCIDRMaskSize - a.options.ClusterCIDR.Bits())
	for i := range count {
		n := (a.next + i) % count
		if r := a.nth(n); a.used[r] == "" {
			a.next = (n + 1) % count
			return r, true
		}
	}
	return netip.Prefix{}, false
}

// nth is the n-th range of the cluster's.
func (a *nodeIPAM) nth(n uint32) netip.Prefix {
	b := a.options.ClusterCIDR.Masked().Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+n<<(32-a.options.NodeCIDRMaskSize))
	return netip.PrefixFrom(netip.AddrFrom4(b), a.options.NodeCIDRMaskSize)
}
