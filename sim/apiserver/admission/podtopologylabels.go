package admission

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// podTopologyLabels has a binding bring its node's zone and region, so that the
// pod bears them as labels.
func podTopologyLabels(a *Attributes, o Objects) (string, error) {
	b, ok := a.Object.(*corev1.Binding)
	if !ok || a.Resource != api.Pods {
		return "", nil
	}
	node, ok := o.Get(api.Nodes, api.Key{Name: b.Target.Name}).(*corev1.Node)
	if !ok {
		return "", nil
	}
	var set []string
	for _, key := range [...]string{corev1.LabelTopologyRegion, corev1.LabelTopologyZone} {
		v, ok := node.Labels[key]
		if !ok {
			continue
		}
		if b.Labels == nil {
			b.Labels = map[string]string{}
		}
		b.Labels[key] = v
		set = append(set, key+"="+v)
	}
	if len(set) == 0 {
		return "", nil
	}
	slices.Sort(set)
	return "labels " + strings.Join(set, ", "), nil
}
