package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
)

func TestNodeUnschedulable(t *testing.T) {
	cordoned := func(n *v1.Node) { n.Spec.Unschedulable = true }
	w := world{nodes: []*v1.Node{aNode("a"), aNode("b", cordoned)}}
	no := unresolvable("node(s) were unschedulable")
	for name, c := range map[string]struct {
		pod  *v1.Pod
		want verdict
	}{
		"cordoned":               {aPod("p"), no},
		"tolerated":              {aPod("p", tolerates(v1.Toleration{Key: v1.TaintNodeUnschedulable, Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoSchedule})), fits},
		"everything tolerated":   {aPod("p", tolerates(v1.Toleration{Operator: v1.TolerationOpExists})), fits},
		"tolerated when running": {aPod("p", tolerates(v1.Toleration{Key: v1.TaintNodeUnschedulable, Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoExecute})), no},
	} {
		t.Run(name, func(t *testing.T) { checkFilter(t, NodeUnschedulable{}, w, c.pod, fits, c.want) })
	}
}
