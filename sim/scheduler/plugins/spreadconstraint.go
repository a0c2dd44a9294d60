package plugins

import (
	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"minisim/sim/scheduler/framework"
)

// spreadConstraint is a topology spread constraint made ready for use.
type spreadConstraint struct {
	key         string
	maxSkew     int64
	minDomains  int64
	selector    labels.Selector
	honorLabels bool // nodeAffinityPolicy Honor
	honorTaints bool // nodeTaintsPolicy Honor
}

// SystemDefaultConstraints are what Kubernetes applies to pods that have no
// constraints of their own.
func SystemDefaultConstraints() []v1.TopologySpreadConstraint {
	return []v1.TopologySpreadConstraint{
		{TopologyKey: v1.LabelHostname, WhenUnsatisfiable: v1.ScheduleAnyway, MaxSkew: 3},
		{TopologyKey: v1.LabelTopologyZone, WhenUnsatisfiable: v1.ScheduleAnyway, MaxSkew: 5},
	}
}

// constraints returns the pod's own constraints of one kind, or the default
// ones if it has none at all.
func (p PodTopologySpread) constraints(view *framework.Snapshot, pod *v1.Pod, action v1.UnsatisfiableConstraintAction) []spreadConstraint {
	if own := pod.Spec.TopologySpreadConstraints; len(own) > 0 {
		return parseConstraints(own, pod.Labels, action)
	}
	constraints := parseConstraints(p.Defaults, pod.Labels, action)
	if len(constraints) == 0 {
		return nil
	}
	selector := defaultSelector(view, pod)
	if selector.Empty() {
		return nil
	}
	for i := range constraints {
		constraints[i].selector = selector
	}
	return constraints
}

func parseConstraints(list []v1.TopologySpreadConstraint, podLabels labels.Set, action v1.UnsatisfiableConstraintAction) []spreadConstraint {
	var out []spreadConstraint
	for i := range list {
		c := &list[i]
		if c.WhenUnsatisfiable != action {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
		if err != nil {
			selector = labels.Nothing()
		}
		parsed := spreadConstraint{
			key: c.TopologyKey, maxSkew: int64(c.MaxSkew), minDomains: 1, honorLabels: true,
			selector: withMatchLabelKeys(selector, c.MatchLabelKeys, podLabels),
		}
		if c.MinDomains != nil {
			parsed.minDomains = int64(*c.MinDomains)
		}
		if c.NodeAffinityPolicy != nil {
			parsed.honorLabels = *c.NodeAffinityPolicy == v1.NodeInclusionPolicyHonor
		}
		if c.NodeTaintsPolicy != nil {
			parsed.honorTaints = *c.NodeTaintsPolicy == v1.NodeInclusionPolicyHonor
		}
		out = append(out, parsed)
	}
	return out
}

// withMatchLabelKeys narrows a selector to pods that have the same values under
// some keys as the incoming pod. Keys that it lacks are ignored.
func withMatchLabelKeys(selector labels.Selector, keys []string, podLabels labels.Set) labels.Selector {
	same := make(labels.Set)
	for _, key := range keys {
		if value, ok := podLabels[key]; ok {
			same[key] = value
		}
	}
	if len(same) == 0 {
		return selector
	}
	narrowed := labels.SelectorFromSet(same)
	if requirements, selectable := selector.Requirements(); selectable {
		narrowed = narrowed.Add(requirements...)
	}
	return narrowed
}

// defaultSelector merges the selectors of the pod's services with that of the
// workload that owns it.
func defaultSelector(view *framework.Snapshot, pod *v1.Pod) labels.Selector {
	merged := make(labels.Set)
	for _, service := range view.Services.All() {
		if service.Namespace == pod.Namespace && service.Spec.Selector != nil &&
			labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			merged = labels.Merge(merged, service.Spec.Selector)
		}
	}
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return merged.AsSelector()
	}
	key := pod.Namespace + "/" + owner.Name
	switch owner.APIVersion + "/" + owner.Kind {
	case "v1/ReplicationController":
		if rc, ok := view.ReplicationControllers.Get(key); ok {
			merged = labels.Merge(merged, rc.Spec.Selector)
		}
	case appsv1.SchemeGroupVersion.String() + "/ReplicaSet":
		if rs, ok := view.ReplicaSets.Get(key); ok {
			return addRequirements(merged.AsSelector(), rs.Spec.Selector)
		}
	case appsv1.SchemeGroupVersion.String() + "/StatefulSet":
		if ss, ok := view.StatefulSets.Get(key); ok {
			return addRequirements(merged.AsSelector(), ss.Spec.Selector)
		}
	}
	return merged.AsSelector()
}

func addRequirements(selector labels.Selector, more *metav1.LabelSelector) labels.Selector {
	other, err := metav1.LabelSelectorAsSelector(more)
	if err != nil {
		return selector
	}
	if requirements, selectable := other.Requirements(); selectable {
		selector = selector.Add(requirements...)
	}
	return selector
}

func labelsOf(p *framework.PodInfo) labels.Set { return p.Pod.Labels }

// matches reports whether a pod of the right namespace counts. As in
// kube-scheduler an empty selector counts none.
func (c *spreadConstraint) matches(p *framework.PodInfo) bool {
	return !c.selector.Empty() && c.selector.Matches(labelsOf(p))
}

// countOn counts a node's pods that match and are not terminating.
func (c *spreadConstraint) countOn(node *framework.NodeInfo, namespace string) int64 {
	if c.selector.Empty() {
		return 0
	}
	var count int64
	for _, p := range node.Pods {
		if p.Pod.Namespace == namespace && !p.Terminating() && c.selector.Matches(labelsOf(p)) {
			count++
		}
	}
	return count
}

func hasAllKeys(node *v1.Node, constraints []spreadConstraint) bool {
	for i := range constraints {
		if _, ok := node.Labels[constraints[i].key]; !ok {
			return false
		}
	}
	return true
}

// inclusion decides whose pods count: nodeAffinityPolicy and nodeTaintsPolicy.
type inclusion struct {
	pod      *v1.Pod
	required nodeaffinity.RequiredNodeAffinity
}

func (in *inclusion) counts(c *spreadConstraint, node *v1.Node) bool {
	if c.honorLabels {
		if match, _ := in.required.Match(node); !match {
			return false
		}
	}
	if c.honorTaints {
		if _, repelled := untolerated(in.pod, node); repelled {
			return false
		}
	}
	return true
}
