package snapshot

import (
	"slices"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
)

func TestLoad(t *testing.T) {
	c, err := Load([]byte(`
# a comment only
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: a}, status: {capacity: {cpu: "2", pods: "5"}, nodeInfo: {surprise: 1}}}
- {apiVersion: v1, kind: Pod, metadata: {name: bound}, spec: {nodeName: a, containers: [{name: c, image: x}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: done}, spec: {nodeName: a, containers: [{name: c, image: x}]}, status: {phase: Succeeded}}
- {apiVersion: v1, kind: Pod, metadata: {name: homeless}, spec: {nodeName: nowhere, containers: [{name: c, image: x}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: leaving, deletionTimestamp: "2026-01-01T00:00:00Z"}, spec: {containers: [{name: c, image: x}]}}
- {apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}
---
apiVersion: v1
kind: Pod
metadata: {name: waits, namespace: other}
spec: {priorityClassName: high, containers: [{name: c, image: x}]}
status: {nominatedNodeName: a}
`), []byte(`{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"high"},"value":7,"preemptionPolicy":"Never"}`))
	if err != nil {
		t.Fatal(err)
	}
	node := c.View.Node("a")
	if node == nil || node.Allocatable.MilliCPU != 2000 || len(node.Pods) != 1 || node.Pods[0].Key != "default/bound" {
		t.Errorf("node %+v", node)
	}
	if len(c.View.Nodes()) != 1 || len(c.Pending) != 1 || c.Pending[0].Key != "other/waits" {
		t.Fatalf("%d nodes, pending %v", len(c.View.Nodes()), c.Pending)
	}
	p := c.Pending[0]
	if p.Priority != 7 || *p.Pod.Spec.PreemptionPolicy != v1.PreemptNever || p.Pod.Spec.SchedulerName != "default-scheduler" {
		t.Errorf("priority %d, %+v", p.Priority, p.Pod.Spec)
	}
	if got := c.View.Nominated("a"); len(got) != 1 || got[0] != p {
		t.Errorf("nominated %v", got)
	}
	want := []string{
		"1 object(s) of kind example.com/v1 Widget left out: the scheduler does not look at them",
		`Node: unknown field "status.nodeInfo.surprise" (1 times), ignored`,
	}
	if !slices.Equal(c.Notes, want) {
		t.Errorf("notes %q", c.Notes)
	}
}

func TestLaterDocumentsReplaceEarlierOnes(t *testing.T) {
	node := []byte(`{apiVersion: v1, kind: Node, metadata: {name: a}, status: {allocatable: {cpu: "2"}}}`)
	waits := []byte(`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: x}]}}`)
	bound := []byte(`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: a, containers: [{name: c, image: x}]}}`)
	c, err := Load(node, waits, bound)
	if err != nil || len(c.Pending) != 0 || len(c.View.Node("a").Pods) != 1 {
		t.Errorf("bound at last: %v, pending %v", err, c.Pending)
	}
	c, err = Load(node, bound, waits)
	if err != nil || len(c.Pending) != 1 || len(c.View.Node("a").Pods) != 0 {
		t.Errorf("waiting at last: %v, pending %v", err, c.Pending)
	}
}

func TestDefaults(t *testing.T) {
	c, err := Load([]byte(`
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {version: "2"}}
spec:
  hostNetwork: true
  initContainers: [{name: i, image: x, resources: {limits: {cpu: "3"}}}]
  containers: [{name: c, image: x, ports: [{containerPort: 80}], resources: {limits: {cpu: "1", memory: 1Gi}, requests: {cpu: 500m}}}]
  affinity:
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - {topologyKey: kubernetes.io/hostname, labelSelector: {}, matchLabelKeys: [version, missing]}
      preferredDuringSchedulingIgnoredDuringExecution:
      - {weight: 1, podAffinityTerm: {topologyKey: x, labelSelector: {}, mismatchLabelKeys: [version]}}
---
apiVersion: v1
kind: Pod
metadata: {name: q}
spec: {resources: {limits: {cpu: "4", memory: 2Gi}}, containers: [{name: c, image: x, resources: {requests: {cpu: "1"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: r}
spec: {priorityClassName: system-node-critical, containers: [{name: c, image: x}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	p, q, r := c.Pending[0], c.Pending[1], c.Pending[2]
	if p.Request.MilliCPU != 3000 || p.Request.Memory != 1<<30 {
		t.Errorf("limits stand for requests: %+v", p.Request)
	}
	if len(p.HostPorts) != 1 || p.HostPorts[0].Port != 80 {
		t.Errorf("host ports %v", p.HostPorts)
	}
	if got := p.RequiredAntiAffinity[0].Selector.String(); got != "version in (2)" {
		t.Errorf("matchLabelKeys: %s", got)
	}
	if got := p.PreferredAntiAffinity[0].Selector.String(); got != "version notin (2)" {
		t.Errorf("mismatchLabelKeys: %s", got)
	}
	if q.Request.MilliCPU != 1000 || q.Request.Memory != 2<<30 {
		t.Errorf("pod level: %+v", q.Request)
	}
	if r.Priority != 2000001000 {
		t.Errorf("priority %d", r.Priority)
	}
}

func TestFaultsTellWhere(t *testing.T) {
	for text, want := range map[string]string{
		"a: [":                           "document 1",
		"apiVersion: v1\n---\nkind: 5\n": "document 1: an object without kind",
		"just text":                      "document 1: not a Kubernetes object",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: 5}":               "Pod /p",
		"apiVersion: v1\nkind: Node\nmetadata: {name: a}\nstatus: {allocatable: {cpu: lots}}": "Node /a",
	} {
		if _, err := Load([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if c, err := Load(); err != nil || len(c.View.Nodes()) != 0 {
		t.Errorf("nothing: %v", err)
	}
}
