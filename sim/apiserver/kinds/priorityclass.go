package kinds

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

var priorityClasses = kind[*schedulingv1.PriorityClass]{
	name:     subdomainName,
	defaults: func(c *schedulingv1.PriorityClass) { orNew(&c.PreemptionPolicy, corev1.PreemptLowerPriority) },
	create:   func(c *schedulingv1.PriorityClass) { c.Generation = 1 },
	validate: func(f *faults, c *schedulingv1.PriorityClass) { f.priorityClass(c) },
	validateUpdate: func(f *faults, new, old *schedulingv1.PriorityClass) {
		f.metaUpdate(new, old)
		if new.Value != old.Value {
			f.forbidden(nil, "value", "may not be changed in an update.")
		}
		f.immutable(nil, "preemptionPolicy", new.PreemptionPolicy, old.PreemptionPolicy)
	},
}

// What only Kubernetes' own classes may be.
const (
	systemPrefix              = "system-"
	highestUserPriority int32 = 1_000_000_000
)

// systemClasses are the classes that every cluster has.
var systemClasses = []struct {
	name  string
	value int32
}{{"system-node-critical", 2*highestUserPriority + 1000}, {"system-cluster-critical", 2 * highestUserPriority}}

func (f *faults) priorityClass(c *schedulingv1.PriorityClass) {
	if strings.HasPrefix(c.Name, systemPrefix) {
		if detail := notSystemClass(c); detail != "" {
			f.forbidden(metadataPath, "name", "priority class names with '"+systemPrefix+"' prefix are reserved for system use only. error: "+detail)
		}
	} else if c.Value > highestUserPriority {
		f.forbidden(nil, "value", fmt.Sprintf("maximum allowed value of a user defined priority is %v", highestUserPriority))
	}
	if c.PreemptionPolicy != nil {
		f.preemptionPolicy(nil, *c.PreemptionPolicy)
	}
}

// notSystemClass says in what a class differs from the one that every cluster has.
func notSystemClass(c *schedulingv1.PriorityClass) string {
	for _, known := range systemClasses {
		switch {
		case known.name != c.Name:
		case known.value != c.Value:
			return fmt.Sprintf("value of %v PriorityClass must be %v", known.name, known.value)
		case c.GlobalDefault:
			return fmt.Sprintf("globalDefault of %v PriorityClass must be false", known.name)
		default:
			return ""
		}
	}
	return c.Name + " is not a known system priority class"
}
