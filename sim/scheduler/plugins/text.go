package plugins

import (
	"fmt"
	"maps"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// labelText tells what a node has under a label key.
func labelText(node *v1.Node, key string) string {
	if value, ok := node.Labels[key]; ok {
		return fmt.Sprintf("the node has %s=%s", key, value)
	}
	return fmt.Sprintf("the node has no label %s", key)
}

// amount writes a resource amount as Kubernetes does: 500m, 2, 1Gi, 3.
func amount(name v1.ResourceName, n int64) string {
	switch name {
	case v1.ResourceCPU:
		return resource.NewMilliQuantity(n, resource.DecimalSI).String()
	case v1.ResourceMemory, v1.ResourceEphemeralStorage:
		return resource.NewQuantity(n, resource.BinarySI).String()
	}
	return resource.NewQuantity(n, resource.DecimalSI).String()
}
