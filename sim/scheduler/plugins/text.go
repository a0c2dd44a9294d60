package plugins

import (
	"fmt"
	"maps"
	"slices"

	v1 "k8s.io/api/core/v1"

	"minisim/sim/scheduler/framework"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// labelText tells what a node has under a label key.
func labelText(node *v1.Node, key string) string {
	if value, ok := node.Labels[key]; ok {
		return fmt.Sprintf("the node has %s=%s", key, value)
	}
	return fmt.Sprintf("the node has no label %s", key)
}

// lacksLabel says that a node lacks a label that some rule needs.
func lacksLabel(key string) framework.Cause {
	return framework.Cause{Detail: "the node has no label " + key, Trait: "lacks label " + key}
}

// within names the sort of domain that a topology key stands for, unless that
// is the node itself.
func within(key string) string {
	switch key {
	case v1.LabelHostname:
		return ""
	case v1.LabelTopologyZone:
		return " in its zone"
	case v1.LabelTopologyRegion:
		return " in its region"
	}
	return " under the same " + key
}
