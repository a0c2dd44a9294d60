package printers

import (
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

var nodes = map[reflect.Type]printer{
	reflect.TypeFor[*corev1.Node](): of(columns("Name|Status|Roles|Age|Version|Internal-IP*|External-IP*|OS-Image*|Kernel-Version*|Container-Runtime*", map[string]string{
		"Status": "Whether the node is ready, and whether it takes new pods.", "Roles": "What the node is for.",
		"Version":           corev1.NodeSystemInfo{}.SwaggerDoc()["kubeletVersion"],
		"Internal-IP":       corev1.NodeStatus{}.SwaggerDoc()["addresses"],
		"External-IP":       corev1.NodeStatus{}.SwaggerDoc()["addresses"],
		"OS-Image":          corev1.NodeSystemInfo{}.SwaggerDoc()["osImage"],
		"Kernel-Version":    corev1.NodeSystemInfo{}.SwaggerDoc()["kernelVersion"],
		"Container-Runtime": corev1.NodeSystemInfo{}.SwaggerDoc()["containerRuntimeVersion"],
	}), func(n *corev1.Node, now time.Time) []any {
		info := n.Status.NodeInfo
		kernel := or(info.KernelVersion, unknown)
		if info.Architecture != "" {
			kernel += " (" + info.Architecture + ")"
		}
		return []any{
			n.Name, nodeStatus(n), or(strings.Join(roles(n), ","), none), age(n, now), info.KubeletVersion,
			address(n, corev1.NodeInternalIP), address(n, corev1.NodeExternalIP), or(info.OSImage, unknown), kernel, or(info.ContainerRuntimeVersion, unknown),
		}
	}),
	reflect.TypeFor[*corev1.Namespace](): of(columns("Name|Status|Age", map[string]string{
		"Status": "Whether the namespace is in use or being emptied.",
	}), func(n *corev1.Namespace, now time.Time) []any {
		return []any{n.Name, string(n.Status.Phase), age(n, now)}
	}),
}

func nodeStatus(n *corev1.Node) string {
	status := "Unknown"
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			status = "NotReady"
			if c.Status == corev1.ConditionTrue {
				status = "Ready"
			}
		}
	}
	if n.Spec.Unschedulable {
		status += ",SchedulingDisabled"
	}
	return status
}

// roles are those that a node's labels give it: node-role.kubernetes.io/ROLE or kubernetes.io/role=ROLE.
func roles(n *corev1.Node) []string {
	var out []string
	for k, v := range n.Labels {
		if role, ok := strings.CutPrefix(k, "node-role.kubernetes.io/"); ok && role != "" {
			out = append(out, role)
		} else if k == "kubernetes.io/role" && v != "" {
			out = append(out, v)
		}
	}
	return sorted(out)
}

func address(n *corev1.Node, t corev1.NodeAddressType) string {
	for _, a := range n.Status.Addresses {
		if a.Type == t {
			return a.Address
		}
	}
	return none
}
