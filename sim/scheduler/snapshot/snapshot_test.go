package snapshot

import (
	"slices"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
)

// load reads files without names.
func load(texts ...string) (*Cluster, error) {
	var files []File
	for _, text := range texts {
		files = append(files, File{Text: []byte(text)})
	}
	return Load(files...)
}

func TestLoad(t *testing.T) {
	c, err := load(`
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
- {apiVersion: example.com/v1, kind: Gadget, metadata: {name: v}}
- {apiVersion: example.com/v1, kind: Gadget, metadata: {name: w}}
- {apiVersion: v1, kind: Pod, metadata: {name: hollow}, spec: {nodeName: a, image: x, containers: []}, status: {phase: Failed}}
- {apiVersion: v1, kind: Pod, metadata: {name: full}, spec: {image: x, containers: [{name: c, image: x}]}, status: {phase: Failed}}
---
apiVersion: v1
kind: Pod
metadata: {name: waits, namespace: other}
spec: {priorityClassName: high, containers: [{name: c, image: x}]}
status: {nominatedNodeName: a}
`, `{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"high"},"value":7,"preemptionPolicy":"Never"}`)
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
		"1 object of kind example.com/v1 Widget left out: the scheduler looks at none of this kind",
		"1 pod without containers, which the API server would refuse: default/hollow",
		"2 objects of kind example.com/v1 Gadget left out: the scheduler looks at none of this kind",
		"Node status.nodeInfo.surprise in 1 object ignored: there is no such field",
		"Pod spec.image in 2 objects ignored: there is no such field",
	}
	if !slices.Equal(c.Notes, want) {
		t.Errorf("notes %q", c.Notes)
	}
}

func TestLaterDocumentsReplaceEarlierOnes(t *testing.T) {
	node := `{apiVersion: v1, kind: Node, metadata: {name: a}, status: {allocatable: {cpu: "2"}}}`
	waits := `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: x}]}}`
	bound := `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: a, containers: [{name: c, image: x}]}}`
	c, err := load(node, waits, bound)
	if err != nil || len(c.Pending) != 0 || len(c.View.Node("a").Pods) != 1 {
		t.Errorf("bound at last: %v, pending %v", err, c.Pending)
	}
	c, err = load(node, bound, waits)
	if err != nil || len(c.Pending) != 1 || len(c.View.Node("a").Pods) != 0 {
		t.Errorf("waiting at last: %v, pending %v", err, c.Pending)
	}
}

func TestDefaults(t *testing.T) {
	c, err := load(`
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
`)
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
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n"
	for text, want := range map[string]string{
		"":                               "pods.yaml: there is no object in it",
		"# a comment\n---\n":             "pods.yaml: there is no object in it",
		"a: [":                           "pods.yaml: document 1: ",
		"apiVersion: v1\n---\nkind: 5\n": `pods.yaml: document 1: an object without kind (name "")`,
		"kind: 5":                        "pods.yaml: document 1 is not a Kubernetes object: kind: must be text, not 5",
		"just text":                      `pods.yaml: document 1 is not a Kubernetes object: must be a mapping, not "just text"`,
		pod + "spec: {containers: 5}":    "pods.yaml: document 1: Pod shop/p: spec.containers: must be a list, not 5",
		"apiVersion: v1\nkind: Node\nmetadata: {name: a}\nstatus: {allocatable: {cpu: lots}}":                                                                           `pods.yaml: document 1: Node a: status.allocatable.cpu: "lots" is no quantity such as 500m, 2 or 1Gi`,
		pod + "---\nkind: List\nitems: [{kind: Other}, {apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {containers: [{resources: {requests: {cpu: 1 core}}}]}}]": `pods.yaml: document 2, item 2: Pod q: spec.containers[0].resources.requests.cpu: "1 core" is no quantity such as 500m, 2 or 1Gi`,
	} {
		if _, err := Load(File{Name: "pods.yaml", Text: []byte(text)}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{"kind: List\nitems: []", `{"kind":"List","items":[]}`} {
		if c, err := load(text); err != nil || len(c.View.Nodes()) != 0 {
			t.Errorf("%s: %v", text, err)
		}
	}
}
