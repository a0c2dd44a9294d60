package plugins

import (
	"testing"

	v1 "k8s.io/api/core/v1"
)

func TestTaintTolerationFilter(t *testing.T) {
	w := world{nodes: []*v1.Node{
		aNode("a"),
		aNode("b", tainted("dedicated", "db", v1.TaintEffectNoSchedule)),
		aNode("c", tainted("dedicated", "db", v1.TaintEffectNoExecute)),
		aNode("d", tainted("dedicated", "db", v1.TaintEffectPreferNoSchedule)),
	}}
	no := unresolvable("node(s) had untolerated taint(s)")
	for name, c := range map[string]struct {
		toleration v1.Toleration
		b, c       verdict
	}{
		"none":            {v1.Toleration{Key: "other", Operator: v1.TolerationOpExists}, no, no},
		"equal":           {v1.Toleration{Key: "dedicated", Operator: v1.TolerationOpEqual, Value: "db"}, fits, fits},
		"equal is usual":  {v1.Toleration{Key: "dedicated", Value: "db"}, fits, fits},
		"another value":   {v1.Toleration{Key: "dedicated", Value: "web"}, no, no},
		"exists":          {v1.Toleration{Key: "dedicated", Operator: v1.TolerationOpExists}, fits, fits},
		"one effect only": {v1.Toleration{Key: "dedicated", Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoExecute}, no, fits},
		"the empty key":   {v1.Toleration{Operator: v1.TolerationOpExists}, fits, fits},
	} {
		t.Run(name, func(t *testing.T) {
			checkFilter(t, TaintToleration{}, w, aPod("p", tolerates(c.toleration)), fits, c.b, c.c, fits)
		})
	}
}

func TestTaintTolerationScore(t *testing.T) {
	prefer := v1.TaintEffectPreferNoSchedule
	w := world{nodes: []*v1.Node{
		aNode("a"),
		aNode("b", tainted("slow", "disk", prefer)),
		aNode("c", tainted("slow", "disk", prefer), tainted("old", "", prefer), tainted("far", "", prefer)),
	}}
	for name, c := range map[string]struct {
		pod             *v1.Pod
		raw, normalized []int64
	}{
		"none tolerated": {aPod("p"), []int64{0, 1, 3}, []int64{100, 67, 0}},
		"all tolerated":  {aPod("p", tolerates(v1.Toleration{Operator: v1.TolerationOpExists})), []int64{0, 0, 0}, []int64{100, 100, 100}},
		"one tolerated":  {aPod("p", tolerates(v1.Toleration{Key: "slow", Operator: v1.TolerationOpExists, Effect: prefer})), []int64{0, 0, 2}, []int64{100, 100, 0}},
		"tolerations of other effects do not count": {aPod("p", tolerates(v1.Toleration{Key: "slow", Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoSchedule})), []int64{0, 1, 3}, []int64{100, 67, 0}},
	} {
		t.Run(name, func(t *testing.T) { checkScores(t, TaintToleration{}, w, c.pod, c.raw, c.normalized) })
	}
}
