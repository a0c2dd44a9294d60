package compose

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// translateNetworks says what becomes of networks: by itself every pod reaches
// every other one in Kubernetes, so NetworkPolicies (policies.go) keep others out.
func (t *translation) translateNetworks() {
	const enforced = ", if the cluster's network plugin enforces policies"
	for _, name := range t.inFileOrder(slices.Collect(maps.Keys(t.project.Networks)), "networks") {
		if driver := t.project.Networks[name].Driver; driver == "bridge" || driver == "overlay" || driver == "default" {
			t.note(Kept, "connects containers", "the cluster's network connects all pods", "", "networks", name, "driver")
		}
		i := slices.IndexFunc(t.networks, func(n *network) bool { return n.key == name })
		switch {
		case i < 0 && name != "default":
			t.note(Kept, "no service is on it", "nothing is made for it", "", "networks", name)
		case i >= 0:
			t.note(Changed, "only services of the network "+name+" reach each other on it", "a NetworkPolicy lets only their pods in"+enforced, "", "networks", name)
			if t.networks[i].Internal {
				t.note(Changed, "containers on it reach nothing outside", "the NetworkPolicy lets its pods reach only each other and the cluster's DNS"+enforced, "", "networks", name, "internal")
			}
		}
	}
	for _, s := range t.services {
		s.networkMode()
		if !t.written("services", s.Name, "networks") {
			continue
		}
		if len(s.on()) == 0 {
			s.note(Kept, "reaches the services of the default network", "all pods reach each other", "", "networks")
		} else {
			s.note(Kept, "the container is on these networks only", "a label for each, by which NetworkPolicies select its pods", "", "networks")
		}
	}
}

// networkMode says what becomes of a network mode.
func (s *service) networkMode() {
	switch mode := s.NetworkMode; {
	case mode == "" || mode == "bridge" || mode == "default":
	case mode == "host":
		s.note(Changed, "the container uses the machine's network", "the pod uses its node's network, so one node runs no two of them on one port", "publish ports instead", "network_mode")
	case mode == "none":
		s.note(Changed, "the container has no network", "a NetworkPolicy lets nobody in or out, if the cluster's network plugin enforces policies", "", "network_mode")
	case strings.HasPrefix(mode, types.ServicePrefix):
		s.note(Lost, "the container shares the network of "+mode, "it has a pod of its own, so localhost is its own", "make them containers of one pod", "network_mode")
	default:
		s.note(Lost, "the container uses the network "+mode, "the pod is on the cluster's network", "", "network_mode")
	}
}

// translateJobs says what becomes of the jobs of the top level.
func (t *translation) translateJobs() {
	for name, j := range sorted(t.project.Jobs) {
		if j.Triggers != nil && len(j.Triggers.Schedule) > 0 {
			t.note(Lost, "runs at times ("+j.Triggers.Schedule[0].Cron+")", "no object is made for it", "write a CronJob", "jobs", name)
			continue
		}
		t.note(Lost, "runs when it is called by hand", "no object is made for it", "write a Job", "jobs", name)
	}
}
