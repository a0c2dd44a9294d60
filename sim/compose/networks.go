package compose

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// translateNetworks says what becomes of networks: in Kubernetes every pod reaches every other one.
func (t *translation) translateNetworks() {
	for _, name := range t.inFileOrder(slices.Collect(maps.Keys(t.project.Networks)), "networks") {
		if driver := t.project.Networks[name].Driver; driver == "bridge" || driver == "overlay" || driver == "default" {
			t.note(Kept, "connects containers", "the cluster's network connects all pods", "", "networks", name, "driver")
		}
		if name == "default" {
			continue
		}
		t.note(Lost, "only services of the network "+name+" reach each other on it", "all pods reach each other",
			"keep the others out by a NetworkPolicy", "networks", name)
	}
	for _, s := range t.services {
		s.networkMode()
		if _, isDefault := s.Networks["default"]; isDefault && len(s.Networks) == 1 && t.written("services", s.Name, "networks") {
			s.note(Kept, "reaches the services of the default network", "all pods reach each other", "", "networks")
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
		s.note(Lost, "the container has no network", "the pod has one", "keep it alone by a NetworkPolicy", "network_mode")
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
