package scenario

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestVerbsAreSortedAndDescribed(t *testing.T) {
	var names []string
	for _, v := range Verbs() {
		names = append(names, v.Name)
		if v.Help == "" || !strings.HasPrefix(v.Usage, v.Name+" ") {
			t.Errorf("%s: usage %q, help %q", v.Name, v.Usage, v.Help)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(Verbs()) {
		t.Errorf("the table is not sorted: %v", names)
	}
}

var someNames = Names{Machines: []string{"master-1", "worker-1", "worker-2"}, Services: []string{"web", "db"}}

func TestCommandsThatAreUnderstood(t *testing.T) {
	for _, text := range []string{
		"cordon worker-1", "cordon node worker-1 worker-2", "cordon node of web", "uncordon worker-1",
		"crash pod of web", "crash pod web-1", "crash kube-scheduler", "crash kube-scheduler after 3 requests", "crash kubelet/worker-1",
		"delete pod web-1", "delete pod/web-1", "delete pod of web", "delete node worker-1", "delete no worker-2", "delete deployment web", "delete svc/web",
		"drain worker-1", "drain node of db", "drain worker-1 --force --ignore-daemonsets", "drain --delete-emptydir-data worker-1", "evict pod of web", "evict web-1",
		`expect ready("web") == 3`, "kill node worker-1", "kill worker-1 worker-2", "kill node worker-1 node worker-2", "kill master master-1", "kill node of web",
		"label node worker-1 a=b", "load web 500m", "load deployment/web 2", "load web 0", "crash metrics-server", "label worker-1 a-", "rollout restart web", "rollout undo deployment/web", "rollout pause web", "rollout resume web",
		"scale web 0", "scale deployment/web --replicas=5", "set image web nginx:2", "set image deployment/web web=nginx:2",
		"start dead node", "start node worker-1 worker-2", "taint node worker-1 a=b:NoSchedule", "taint dead node a:NoExecute", "taint worker-1 a:NoExecute-",
		"untaint worker-1 a", "untaint worker-1 a:NoExecute-", "wait 30s", `wait until ready("web") == 1`,
	} {
		c, err := ParseCommand(text, NewView())
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if err := c.check(someNames); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCommandsThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":      "an empty command",
		"fly":   `there is no verb "fly"`,
		"kil x": `did you mean "kill"?`,

		"cordon": "cordon: which node? (usage: cordon NODE", "cordon node of": "the node of which service?", "cordon worker-7": `there is no node "worker-7"`,
		"cordon node of web now": `what is "now" for?`, "kill worker-1 worker-9": `there is no node "worker-9"`, "kill dead node x": `what is "x" for?`,
		"load web": "for which service, and how much?", "load web lots": `"lots" is not an amount of CPU`, "load web -1": `"-1" is not an amount of CPU`,
		"crash": "which pod?", "crash kube-scheduler soon": "what is to crash", "crash kube-sched": `did you mean "kube-scheduler"?`,
		"crash etcd": "kill a master to take it away", "crash kube-apiserver after 3 requests": "kill a master", "crash pod": "which pod?", "crash pod of wep": `did you mean "web"?`, "crash x after -1 requests": "what is to crash",
		"delete": "delete what?", "delete web-1": `is "web-1" a pod, or what else?`, "delete podz web": `there is no resource "podz"`, "delete deployment": "which deployment?",
		"delete pod web-1 web-2": `what is "web-2" for?`, "delete node worker-7": `there is no node "worker-7"`, "delete pod of wep": `there is no service "wep"`,
		"drain": "which node?", "drain worker-1 worker-2": `what is "worker-2" for?`, "evict": "which pod?", "evict pod of wep": `there is no service "wep"`,
		"expect": "which condition?", "expect ready(": "it ends too early", `expect ready("wep") == 1`: `there is no service "wep"`, "expect 1": "not a yes-or-no question",
		"label worker-1": "which label?", "label worker-1 a": `"a" is not a label`, "label worker-1 a=b=c": "label a=b=c",
		"rollout": "what is to become of the rollout", "rollout redo web": `a rollout cannot "redo"; there are pause, restart, resume, undo`, "rollout restart wep": `there is no service "wep"`,
		"rollout restart pod/x": "a pod has no pods of its own",
		"scale web":             "how many pods?", "scale web many": `"many" is not a number of pods`, "scale web -1": `"-1" is not a number`, "scale web 99999999999": "is not a number of pods",
		"scale podz/web 1": `there is no resource "podz"`,
		"set":              "the image of which service", "set memory web 3": `only an image can be set, not "memory"`, "set image web A:b:c": "is not the name of an image", "set image wep x": `there is no service "wep"`,
		"start": "which node?", "start worker-1 twice": `there is no node "twice"`,
		"taint worker-1": "which taint?", "taint worker-1 a": `"a" is not a taint`, "taint worker-1 a:Never": "the effect must be", "untaint worker-1": "which taint?", "untaint worker-1 :x": "names no taint",
		"wait": "how long?", "wait 30": `"30" is not a time`, "wait -3s": "is negative", "wait until": `"until" is not a time`, `wait until ready("wep") == 1`: `there is no service "wep"`,
	} {
		c, err := ParseCommand(text, NewView())
		if err == nil {
			err = c.check(someNames)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

const shop = `
services:
  web:
    image: nginx:1
    deploy: {replicas: 2, resources: {reservations: {cpus: '0.1', memory: 32M}}}
  db:
    image: redis
x-minisim:
  cluster: {workers: 3}
`

// TestVerbsDoWhatTheySay types one command after the other into a running cluster.
func TestVerbsDoWhatTheySay(t *testing.T) {
	m := begin(t, shop)
	m.to(20 * time.Second)
	node := func(name string) *corev1.Node { return m.View.get(api.Nodes, api.Key{Name: name}).(*corev1.Node) }
	web := func() *appsv1.Deployment {
		return m.View.get(api.Deployments, api.Key{Namespace: "default", Name: "web"}).(*appsv1.Deployment)
	}
	pod := func() string { return m.View.Pods("web")[0].Name }
	image := func() string { return web().Spec.Template.Spec.Containers[0].Image }
	tainted := func(name, key string) bool {
		return slices.ContainsFunc(node(name).Spec.Taints, func(t corev1.Taint) bool { return t.Key == key })
	}
	var before string
	for _, c := range []struct {
		command string
		after   time.Duration // to wait for the effect
		want    func() bool
	}{
		{"cordon worker-1 worker-2", 0, func() bool { return node("worker-1").Spec.Unschedulable && node("worker-2").Spec.Unschedulable }},
		{"uncordon worker-1 worker-2", 0, func() bool { return !node("worker-1").Spec.Unschedulable && !node("worker-2").Spec.Unschedulable }},
		{"taint worker-3 a=b:NoSchedule", 0, func() bool { return tainted("worker-3", "a") }},
		{"taint worker-3 a=c:NoSchedule", 0, func() bool {
			return len(node("worker-3").Spec.Taints) == 1 && node("worker-3").Spec.Taints[0].Value == "c"
		}},
		{"untaint worker-3 a", 0, func() bool { return !tainted("worker-3", "a") }},
		{"label worker-3 disk=ssd", 0, func() bool { return node("worker-3").Labels["disk"] == "ssd" }},
		{"label worker-3 disk-", 0, func() bool { _, has := node("worker-3").Labels["disk"]; return !has }},
		{"scale web 3", 10 * time.Second, func() bool { return m.View.Ready("web") == 3 }},
		{"scale deployment/web --replicas=2", 10 * time.Second, func() bool { return m.View.Replicas("web") == 2 }},
		{"set image web nginx:2", 30 * time.Second, func() bool { return image() == "nginx:2" && m.View.Ready("web") == 2 }},
		{"rollout undo web", 30 * time.Second, func() bool { return image() == "nginx:1" && m.View.Ready("web") == 2 }},
		{"rollout pause web", 0, func() bool { before = pod(); return web().Spec.Paused }},
		{"rollout resume web", 0, func() bool { return !web().Spec.Paused }},
		{"rollout restart web", 30 * time.Second, func() bool {
			return pod() != before && m.View.Ready("web") == 2 && web().Spec.Template.Annotations[restartedAt] != ""
		}},
		{"crash pod of web", 5 * time.Second, func() bool { return m.View.Restarts("web") == 1 }},
		{"crash kube-scheduler", 5 * time.Second, func() bool { return m.said("crash") == "" }}, // at its next request
		{"delete pod of db", 30 * time.Second, func() bool {
			return m.View.Ready("db") == 1 && strings.Contains(m.said("crash"), "kube-scheduler") && strings.Contains(m.said("request"), "delete pod default/db")
		}},
		{"evict pod of db", 20 * time.Second, func() bool {
			return m.View.Ready("db") == 1 && strings.Contains(m.said("request"), "eviction of pod default/db")
		}},
		{"delete service web", 0, func() bool { return m.View.get(api.Services, api.Key{Namespace: "default", Name: "web"}) == nil }},
		{`expect ready("db") == 1`, 0, func() bool { v := m.Verdicts(); return len(v) == 1 && v[0].Held }},
		{"wait 7s", 7 * time.Second, func() bool { return !m.Busy() }},
		{"wait until nodeReady(\"worker-1\")", 0, func() bool { return !m.Busy() }},
		{"drain node of db", 30 * time.Second, func() bool { return !m.Busy() && m.View.Ready("db") == 1 }},
		{"kill worker-1 worker-2", time.Minute, func() bool { return !m.View.NodeReady("worker-1") && !m.View.NodeReady("worker-2") }},
		{"start worker-1", 20 * time.Second, func() bool { return m.View.NodeReady("worker-1") && !m.View.NodeReady("worker-2") }},
		{"delete node worker-2", time.Second, func() bool { return m.View.get(api.Nodes, api.Key{Name: "worker-2"}) == nil }},
		{"start dead node", 20 * time.Second, func() bool { return m.View.NodeReady("worker-2") }},
	} {
		if err := m.Type(c.command); err != nil {
			t.Fatalf("%s: %v", c.command, err)
		}
		for end := m.Cluster.Engine.Now() + c.after; m.Cluster.Engine.Now() < end; {
			if _, err := m.Cluster.Engine.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if !c.want() {
			t.Fatalf("%s: had not the effect that it should have\n%s", c.command, m.said("verb"))
		}
	}
}

func TestVerbsThatFail(t *testing.T) {
	m := begin(t, shop)
	m.to(20 * time.Second)
	for command, want := range map[string]string{
		"start worker-1": "machine worker-1 runs already", "start dead node": "no machine is off", "kill nobody": `there is no node "nobody"`,
		"untaint worker-1 a": `node worker-1 has no taint "a"`, "scale daemonset/web 3": "not found", "scale nothing 3": "service nothing has no workload",
		"rollout undo web": "no rollout history found", "rollout resume web": "is not paused already", "set image web other=nginx:2": `web has no container "other"`,
		"delete pod nobody": "not found", "delete deployment nobody": "not found", "evict pod nobody": "not found", "crash pod nobody": "not found", "crash nothing": "there is no program",
	} {
		if err := m.Type(command); err == nil {
			t.Errorf("%s did not fail", command)
		}
		if got := m.said("verb"); !strings.Contains(got[strings.LastIndex(got, "\n")+1:], want) {
			t.Errorf("%s: told %q, want %s", command, got[strings.LastIndex(got, "\n")+1:], want)
		}
	}
	if m.failures != 0 {
		t.Error("slips of the hand are counted as failures of the run")
	}
}

// TestRepeatedCommandsBeginAnew plays commands that remember something more than once.
func TestRepeatedCommandsBeginAnew(t *testing.T) {
	m := begin(t, shop+"  timeline: [{at: 10s, every: 60s, times: 2, do: [wait 5s, scale web 1, wait 5s, scale web 2]}]\n")
	m.finish()
	for _, want := range []string{"15s $ scale web 1", "20s $ scale web 2", "1m15s $ scale web 1", "1m20s $ scale web 2"} {
		if !strings.Contains(m.said("verb"), want) {
			t.Errorf("%q is missing in\n%s", want, m.said("verb"))
		}
	}
}

// TestDrainOfADeadNodeGivesUp: nobody there can say that the pods have ended.
func TestDrainOfADeadNodeGivesUp(t *testing.T) {
	m := begin(t, `
services:
  web: {image: nginx}
x-minisim:
  cluster: {workers: 1}
  timeline:
    - at: 20s
      do: [kill node worker-1, drain worker-1]
`)
	if end := m.finish(); end.Failures != 1 || !strings.Contains(m.said("verb"), "1 pod still on worker-1 after 1h0m0s") {
		t.Errorf("%d failures: %s", end.Failures, m.said("verb"))
	}
}

// TestDrainKeepsKubectlsRules: what would be lost is not evicted unless somebody says so, and what stays is told.
func TestDrainKeepsKubectlsRules(t *testing.T) {
	const file = `
services:
  web: {image: nginx}
  agent: {image: agent, deploy: {mode: global}}
  cache: {image: redis, tmpfs: [/tmp]}
x-minisim:
  cluster: {workers: 1}
`
	lone := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "lone"},
		Spec:       corev1.PodSpec{NodeName: "worker-1", Containers: []corev1.Container{{Name: "main", Image: "nginx"}}},
	}
	const (
		daemons    = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): default/agent-"
		storage    = "cannot delete Pods with local storage (use --delete-emptydir-data to override): default/cache-"
		unmanaged  = "cannot delete Pods that declare no controller (use --force to override): default/lone"
		allAllowed = "drain worker-1 --ignore-daemonsets --delete-emptydir-data --force"
	)
	for command, want := range map[string][]string{
		"drain worker-1": {daemons, storage, unmanaged, "Node worker-1 stays cordoned"},
		"drain worker-1 --ignore-daemonsets --force":                {storage},
		"drain worker-1 --ignore-daemonsets --delete-emptydir-data": {unmanaged},
		allAllowed: nil,
	} {
		m := begin(t, file)
		m.to(20 * time.Second)
		if _, err := api.Create(m.client, api.Object(lone.DeepCopy())); err != nil {
			t.Fatal(err)
		}
		m.to(40 * time.Second)
		err := m.Type(command)
		told := m.said("verb")
		if (err == nil) != (want == nil) || m.Busy() == (want != nil) {
			t.Fatalf("%s: %v, busy: %t\n%s", command, err, m.Busy(), told)
		}
		for _, w := range want {
			if !strings.Contains(told, w) {
				t.Errorf("%s: does not tell %q\n%s", command, w, told)
			}
		}
		if n := strings.Count(told, "cannot delete"); want != nil && n != len(slices.DeleteFunc(want, func(w string) bool { return !strings.HasPrefix(w, "cannot") })) {
			t.Errorf("%s: refuses %d kinds of pods\n%s", command, n, told)
		}
		if want != nil {
			continue
		}
		m.to(80 * time.Second)
		warning := regexp.MustCompile("Warning: deleting Pods that declare no controller: default/lone; deleting Pods with local storage: default/cache-[^ ]*; ignoring DaemonSet-managed Pods: default/agent-")
		if said := m.said("say"); !warning.MatchString(said) || !strings.Contains(said, "node worker-1 is drained") {
			t.Errorf("told: %s", said)
		}
		if left := m.View.Pods("agent"); len(left) != 1 || left[0].DeletionTimestamp != nil {
			t.Error("the daemon's pod is gone")
		}
	}
}

// TestTypedCommandsAreNumbered: two that read alike are two, and each ends by itself.
func TestTypedCommandsAreNumbered(t *testing.T) {
	m := begin(t, shop)
	m.to(20 * time.Second)
	for _, at := range []time.Duration{20 * time.Second, 60 * time.Second} {
		m.to(at)
		if err := m.Type("wait 100s"); err != nil {
			t.Fatal(err)
		}
	}
	if m.Typed() != 2 || !m.Underway(1) || !m.Underway(2) {
		t.Fatalf("typed %d, under way %t and %t", m.Typed(), m.Underway(1), m.Underway(2))
	}
	m.to(130 * time.Second)
	if m.Underway(1) || !m.Underway(2) {
		t.Errorf("after 130 s under way: %t and %t, want the second only", m.Underway(1), m.Underway(2))
	}
}
