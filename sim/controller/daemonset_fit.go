package controller

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// fit says whether a daemon's pod should run on a node, and whether one that is there may stay.
type fit struct{ run, stay bool }

// fitOn judges by name, labels and taints. A taint NoSchedule keeps new pods
// away but leaves those that run; resources are the scheduler's matter.
func fitOn(model *corev1.Pod, node *corev1.Node) fit {
	if name := model.Spec.NodeName; name != "" && name != node.Name {
		return fit{}
	}
	if ok, err := nodeaffinity.GetRequiredNodeAffinity(model).Match(node); err != nil || !ok {
		return fit{}
	}
	tolerated := func(effects ...corev1.TaintEffect) bool {
		_, bad := corev1helpers.FindMatchingUntoleratedTaint(klog.Logger{}, node.Spec.Taints, model.Spec.Tolerations, func(t *corev1.Taint) bool {
			for _, e := range effects {
				if t.Effect == e {
					return true
				}
			}
			return false
		}, true)
		return !bad
	}
	stay := tolerated(corev1.TaintEffectNoExecute)
	return fit{run: stay && tolerated(corev1.TaintEffectNoSchedule), stay: stay}
}

// podFor is the set's pod for a node; "" gives the model that fitOn judges.
func (s *daemonSync) podFor(node string) *corev1.Pod {
	pod := podFromTemplate(&s.set.Spec.Template, s.set)
	pod.Labels = withLabel(pod.Labels, appsv1.DefaultDaemonSetUniqueLabelKey, s.hash())
	if generation := s.set.Annotations[appsv1.DeprecatedTemplateGeneration]; generation != "" {
		pod.Labels[templateGenerationLabel] = generation
	}
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, daemonTolerations(pod.Spec.HostNetwork)...)
	if node != "" {
		pin(&pod.Spec, node)
	}
	return pod
}

// daemonTolerations let a daemon run where other pods may not: on nodes that
// are not ready, unreachable, cordoned or under pressure.
func daemonTolerations(hostNetwork bool) []corev1.Toleration {
	out := []corev1.Toleration{
		{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		{Key: corev1.TaintNodeDiskPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeMemoryPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodePIDPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	}
	if hostNetwork {
		out = append(out, corev1.Toleration{Key: corev1.TaintNodeNetworkUnavailable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule})
	}
	return out
}

// pin has the scheduler place a pod on one node: the name of the node takes the
// place of the required terms of its affinity.
func pin(spec *corev1.PodSpec, node string) {
	name := []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}}
	if spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	if spec.Affinity.NodeAffinity == nil {
		spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	// the terms that the template asks for were checked when the node was chosen
	spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: name}},
	}
}

// nodeOf is the node that a daemon's pod is on, or is meant for.
func nodeOf(pod *corev1.Pod) string {
	if pod.Spec.NodeName != "" {
		return pod.Spec.NodeName
	}
	return meantFor(pod)
}

// meantFor is the node that a daemon's pod is pinned to by its affinity.
func meantFor(pod *corev1.Pod) string {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return ""
	}
	required := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return ""
	}
	for _, term := range required.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == metav1.ObjectNameField && f.Operator == corev1.NodeSelectorOpIn && len(f.Values) == 1 {
				return f.Values[0]
			}
		}
	}
	return ""
}
