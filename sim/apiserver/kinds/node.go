package kinds

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

var nodes = kind[*corev1.Node]{
	name:     subdomainName,
	defaults: defaultNode,
	create: func(n *corev1.Node) {
		n.Spec.ConfigSource, n.Status.Config = nil, nil
		syncPodCIDRs(&n.Spec)
	},
	update: func(new, old *corev1.Node) {
		new.Status = old.Status
		if old.Spec.ConfigSource == nil {
			new.Spec.ConfigSource = nil
		}
		syncPodCIDRs(&new.Spec)
	},
	status: func(new, old *corev1.Node) {
		new.Spec = old.Spec
		if old.Status.Config == nil {
			new.Status.Config = nil
		}
	},
	validate: func(f *faults, n *corev1.Node) {
		f.taints(n.Spec.Taints)
		f.nodeResources(&n.Status)
		f.podCIDRs(n.Spec.PodCIDRs)
	},
	validateUpdate: func(f *faults, new, old *corev1.Node) {
		f.metaUpdate(new, old)
		f.nodeUpdate(new, old)
	},
	validateStatus: func(f *faults, new, old *corev1.Node) { f.nodeUpdate(new, old) },
	warnings:       nodeWarnings,
}

func defaultNode(n *corev1.Node) {
	if n.Status.Allocatable == nil && n.Status.Capacity != nil {
		n.Status.Allocatable = n.Status.Capacity.DeepCopy()
	}
	roundUp(n.Status.Capacity)
	roundUp(n.Status.Allocatable)
	syncPodCIDRs(&n.Spec)
}

// syncPodCIDRs makes the old and the new field for the pods' addresses agree; if
// they differ, the old one is what its sender knows of.
func syncPodCIDRs(s *corev1.NodeSpec) {
	switch {
	case s.PodCIDR == "" && len(s.PodCIDRs) > 0:
		s.PodCIDR = s.PodCIDRs[0]
	case s.PodCIDR != "" && (len(s.PodCIDRs) == 0 || s.PodCIDRs[0] != s.PodCIDR):
		s.PodCIDRs = []string{s.PodCIDR}
	}
}

func (f *faults) taints(taints []corev1.Taint) {
	p := metadataPath.Child("taints")
	for i, t := range taints {
		f.labelKey(p.Index(i), "key", t.Key)
		if messages := labelValue(t.Value); len(messages) > 0 {
			f.invalid(p.Index(i), "value", t.Value, strings.Join(messages, ";"))
		}
		f.taintEffect(p.Index(i), t.Effect)
		if slices.ContainsFunc(taints[:i], func(o corev1.Taint) bool { return o.MatchTaint(&t) }) {
			err := field.Duplicate(p.Index(i), internal{t})
			err.Detail = "taints must be unique by key and effect pair"
			f.add(err)
		}
	}
}

func (f *faults) nodeResources(s *corev1.NodeStatus) {
	var buffer resourceNames
	for _, name := range sorted(buffer[:0], s.Capacity) {
		f.nodeResource("capacity", name, s.Capacity)
	}
	for _, name := range sorted(buffer[:0], s.Allocatable) {
		f.nodeResource("allocatable", name, s.Allocatable)
	}
}

func (f *faults) nodeResource(list string, name corev1.ResourceName, amounts corev1.ResourceList) {
	f.quantity(statusPath.Child(list, string(name)), name, amounts[name])
}

func (f *faults) podCIDRs(cidrs []string) {
	p := specPath.Child("podCIDRs")
	for i, s := range cidrs {
		f.cidr(p.Index(i), s)
	}
	if len(cidrs) < 2 {
		return
	}
	if both, err := netutils.IsDualStackCIDRStrings(cidrs); err != nil {
		f.invalid(p, "", internal{cidrs}, "invalid PodCIDRs. failed to check with dual stack with error:"+err.Error())
	} else if !both || len(cidrs) > 2 {
		f.invalid(p, "", internal{cidrs}, "may specify no more than one CIDR for each IP family")
	}
	for i, s := range cidrs {
		if slices.Contains(cidrs[:i], s) {
			f.duplicate(p.Index(i), "", s)
		}
	}
}

func (f *faults) nodeUpdate(new, old *corev1.Node) {
	f.nodeResources(&new.Status)
	for i, a := range new.Status.Addresses {
		if slices.Contains(new.Status.Addresses[:i], a) {
			f.duplicate(statusPath.Child("addresses").Index(i), "", internal{a})
		}
	}
	if was, is := old.Spec.PodCIDRs, new.Spec.PodCIDRs; len(was) > 0 && !slices.Equal(is, was) {
		f.forbidden(specPath, "podCIDRs", `node updates may not change podCIDR except from "" to valid`)
	}
	if was := old.Spec.ProviderID; was != "" && new.Spec.ProviderID != was {
		f.forbidden(specPath, "providerID", `node updates may not change providerID except from "" to valid`)
	}
	f.taints(new.Spec.Taints)
	if new.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		f.forbidden(specPath, "externalID", "may not be updated")
	}
}

func nodeWarnings(n *corev1.Node) []string {
	if n.Spec.DoNotUseExternalID != "" {
		return []string{"spec.externalID: this field is deprecated, and is unused by Kubernetes"}
	}
	return nil
}
