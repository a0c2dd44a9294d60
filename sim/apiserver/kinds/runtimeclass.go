package kinds

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var runtimeClasses = kind[*nodev1.RuntimeClass]{
	name:         subdomainName,
	anyFinalizer: true,
	validate:     func(f *faults, c *nodev1.RuntimeClass) { f.runtimeClass(c) },
	validateUpdate: func(f *faults, new, old *nodev1.RuntimeClass) {
		f.genericMeta(new, false, subdomainName)
		f.runtimeClass(new)
		f.genericMetaUpdate(new, old)
		f.immutable(nil, "handler", new.Handler, old.Handler)
	},
	warnings:       runtimeClassWarnings,
	createOnUpdate: true,
	needsVersion:   true,
}

func (f *faults) runtimeClass(c *nodev1.RuntimeClass) {
	f.require(nil, "handler", c.Handler, dnsLabel)
	if c.Overhead != nil {
		f.requirements(field.NewPath("overhead"), &corev1.ResourceRequirements{Limits: c.Overhead.PodFixed}, f.containerResourceName, nil)
	}
	if c.Scheduling == nil {
		return
	}
	p := field.NewPath("scheduling")
	f.labels(p, "nodeSelector", c.Scheduling.NodeSelector)
	tolerations := c.Scheduling.Tolerations
	f.tolerations(p.Child("tolerations"), tolerations)
	for i, t := range tolerations {
		same := func(o corev1.Toleration) bool {
			return o.Key == t.Key && o.Operator == t.Operator && o.Value == t.Value && o.Effect == t.Effect
		}
		if slices.ContainsFunc(tolerations[:i], same) {
			f.duplicate(p.Child("tolerations").Index(i), "", internal{t})
		}
	}
}

func runtimeClassWarnings(c *nodev1.RuntimeClass) (warnings []string) {
	if c.Scheduling == nil {
		return nil
	}
	for _, key := range sorted(nil, c.Scheduling.NodeSelector) {
		if message, old := deprecatedLabel(key); old {
			warnings = append(warnings, "scheduling.nodeSelector: "+message)
		}
	}
	return warnings
}
