// Package plugins holds kube-scheduler's default plugins, one per file, and
// the default profile that puts them together.
//
// Each plugin has the real one's name, weight, normalisation, codes and reason
// texts (v1.36). A plugin looks at the CycleState, the pod and one node, and at
// nothing else: no clock, no API.
package plugins

import (
	"slices"

	v1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"

	"minisim/sim/scheduler/framework"
)

// quiet is the logger that Kubernetes' helpers ask for.
var quiet = klog.Logger{}

// repels reports whether a taint keeps pods from being scheduled at all.
func repels(t *v1.Taint) bool {
	return t.Effect == v1.TaintEffectNoSchedule || t.Effect == v1.TaintEffectNoExecute
}

// untolerated returns the first of the node's NoSchedule or NoExecute taints
// that the pod does not tolerate.
func untolerated(pod *v1.Pod, node *v1.Node) (v1.Taint, bool) {
	if len(node.Spec.Taints) == 0 {
		return v1.Taint{}, false
	}
	return corev1helpers.FindMatchingUntoleratedTaint(quiet, node.Spec.Taints, pod.Spec.Tolerations, repels, false)
}

// nodeOnly is embedded by plugins whose answer depends on the pod and the node
// alone.
type nodeOnly struct{}

// DependsOn implements framework.Dependent.
func (nodeOnly) DependsOn(*framework.PodInfo) ([]framework.Epoch, bool) { return nil, true }

// storageIfClaims is what plugins depend on that look at the pod's claims.
func storageIfClaims(pod *framework.PodInfo) []framework.Epoch {
	if len(pod.Claims) == 0 {
		return nil
	}
	return []framework.Epoch{framework.EpochStorage}
}

// concerns reports whether a storage event is about one of the pod's claims or
// about storage at large.
func concerns(pod *framework.PodInfo, e framework.ClusterEvent) bool {
	return e.Kind != framework.StorageChanged || e.Claim == "" || slices.Contains(pod.Claims, e.Claim)
}

// eachContainer calls f for every init container and container.
func eachContainer(pod *v1.Pod, f func(*v1.Container)) {
	for i := range pod.Spec.InitContainers {
		f(&pod.Spec.InitContainers[i])
	}
	for i := range pod.Spec.Containers {
		f(&pod.Spec.Containers[i])
	}
}

// reject is a plugin's rejection that is made once and shared.
func reject(plugin string, code framework.Code, reason string) *framework.Status {
	return &framework.Status{Code: code, Plugin: plugin, Reasons: []string{reason}}
}
