package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
	"minisim/sim/engine"
)

// next is the work to come, in words; what several pieces of work say is said once.
func (c *camera) next(s *Snapshot) []Coming {
	var out []Coming
	timeline := c.session.Scenario().Timeline
	for _, w := range c.session.Pending(comingWork) {
		next := Coming{In: w.Time - s.Time, Who: w.Actor}
		next.Text, next.Often = foretell(w.Work)
		if i, err := strconv.Atoi(w.Key); err == nil && w.Kind == "timeline" && i < len(timeline) && len(timeline[i].Do) > 0 {
			next.Text = "$ " + timeline[i].Do[0].Text
		}
		if !slices.ContainsFunc(out, func(x Coming) bool { return x.Who == next.Who && x.Text == next.Text }) {
			out = append(out, next)
		}
	}
	for _, m := range s.Workers {
		if !c.up("kube-controller-manager") {
			break // nobody counts
		}
		if !m.On && m.Ready == "True" {
			out = append(out, c.grace(m.Name, s.Time)...)
		}
	}
	slices.SortStableFunc(out, func(a, b Coming) int { return cmp.Compare(a.In, b.In) })
	return out
}

// grace foretells when the masters give a silent machine up, which no work in the
// queue says: its grace period counts from the last heartbeat that they have seen.
func (c *camera) grace(machine string, now time.Duration) []Coming {
	o := c.session.Cluster().API.Get(api.Leases, api.Key{Namespace: corev1.NamespaceNodeLease, Name: machine})
	lease, ok := o.(*coordinationv1.Lease)
	if !ok || lease.Spec.RenewTime == nil {
		return nil
	}
	e := c.session.Cluster().Engine
	last := now - e.Since(lease.Spec.RenewTime.Time)
	left := max(last+gracePeriod-now, 0)
	return []Coming{{In: left, Who: "node-lifecycle-controller", Text: fmt.Sprintf(
		"%s's grace period ends, about: it was last heard of at %s", machine, seconds(last))}}
}

// gracePeriod is kube-controller-manager's node-monitor-grace-period.
const gracePeriod = 50 * time.Second

// foretell says in words what a piece of work to come is, and whether it is of
// the sort that comes again and again.
func foretell(w engine.Work) (text string, often bool) {
	switch w.Kind {
	case "watch":
		return "hears of " + w.Key, false
	case "reconcile":
		return "looks at " + w.Key, false
	case "heartbeat":
		return "renews its Lease: it is alive", true
	case "events":
		return "reports its Events", true
	case "node":
		if strings.HasPrefix(w.Actor, "kubelet/") {
			return "reports the state of its machine", true
		}
		return "looks at node " + w.Key, false
	case "pod":
		return "sees to pod " + w.Key, false
	case "register":
		return "registers its machine", false
	case "schedule":
		return "chooses a machine for " + w.Key, false
	case "release":
		return "looks whether a rejected pod's back-off is over", false
	case "monitor":
		return "looks whether heartbeats are overdue (" + w.Key + ")", true
	case "evict":
		return "deletes the pods of a machine that is gone", false
	case "taint":
		return "looks at the taints of " + w.Key, false
	case "delete":
		return "deletes pod " + w.Key + ", whose toleration has ended", false
	case "collect":
		return "collects what nobody owns any more", true
	case "boot":
		return w.Key + " is switched on", false
	case "restart":
		return w.Key + " starts again", false
	case "stopped":
		return w.Key + " has crashed", false
	case "translate":
		return "translates the compose file " + w.Key, false
	case "apply":
		return "applies the next object of the compose file", false
	case "timeline", "when", "act":
		return "goes on with the timeline", false
	case "mark":
		return "marks an answer", false
	case "list":
		return "lists " + w.Key + " anew", false
	case "check":
		return "looks whether what is waited for has come true", true
	case "expire":
		return "removes Events whose hour is over", true
	}
	return strings.TrimSpace(w.Kind + " " + w.Key), false
}
