package scheduler_test

import (
	"strings"
	"testing"

	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
	"minisim/sim/scheduler/snapshot"
)

// whyNodes are three nodes, the third for databases only.
const whyNodes = `
- {apiVersion: v1, kind: Node, metadata: {name: a, labels: {zone: one}}, status: {allocatable: {cpu: "2", memory: 4Gi, pods: "10"}}}
- {apiVersion: v1, kind: Node, metadata: {name: b, labels: {zone: two}}, status: {allocatable: {cpu: "2", memory: 4Gi, pods: "10"}}}
- {apiVersion: v1, kind: Node, metadata: {name: c}, spec: {taints: [{key: dedicated, value: db, effect: NoSchedule}]}, status: {allocatable: {cpu: "8", memory: 8Gi, pods: "10"}}}
- {apiVersion: v1, kind: Pod, metadata: {name: on-a, namespace: default}, spec: {nodeName: a, containers: [{name: c, image: x, resources: {requests: {cpu: 1500m, memory: 1Gi}}}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: on-b, namespace: default}, spec: {nodeName: b, containers: [{name: c, image: x, resources: {requests: {cpu: 1700m, memory: 1Gi}}}]}}
`

func TestWhy(t *testing.T) {
	for name, c := range map[string]struct{ objects, want string }{
		"too little": {`{containers: [{name: c, image: x, resources: {requests: {cpu: 700m}}}]}`,
			"is Pending: needs 700m CPU; 2 nodes have too little (at most 500m free), 1 has taint dedicated=db"},
		"two resources": {`{nodeSelector: {zone: one}, containers: [{name: c, image: x, resources: {requests: {cpu: 700m, memory: 3500Mi}}}]}`,
			"is Pending: needs 700m CPU and 3500Mi memory; 1 node has too little CPU (500m free) and memory (3Gi free), 1 lacks label zone=one, 1 has taint dedicated=db"},
		"never": {`{containers: [{name: c, image: x, resources: {requests: {cpu: "3"}}}]}`,
			"is Pending: needs 3 CPU; 2 nodes have too little (at most 2 even when empty), 1 has taint dedicated=db"},
		"an unknown resource": {`{tolerations: [{operator: Exists}], containers: [{name: c, image: x, resources: {requests: {"example.com/gpu": "1"}}}]}`,
			"is Pending: needs 1 example.com/gpu; 3 nodes have too little (none at all)"},
		"labels": {`{nodeSelector: {disk: ssd}, containers: [{name: c, image: x}]}`,
			"is Pending: 2 nodes lack label disk=ssd, 1 has taint dedicated=db"},
		"preemption": {`{priority: 7, nodeSelector: {zone: two}, containers: [{name: c, image: x, resources: {requests: {cpu: "1"}}}]}`,
			"1 has taint dedicated=db; b is to be freed for it: default/on-b must go (priority 0 is below 7)"},
		"a choice of victims": {`{priority: 7, containers: [{name: c, image: x, resources: {requests: {cpu: "1"}}}]}`,
			"must go (priority 0 is below 7; of 2 nodes 2 are equally good)"},
		"gates": {`{schedulingGates: [{name: wait}], containers: [{name: c, image: x}]}`,
			"is Pending: waiting for scheduling gates: [wait]"},
		"no such claim": {`{volumes: [{name: v, persistentVolumeClaim: {claimName: data}}], containers: [{name: c, image: x}]}`,
			`is Pending: persistentvolumeclaim "data" not found`},
		"the only one": {`{nodeSelector: {zone: one}, containers: [{name: c, image: x}]}`,
			"goes to a, the only node that it fits on; 1 node lacks label zone=one, 1 has taint dedicated=db"},
		"the better one": {`{containers: [{name: c, image: x, resources: {requests: {cpu: 100m, memory: 1Gi}}}]}`,
			"goes to a with 415 points, 5 more than b (NodeResourcesFit +5)"},
		"toleration": {`{tolerations: [{operator: Exists}], containers: [{name: c, image: x, resources: {requests: {cpu: 700m}}}]}`,
			"goes to c, the only node that it fits on; needs 700m CPU; 2 nodes have too little (at most 500m free)"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "apiVersion: v1\nkind: List\nitems:" + whyNodes +
				"- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: default}, spec: " + c.objects + "}\n"
			cluster, err := snapshot.Load(snapshot.File{Text: []byte(text)})
			if err != nil {
				t.Fatal(err)
			}
			got := framework.Decide(plugins.DefaultProfile().Evaluate(cluster.View, cluster.Pending[0])).Table().Why()
			if !strings.HasPrefix(got, "default/p ") || !strings.HasSuffix(got, c.want) {
				t.Errorf("%s\nwant …%s", got, c.want)
			}
		})
	}
}

func TestWhyWithoutNodes(t *testing.T) {
	d := framework.Decide(plugins.DefaultProfile().Evaluate(framework.NewSnapshot(), framework.NewPodInfo(livePod("web", "2")))).Table()
	if got := d.Why(); got != "default/web is Pending: no nodes available to schedule pods" {
		t.Error(got)
	}
}
