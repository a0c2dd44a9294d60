package whatif

import (
	"slices"
	"strings"
	"testing"

	"minisim/sim/scheduler/config"
	"minisim/sim/scheduler/framework"
	"minisim/sim/scheduler/plugins"
	"minisim/sim/scheduler/snapshot"
)

const nodes = `
apiVersion: v1
kind: Node
metadata: {name: a, labels: {kubernetes.io/hostname: a, disk: hdd}}
status: {allocatable: {cpu: "2", memory: 4Gi, pods: "10"}}
---
apiVersion: v1
kind: Node
metadata: {name: b, labels: {kubernetes.io/hostname: b, disk: hdd}}
spec: {taints: [{key: dedicated, value: db, effect: NoSchedule}]}
status: {allocatable: {cpu: "4", memory: 8Gi, pods: "10"}}
---
apiVersion: v1
kind: Pod
metadata: {name: big}
spec: {nodeName: a, containers: [{name: c, image: x, resources: {requests: {cpu: 1500m}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: small}
spec: {nodeName: a, containers: [{name: c, image: x, resources: {requests: {cpu: 100m}}}]}
---
`

const volumeInZoneTwo = `
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv, labels: {topology.kubernetes.io/zone: two}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, annotations: {pv.kubernetes.io/bind-completed: "yes"}}
spec: {volumeName: pv}
---
`

func load(t *testing.T, text string) *snapshot.Cluster {
	t.Helper()
	c, err := snapshot.Load(snapshot.File{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pod(name, spec string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", labels: {app: web}}\nspec: " + spec + "\n---\n"
}

func TestFixes(t *testing.T) {
	for name, c := range map[string]struct {
		nodes, pod string
		want       []string // kind: text
	}{
		"too large": {nodes, pod("p", `{containers: [{name: c, image: x, resources: {requests: {cpu: 700m}}}]}`), []string{
			"toleration: let the pod tolerate dedicated=db:NoSchedule",
			"request: lower the cpu request of container c from 700m to 400m",
			"free: remove default/big from a",
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory",
		}},
		"wrong label": {nodes, pod("p", `{nodeSelector: {disk: ssd}, containers: [{name: c, image: x}]}`), []string{
			"label: label node a with disk=ssd",
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory, labelled disk=ssd",
		}},
		"wrong label by affinity": {nodes, pod("p", `{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: gpu, operator: Exists}]}]}}}, containers: [{name: c, image: x}]}`), []string{
			"label: label node a with gpu=true",
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory, labelled gpu=true",
		}},
		"port taken": {strings.ReplaceAll(nodes, "image: x, resources", "image: x, ports: [{containerPort: 80, hostPort: 80}], resources"), pod("p", `{tolerations: [{key: none}], containers: [{name: c, image: x, ports: [{containerPort: 80, hostPort: 80}]}]}`), []string{
			"toleration: let the pod tolerate dedicated=db:NoSchedule",
			"port: do without host port 80; a Service reaches the pod without it",
			"free: remove default/big and default/small from a",
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory",
		}},
		"away from its like": {strings.Replace(nodes, "{name: small}", "{name: small, labels: {app: web}}", 1), pod("p", `{affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}, containers: [{name: c, image: x}]}`), []string{
			"toleration: let the pod tolerate dedicated=db:NoSchedule",
			"free: remove default/small from a",
			"prefer: prefer, not require, to be away from pods with app=web per kubernetes.io/hostname",
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory",
		}},
		"near nobody": {nodes, pod("p", `{affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: cache}}}]}}, containers: [{name: c, image: x}]}`), []string{
			"prefer: prefer, not require, to be near pods with app=cache per kubernetes.io/hostname",
		}},
		"unevenly spread": {strings.Replace(nodes, "{name: small}", "{name: small, labels: {app: web}}", 1), pod("p", `{topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}], containers: [{name: c, image: x}]}`), []string{
			"toleration: let the pod tolerate dedicated=db:NoSchedule",
			"free: remove default/small from a",
			"prefer: let the pod be spread over kubernetes.io/hostname as far as possible only (whenUnsatisfiable: ScheduleAnyway)",
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory",
		}},
		"a volume in another zone": {strings.ReplaceAll(nodes, "disk: hdd", "topology.kubernetes.io/zone: one") + volumeInZoneTwo, pod("p", `{volumes: [{name: v, persistentVolumeClaim: {claimName: data}}], containers: [{name: c, image: x}]}`), []string{
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory, labelled topology.kubernetes.io/zone=two",
		}},
		"cordoned": {strings.Replace(nodes, "labels: {kubernetes.io/hostname: a, disk: hdd}}\n", "labels: {kubernetes.io/hostname: a, disk: hdd}}\nspec: {unschedulable: true}\n", 1), pod("p", `{containers: [{name: c, image: x}]}`), []string{
			"uncordon: open a for pods again (it is cordoned)",
			"toleration: let the pod tolerate dedicated=db:NoSchedule",
			"node: add one node like a, without taints, with 2 CPU and 4Gi memory",
		}},
		"it fits": {nodes, pod("p", `{containers: [{name: c, image: x}]}`), nil},
		"nothing is large enough": {nodes, pod("p", `{containers: [{name: c, image: x, resources: {requests: {cpu: "9"}}}]}`), []string{
			"request: lower the cpu request of container c from 9 to 400m",
			"node: add one node like a, without taints, with 9 CPU and 4Gi memory",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := load(t, c.nodes+c.pod)
			var got []string
			for _, f := range Fixes(cluster.View, cluster.Pending[0], plugins.DefaultProfile()) {
				got = append(got, f.Kind+": "+f.Text)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// Looking for fixes must leave the cluster as it was.
func TestFixesChangeNothing(t *testing.T) {
	cluster := load(t, nodes+pod("p", `{containers: [{name: c, image: x, resources: {requests: {cpu: 700m}}}]}`))
	before := framework.Decide(plugins.DefaultProfile().Evaluate(cluster.View, cluster.Pending[0])).Table().Message
	Fixes(cluster.View, cluster.Pending[0], plugins.DefaultProfile())
	after := framework.Decide(plugins.DefaultProfile().Evaluate(cluster.View, cluster.Pending[0])).Table().Message
	if before != after || len(cluster.View.Node("a").Pods) != 2 {
		t.Errorf("%s\nthen %s", before, after)
	}
}

func TestHowMany(t *testing.T) {
	cluster := load(t, nodes+pod("p", `{tolerations: [{operator: Exists}], containers: [{name: c, image: x, resources: {requests: {cpu: 900m}}}]}`))
	got := HowMany(cluster.View, cluster.Pending[0], plugins.DefaultProfile(), 0)
	// Node a has 400m left, b 4 CPUs.
	if got.Fit != 4 || len(got.Nodes) != 1 || got.Nodes[0] != (NodeCount{"b", 4}) {
		t.Errorf("%+v", got)
	}
	if got.Stop == nil || !strings.HasPrefix(got.Stop.FilterMessage, "0/2 nodes are available: 2 Insufficient cpu.") {
		t.Errorf("stopped by %+v", got.Stop)
	}
	if got := HowMany(cluster.View, cluster.Pending[0], plugins.DefaultProfile(), 2); got.Fit != 2 || !got.Limited || got.Stop != nil {
		t.Errorf("limited: %+v", got)
	}
}

func TestScheduleAloneAndInTurn(t *testing.T) {
	request := `{containers: [{name: c, image: x, resources: {requests: {cpu: 300m}}}]}`
	cluster := load(t, nodes+pod("first", request)+pod("second", request)+pod("other", `{schedulerName: somebody, containers: [{name: c, image: x}]}`))
	profiles := map[string]*framework.Profile{framework.DefaultSchedulerName: plugins.DefaultProfile()}
	alone := Schedule(cluster.View, cluster.Pending, profiles)
	if len(alone) != 2 || alone[0].Winner != "a" || alone[1].Winner != "a" {
		t.Errorf("alone: %+v", alone)
	}
	turn := ScheduleInTurn(cluster.View, cluster.Pending, profiles)
	if len(turn) != 2 || turn[0].Winner != "a" || turn[1].Winner != "" {
		t.Errorf("in turn: %s; %s", turn[0].Sentence(), turn[1].Sentence())
	}
	if len(cluster.View.Node("a").Pods) != 2 {
		t.Error("the cluster has changed")
	}
}

func TestCompareLeastWithMostAllocated(t *testing.T) {
	empty := strings.Split(nodes, "---\napiVersion: v1\nkind: Pod")[0] + "---\n"
	empty = strings.Replace(empty, "spec: {taints: [{key: dedicated, value: db, effect: NoSchedule}]}\n", "", 1)
	request := `{containers: [{name: c, image: x, resources: {requests: {cpu: 500m, memory: 1Gi}}}]}`
	cluster := load(t, empty+pod("one", request)+pod("two", request)+pod("three", request)+pod("huge", `{containers: [{name: c, image: x, resources: {requests: {cpu: "9"}}}]}`))
	least := map[string]*framework.Profile{framework.DefaultSchedulerName: plugins.DefaultProfile()}
	c, err := config.Load([]byte(`{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	most := map[string]*framework.Profile{framework.DefaultSchedulerName: c.Profiles[0]}
	got := Compare(cluster.View, cluster.Pending, least, most)
	if got.A.Decisions != 4 || len(got.A.Unscheduled) != 1 || got.A.Spread != 1 || got.B.Spread != 3 || got.A.NodesUsed != 2 || got.B.NodesUsed != 1 || got.B.CPU.Deviation <= got.A.CPU.Deviation {
		t.Errorf("%+v\n%+v", got.A, got.B)
	}
	if d := got.First; d.Number != 2 || d.A.Pod != "default/one" || d.A.Winner != "b" || d.B.Winner != "a" {
		t.Errorf("differ on %+v", d)
	}
	if same := Compare(cluster.View, cluster.Pending, least, least); same.First != nil {
		t.Errorf("the same profile differs from itself on %+v", same.First)
	}
	if got := Contrast(Outcome{View: cluster.View}, Outcome{View: cluster.View, Decisions: []*framework.Decision{{Pod: "p"}}}); got.First == nil || got.First.A != nil {
		t.Errorf("one decision against none: %+v", got.First)
	}
}
