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
	return maps.Equal(a.Labels, b.Labels) && !TaintsChanged(a, b)
}

// sameNode reports whether two versions of a node differ in nothing that a
// rule looks at.
func sameNode(a, b *v1.Node) bool {
	return sameTopology(a, b) && !AllocatableChanged(a, b) &&
		slices.EqualFunc(a.Status.Images, b.Status.Images, func(x, y v1.ContainerImage) bool {
			return x.SizeBytes == y.SizeBytes && slices.Equal(x.Names, y.Names)
		})
}

// SamePod reports whether two versions of a pod differ in nothing that a rule
// looks at, its binding aside. An equal generation vouches for an equal spec.
func SamePod(a, b *v1.Pod) bool {
	if a.UID != b.UID || (a.DeletionTimestamp == nil) != (b.DeletionTimestamp == nil) || !maps.Equal(a.Labels, b.Labels) {
		return false
	}
	if (a.Generation == 0 || a.Generation != b.Generation) && !sameSpec(&a.Spec, &b.Spec) {
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

// TaintsChanged reports whether a node's taints or its cordon differ.
func TaintsChanged(old, now *v1.Node) bool {
	return old.Spec.Unschedulable != now.Spec.Unschedulable || !slices.EqualFunc(old.Spec.Taints, now.Spec.Taints, sameTaint)
}

// AllocatableChanged reports whether a node offers other amounts.
func AllocatableChanged(old, now *v1.Node) bool {
	return !maps.EqualFunc(old.Status.Allocatable, now.Status.Allocatable, sameQuantity)
}

func sameTaint(a, b v1.Taint) bool {
	return a.Key == b.Key && a.Value == b.Value && a.Effect == b.Effect
}

func sameQuantity(a, b resource.Quantity) bool { return a.Cmp(b) == 0 }
