package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
)

func TestNodeName(t *testing.T) {
	w := world{nodes: []*v1.Node{aNode("a"), aNode("b")}}
	checkFilter(t, NodeName{}, w, aPod("p"), fits, fits)
	named := aPod("p", func(p *v1.Pod) { p.Spec.NodeName = "b" })
	checkFilter(t, NodeName{}, w, named, unresolvable("node(s) didn't match the requested node name"), fits)
}
