package tui

import (
	"strings"

	"minisim/sim/engine"
)

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
	case "timeline":
		return "goes on with the timeline", false
	case "check":
		return "looks whether what is waited for has come true", true
	case "expire":
		return "removes Events whose hour is over", true
	}
	return strings.TrimSpace(w.Kind + " " + w.Key), false
}
