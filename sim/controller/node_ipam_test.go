package controller

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

func TestRangesForSoManyNodes(t *testing.T) {
	for nodes, want := range map[int]string{1: "10.244.0.0/16", 256: "10.244.0.0/16", 257: "10.244.0.0/15", 1000: "10.244.0.0/14", 1024: "10.244.0.0/14", 5000: "10.224.0.0/11"} {
		if got := DefaultNodeOptions(nodes).ClusterCIDR.String(); got != want {
			t.Errorf("%d nodes get %s, want %s", nodes, got, want)
		}
	}
}

func (m *machines) startIPAM(cluster string) *machines {
	p := m.process()
	o := DefaultOptions()
	o.ClusterCIDR = netip.MustParsePrefix(cluster)
	addNodeControllers(p, newCaches(p), o)
	p.Start()
	return m
}

func (m *machines) cidr(node string) string {
	n := get[*corev1.Node](m.bench, api.Nodes, node)
	if len(n.Spec.PodCIDRs) > 0 && n.Spec.PodCIDRs[0] != n.Spec.PodCIDR {
		m.t.Errorf("%s has the ranges %v and %s", node, n.Spec.PodCIDRs, n.Spec.PodCIDR)
	}
	return n.Spec.PodCIDR
}

func TestNodesGetRangesInOrder(t *testing.T) {
	m := newMachines(t)
	m.node("own", 0, func(n *corev1.Node) { n.Spec.PodCIDR, n.Spec.PodCIDRs = "10.244.1.0/24", []string{"10.244.1.0/24"} })
	m.startIPAM("10.244.0.0/16")
	for _, n := range []string{"z", "a", "m"} {
		m.node(n, 0, nil)
	}
	m.run(time.Second)
	for node, want := range map[string]string{"own": "10.244.1.0/24", "z": "10.244.0.0/24", "a": "10.244.2.0/24", "m": "10.244.3.0/24"} {
		if got := m.cidr(node); got != want {
			t.Errorf("%s has %q, want %s", node, got, want)
		}
	}
}

func TestRangesRunOutAndComeBack(t *testing.T) {
	m := newMachines(t).startIPAM("10.244.0.0/23")
	for i := range 3 {
		m.node(fmt.Sprintf("n%d", i), time.Hour, nil)
	}
	m.run(time.Second)
	if got := m.cidr("n2"); got != "" {
		t.Fatalf("the third of two ranges is %s", got)
	}
	if ev := m.events("n2"); len(ev) == 0 || ev[0] != "CIDRNotAvailable: Node n2 status is now: CIDRNotAvailable" {
		t.Errorf("events %q", ev)
	}
	m.remove(api.Nodes, api.Key{Name: "n0"})
	m.run(2 * time.Minute)
	if got := m.cidr("n2"); got != "10.244.0.0/24" {
		t.Errorf("n2 has %q after n0 has gone", got)
	}
}

func TestRangesSurviveFailures(t *testing.T) {
	m := newMachines(t).startIPAM("10.244.0.0/16")
	failures := 3
	m.refuse = func(r api.Request) error {
		if r.Resource == api.Nodes && r.Verb == api.VerbPatch && r.Subresource == "" && failures > 0 {
			failures--
			return api.ErrUnreachable
		}
		return nil
	}
	m.node("a", 0, nil)
	m.node("b", 0, nil)
	m.run(time.Minute)
	if a, b := m.cidr("a"), m.cidr("b"); a != "10.244.0.0/24" || b != "10.244.1.0/24" || failures != 0 {
		t.Errorf("a has %q, b %q", a, b)
	}
}
