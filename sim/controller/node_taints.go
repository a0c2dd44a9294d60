package controller

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
)

// nodeCondition finds a condition of a node, nil if there is none.
func nodeCondition(n *corev1.Node, t corev1.NodeConditionType) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == t {
			return &n.Status.Conditions[i]
		}
	}
	return nil
}

// nodeStatusOf is the status of a condition of a node, "" if it has none.
func nodeStatusOf(n *corev1.Node, t corev1.NodeConditionType) corev1.ConditionStatus {
	if c := nodeCondition(n, t); c != nil {
		return c.Status
	}
	return ""
}

func nodeReady(n *corev1.Node) bool {
	return nodeStatusOf(n, corev1.NodeReady) == corev1.ConditionTrue
}

// outOfService says whether somebody has vouched, by a taint, that the machine is off for good.
func outOfService(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeOutOfService })
}

func hasTaint(n *corev1.Node, key string, effect corev1.TaintEffect) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == key && t.Effect == effect })
}

// taintsWith are the taints of an effect, in their order.
func taintsWith(n *corev1.Node, effect corev1.TaintEffect) []corev1.Taint {
	var out []corev1.Taint
	for _, t := range n.Spec.Taints {
		if t.Effect == effect {
			out = append(out, t)
		}
	}
	return out
}

// sameTaints says whether two lists name the same taints with the same values, in any order.
func sameTaints(a, b []corev1.Taint) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(t corev1.Taint) bool {
		return !slices.ContainsFunc(b, func(u corev1.Taint) bool { return t.MatchTaint(&u) && t.Value == u.Value })
	})
}

// swapTaints adds and removes taints of a node in one write, whatever else it has.
func swapTaints(c api.Client, name string, now metav1.Time, add, remove []corev1.Taint) (*corev1.Node, error) {
	return api.Patch(c, api.Nodes, api.Key{Name: name}, func(n *corev1.Node) error {
		taints := slices.DeleteFunc(slices.Clone(n.Spec.Taints), func(t corev1.Taint) bool {
			return slices.ContainsFunc(remove, func(r corev1.Taint) bool { return t.MatchTaint(&r) })
		})
		for _, t := range add {
			t.TimeAdded = &now
			if !slices.ContainsFunc(taints, func(have corev1.Taint) bool { return have.MatchTaint(&t) }) {
				taints = append(taints, t)
			}
		}
		n.Spec.Taints = taints
		return nil
	})
}

// wholeSeconds is the virtual time as objects hold it.
func wholeSeconds(p *component.Process) metav1.Time {
	return metav1.NewTime(p.Engine.Clock()).Rfc3339Copy()
}

// tellTaints lists taints as kubectl writes them.
func tellTaints(taints []corev1.Taint) string {
	var out []string
	for _, t := range taints {
		out = append(out, t.ToString())
	}
	return strings.Join(out, ", ")
}
