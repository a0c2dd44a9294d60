package framework

import (
	"maps"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
)

// sameTopology reports whether two versions of a node have the same labels,
// taints and cordon.
func sameTopology(a, b *v1.Node) bool {
	return a.Spec.Unschedulable == b.Spec.Unschedulable && maps.Equal(a.Labels, b.Labels) &&
		slices.EqualFunc(a.Spec.Taints, b.Spec.Taints, func(x, y v1.Taint) bool {
			return x.Key == y.Key && x.Value == y.Value && x.Effect == y.Effect
		})
}

// sameNode reports whether two versions of a node differ in nothing that a
// rule looks at.
func sameNode(a, b *v1.Node) bool {
	return sameTopology(a, b) &&
		maps.EqualFunc(a.Status.Allocatable, b.Status.Allocatable, func(x, y resource.Quantity) bool { return x.Cmp(y) == 0 }) &&
		slices.EqualFunc(a.Status.Images, b.Status.Images, func(x, y v1.ContainerImage) bool {
			return x.SizeBytes == y.SizeBytes && slices.Equal(x.Names, y.Names)
		})
}

// samePod reports whether two versions of a bound pod differ in nothing that a
// rule counts. A changed spec shows in the generation, where there is one.
func samePod(a, b *v1.Pod) bool {
	if a.UID != b.UID || (a.DeletionTimestamp == nil) != (b.DeletionTimestamp == nil) || !maps.Equal(a.Labels, b.Labels) {
		return false
	}
	if a.Generation != b.Generation || a.Generation == 0 && !sameSpec(&a.Spec, &b.Spec) {
		return false
	}
	return slices.EqualFunc(resized(a), resized(b), func(x, y *v1.ResourceRequirements) bool {
		return equality.Semantic.DeepEqual(x, y)
	})
}

func sameSpec(a, b *v1.PodSpec) bool {
	x, y := *a, *b
	x.NodeName, y.NodeName = "", ""
	return equality.Semantic.DeepEqual(&x, &y)
}

// resized lists the resources that the containers' status reports.
func resized(pod *v1.Pod) []*v1.ResourceRequirements {
	var out []*v1.ResourceRequirements
	for _, list := range [][]v1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			if r := list[i].Resources; r != nil {
				out = append(out, r)
			}
		}
	}
	return out
}
