package whatif

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// prefer turns one thing that the pod requires of its surroundings into
// something that it prefers: the first such change that makes it fit.
func (t *trial) prefer() *Fix {
	for _, soften := range []func(*v1.Pod) (text string, change map[string]any){softenAffinity, softenAntiAffinity, softenSpread} {
		pod := t.pod.Pod.DeepCopy()
		text, change := soften(pod)
		if text == "" {
			continue
		}
		if node := t.fits(pod); node != "" {
			return &Fix{Kind: "prefer", Node: node, rank: 40, Text: text, Patch: patch(map[string]any{"spec": change})}
		}
	}
	return nil
}

// preferredWeight is what a term weighs that was required before: the most there is.
const preferredWeight = 100

func weighted(required []v1.PodAffinityTerm) (preferred []v1.WeightedPodAffinityTerm) {
	for _, term := range required {
		preferred = append(preferred, v1.WeightedPodAffinityTerm{Weight: preferredWeight, PodAffinityTerm: term})
	}
	return preferred
}

func softenAffinity(pod *v1.Pod) (string, map[string]any) {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAffinity == nil {
		return "", nil
	}
	a := pod.Spec.Affinity.PodAffinity
	if len(a.RequiredDuringSchedulingIgnoredDuringExecution) == 0 {
		return "", nil
	}
	text := "prefer, not require, to be near pods with " + selectors(a.RequiredDuringSchedulingIgnoredDuringExecution)
	a.PreferredDuringSchedulingIgnoredDuringExecution = append(a.PreferredDuringSchedulingIgnoredDuringExecution, weighted(a.RequiredDuringSchedulingIgnoredDuringExecution)...)
	a.RequiredDuringSchedulingIgnoredDuringExecution = nil
	return text, affinityChange("podAffinity", a.PreferredDuringSchedulingIgnoredDuringExecution)
}

func softenAntiAffinity(pod *v1.Pod) (string, map[string]any) {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return "", nil
	}
	a := pod.Spec.Affinity.PodAntiAffinity
	if len(a.RequiredDuringSchedulingIgnoredDuringExecution) == 0 {
		return "", nil
	}
	text := "prefer, not require, to be away from pods with " + selectors(a.RequiredDuringSchedulingIgnoredDuringExecution)
	a.PreferredDuringSchedulingIgnoredDuringExecution = append(a.PreferredDuringSchedulingIgnoredDuringExecution, weighted(a.RequiredDuringSchedulingIgnoredDuringExecution)...)
	a.RequiredDuringSchedulingIgnoredDuringExecution = nil
	return text, affinityChange("podAntiAffinity", a.PreferredDuringSchedulingIgnoredDuringExecution)
}

// affinityChange is a patch; null takes the required terms away.
func affinityChange(field string, preferred []v1.WeightedPodAffinityTerm) map[string]any {
	return map[string]any{"affinity": map[string]any{field: map[string]any{
		"requiredDuringSchedulingIgnoredDuringExecution":  nil,
		"preferredDuringSchedulingIgnoredDuringExecution": preferred,
	}}}
}

// selectors tells which pods terms are about, and within what.
func selectors(terms []v1.PodAffinityTerm) string {
	var parts []string
	for _, term := range terms {
		parts = append(parts, fmt.Sprintf("%s per %s", metav1.FormatLabelSelector(term.LabelSelector), term.TopologyKey))
	}
	return strings.Join(parts, " and ")
}

func softenSpread(pod *v1.Pod) (string, map[string]any) {
	var keys []string
	for i := range pod.Spec.TopologySpreadConstraints {
		c := &pod.Spec.TopologySpreadConstraints[i]
		if c.WhenUnsatisfiable != v1.DoNotSchedule {
			continue
		}
		c.WhenUnsatisfiable, c.MinDomains = v1.ScheduleAnyway, nil // minDomains goes with DoNotSchedule only
		keys = append(keys, c.TopologyKey)
	}
	if len(keys) == 0 {
		return "", nil
	}
	text := "let the pod be spread over " + strings.Join(keys, " and ") + " as far as possible only (whenUnsatisfiable: ScheduleAnyway)"
	return text, map[string]any{"topologySpreadConstraints": pod.Spec.TopologySpreadConstraints}
}

// unport does without the host ports that are taken.
func (t *trial) unport() *Fix {
	if len(t.pod.HostPorts) == 0 || t.pod.Pod.Spec.HostNetwork {
		return nil
	}
	pod := t.pod.Pod.DeepCopy()
	var ports []string
	var containers []map[string]any
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		for k := range c.Ports {
			if c.Ports[k].HostPort != 0 {
				ports = append(ports, fmt.Sprint(c.Ports[k].HostPort))
				c.Ports[k].HostPort, c.Ports[k].HostIP = 0, ""
			}
		}
		containers = append(containers, map[string]any{"name": c.Name, "ports": c.Ports})
	}
	node := t.fits(pod)
	if node == "" {
		return nil
	}
	return &Fix{Kind: "port", Node: node, rank: 25, Patch: patch(map[string]any{"spec": map[string]any{"containers": containers}}),
		Text: fmt.Sprintf("do without host port %s; a Service reaches the pod without it", strings.Join(ports, " and "))}
}

// placesOfVolumes are the labels of a node from which the pod's bound volumes
// can be used; none of volumes that can be used from anywhere.
func (t *trial) placesOfVolumes() map[string]string {
	labels := make(map[string]string)
	for _, key := range t.pod.Claims {
		claim, ok := t.view.Claims.Get(key)
		if !ok {
			continue
		}
		pv, ok := t.view.Volumes.Get(claim.Spec.VolumeName)
		if !ok {
			continue
		}
		for _, label := range []string{v1.LabelTopologyZone, v1.LabelTopologyRegion, v1.LabelFailureDomainBetaZone, v1.LabelFailureDomainBetaRegion} {
			if value, ok := pv.Labels[label]; ok {
				first, _, _ := strings.Cut(value, "__")
				labels[label] = first
			}
		}
		if a := pv.Spec.NodeAffinity; a != nil && a.Required != nil && len(a.Required.NodeSelectorTerms) > 0 {
			for key, value := range labelsFor(&a.Required.NodeSelectorTerms[0], &v1.Node{}) {
				labels[key] = value
			}
		}
	}
	return labels
}
