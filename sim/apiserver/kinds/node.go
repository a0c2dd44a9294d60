package kinds

import (
	"fmt"
	"regexp"
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
	validate: func(f *faults, n *corev1.Node) { f.node(n) },
	validateUpdate: func(f *faults, new, old *corev1.Node) { // what holds for new nodes Kubernetes says twice
		f.meta(new, false, subdomainName)
		f.node(new)
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

func (f *faults) node(n *corev1.Node) {
	f.nodeAnnotations(n.Annotations)
	f.taints(metadataPath.Child("taints"), n.Spec.Taints)
	f.nodeResources(&n.Status)
	if swap := n.Status.NodeInfo.Swap; swap != nil && swap.Capacity != nil && *swap.Capacity <= 0 {
		f.invalid(metadataPath.Child("nodeSwapStatus"), "capacity", *swap.Capacity, "must be greater than zero")
	}
	f.declaredFeatures(n.Status.DeclaredFeatures)
	f.podCIDRs(n.Spec.PodCIDRs)
}

func (f *faults) taints(p *field.Path, taints []corev1.Taint) {
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
	both, err := netutils.IsDualStackCIDRStrings(cidrs)
	if err != nil {
		f.add(field.InternalError(p, fmt.Errorf("invalid PodCIDRs. failed to check with dual stack with error:%w", err)))
	}
	if !both || len(cidrs) > 2 {
		f.invalid(p, "", internal{cidrs}, "may specify no more than one CIDR for each IP family")
	}
}

// featureName is what the name of a feature that a node declares looks like.
var featureName = regexp.MustCompile(`^[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*$`)

// declaredFeatures validates the features that a node has: sorted, none twice.
func (f *faults) declaredFeatures(names []string) {
	const most = 253
	p := statusPath.Child("declaredFeatures")
	for i, name := range names {
		switch {
		case len(name) > most:
			f.invalid(p.Index(i), "", name, fmt.Sprintf("invalid feature name %q: must be no more than %d characters", name, most))
		case !featureName.MatchString(name):
			f.invalid(p.Index(i), "", name, fmt.Sprintf("invalid feature name %q: must start with an UpperCamelCase segment, with subsequent segments separated by '/' "+
				"(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes", name))
		}
		if i+1 == len(names) {
			break
		}
		if next := names[i+1]; next == name {
			f.duplicate(p.Index(i+1), "", next)
		} else if next < name {
			f.invalid(p.Index(i+1), "", next, "list must be sorted alphabetically")
		}
	}
}

func (f *faults) nodeUpdate(new, old *corev1.Node) {
	f.nodeAnnotations(new.Annotations)
	f.nodeResources(&new.Status)
	f.declaredFeatures(new.Status.DeclaredFeatures)
	for i, a := range new.Status.Addresses {
		if slices.Contains(new.Status.Addresses[:i], a) {
			f.duplicate(statusPath.Child("addresses").Index(i), "", internal{a})
		}
	}
	f.samePodCIDRs(new.Spec.PodCIDRs, old.Spec.PodCIDRs)
	if was := old.Spec.ProviderID; was != "" && new.Spec.ProviderID != was {
		f.forbidden(specPath, "providerID", `node updates may not change providerID except from "" to valid`)
	}
	f.taints(metadataPath.Child("taints"), new.Spec.Taints)
	if new.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		f.forbidden(specPath, "externalID", "may not be updated")
	}
}

// samePodCIDRs has a fault for each range that has changed, once there are any.
func (f *faults) samePodCIDRs(new, old []string) {
	const not = `node updates may not change podCIDR except from "" to valid`
	if len(old) > 0 && len(new) != len(old) {
		f.forbidden(specPath, "podCIDRs", not)
		return
	}
	for i, was := range old {
		if new[i] != was {
			f.forbidden(specPath, "podCIDRs", not)
		}
	}
}

func nodeWarnings(n *corev1.Node) []string {
	if n.Spec.DoNotUseExternalID != "" {
		return []string{"spec.externalID: this field is deprecated, and is unused by Kubernetes"}
	}
	return nil
}
