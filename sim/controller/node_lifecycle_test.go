package controller

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"minisim/sim/api"
	"minisim/sim/component"
)

func TestNodeDies(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	for i, name := range []string{"master", "worker-1", "worker-2", "worker-3"} {
		m.node(name, time.Duration(i)*1500*time.Millisecond, nil)
	}
	m.pod("web", "worker-2", nil)
	m.run(60 * time.Second)
	m.dead["worker-2"] = true
	m.run(400 * time.Second)
	wantLines(t, m.timeline(nodeLifecycleName, taintEvictionName),
		"110 node worker-2: set Ready, MemoryPressure, DiskPressure and PIDPressure to Unknown (last heartbeat at 53s, noticed at 55s, in the next round (node-monitor-period 5s); this is the first round after 55s + node-monitor-grace-period 50s)",
		"110 node worker-2: set Ready of pod default/web on it to False (its kubelet cannot: they are no longer ready endpoints of their Services)",
		"110 node worker-2: add taint node.kubernetes.io/unreachable:NoSchedule (Ready is Unknown)",
		"115 node worker-2: add taint node.kubernetes.io/unreachable:NoExecute (Ready is Unknown; the next round of the monitor acts on it (node-monitor-period 5s); node-eviction-rate 0.1: one node in 10s here, the zone is Normal)",
		"115 pod default/web: evict it from worker-2 in 5m, at 415s (it tolerates taint node.kubernetes.io/unreachable:NoExecute of worker-2 for no longer: tolerationSeconds 300)",
		"415 pod default/web: delete it (under a NoExecute taint since 115s, tolerationSeconds 300 are over)",
		"415 node worker-2: its deleted pods stay Terminating (only its kubelet can confirm that they have ended, and it is silent)",
	)
	node := get[*corev1.Node](m.bench, api.Nodes, "worker-2")
	for _, c := range node.Status.Conditions {
		if c.Status != corev1.ConditionUnknown || c.Reason != "NodeStatusUnknown" || c.Message != "Kubelet stopped posting node status." || m.engine.Since(c.LastTransitionTime.Time) != 350*time.Second {
			t.Errorf("condition %+v", c)
		}
	}
	for _, taint := range node.Spec.Taints {
		if taint.TimeAdded == nil {
			t.Errorf("taint %s has no time", taint.ToString())
		}
	}
	wantLines(t, m.events("worker-2"), "RegisteredNode: Node worker-2 event: Registered Node worker-2 in Controller", "NodeNotReady: Node worker-2 status is now: NodeNotReady")
	wantLines(t, m.events("web"), "NodeNotReady: Node is not ready", "TaintManagerEviction: Marking for deletion Pod default/web")
	pod := get[*corev1.Pod](m.bench, api.Pods, "web")
	if podReady(pod) || pod.DeletionTimestamp == nil {
		t.Errorf("the pod is %+v, deleted at %v", pod.Status, pod.DeletionTimestamp)
	}
	if c := podCondition(pod, corev1.DisruptionTarget); c == nil || c.Reason != "DeletionByTaintManager" || c.Message != "Taint manager: deleting due to NoExecute taint" || c.ObservedGeneration != 1 {
		t.Errorf("condition %+v", c)
	}
}

// What becomes of a silent node goes back to its own last heartbeat, although
// the rounds of the monitor are shared by all nodes.
func TestWhatBecomesOfANodeGoesBackToItsLastHeartbeat(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	for i, name := range []string{"a", "b", "c"} {
		m.node(name, time.Duration(i+1)*time.Second, nil)
	}
	m.pod("web", "b", nil)
	m.run(60 * time.Second)
	m.dead["b"] = true
	m.run(60 * time.Second)
	found := 0
	for _, r := range m.records {
		body, ok := r.Body.(component.Reconciled)
		if !ok || body.Controller != nodeLifecycleName || body.Key != "b" {
			continue
		}
		found++
		at, ok := r.Body.(beat)
		for ; !ok && r.Cause != 0; at, ok = r.Body.(beat) {
			r = m.records[r.Cause-1]
		}
		if at.Node != "b" || r.Time != 52*time.Second {
			t.Errorf("%q goes back to %v at %s", body.Tell(), r.Body, r.Time)
		}
	}
	if found != 4 {
		t.Errorf("%d records about b", found)
	}
}

// The deleted pods of a silent node are told of once, and not evicted anew in
// words when a further taint comes.
func TestTerminatingPodsOfASilentNode(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", time.Second, nil)
	m.node("b", time.Second, nil)
	m.pod("one", "b", nil)
	m.pod("two", "b", nil)
	m.run(60 * time.Second)
	m.dead["b"] = true
	m.run(380 * time.Second)
	before := m.timeline(taintEvictionName)
	var stay int
	for _, line := range before {
		if strings.Contains(line, "stay Terminating") {
			stay++
		}
	}
	if stay != 1 {
		t.Errorf("told %d times why they stay:\n%s", stay, strings.Join(before, "\n"))
	}
	m.taint("b", corev1.Taint{Key: corev1.TaintNodeOutOfService, Value: "nodeshutdown", Effect: corev1.TaintEffectNoExecute})
	m.run(time.Second)
	wantLines(t, m.timeline(taintEvictionName)[len(before):])
}

// The monitor counts from the round in which it noticed the last heartbeat, and
// marks a node in the first round after the grace period.
func TestWhenANodeIsMarked(t *testing.T) {
	for _, c := range []struct {
		first, latency time.Duration // of the machine's first heartbeat; of deliveries
		marked, evicts string
	}{
		{0, 0, "110", "115"},                                          // last heartbeat at 50, noticed at 55
		{3 * time.Second, 0, "110", "115"},                            // at 53, noticed at 55
		{4999 * time.Millisecond, 0, "110", "115"},                    // just before the round at 55
		{5 * time.Second, 0, "115", "120"},                            // with that round: noticed at 60
		{9 * time.Second, 0, "115", "120"},                            // at 59, noticed at 60
		{4998 * time.Millisecond, 3 * time.Millisecond, "115", "120"}, // before the round, delivered after it
	} {
		m := newMachines(t)
		m.latency[api.Leases], m.latency[api.Nodes] = c.latency, c.latency
		m.startNodes()
		m.node("healthy", 0, nil)
		m.node("doomed", c.first, nil)
		m.run(59999 * time.Millisecond)
		m.dead["doomed"] = true
		m.run(100 * time.Second)
		var at []string
		for _, line := range m.timeline(nodeLifecycleName) {
			if strings.Contains(line, "to Unknown") || strings.Contains(line, "NoExecute") {
				at = append(at, strings.Fields(line)[0])
			}
		}
		if !slices.Equal(at, []string{c.marked, c.evicts}) {
			t.Errorf("first heartbeat at %s, latency %s: marked and tainted at %s, want %s and %s", c.first, c.latency, at, c.marked, c.evicts)
		}
	}
}

func TestNodeComesBack(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", time.Second, nil)
	m.node("b", time.Second, nil)
	m.pod("web", "b", nil)
	m.run(60 * time.Second)
	m.dead["b"] = true
	m.run(140 * time.Second)
	if got := m.taints("b"); got != "node.kubernetes.io/unreachable:NoSchedule, node.kubernetes.io/unreachable:NoExecute" {
		t.Fatalf("taints %s", got)
	}
	m.revive("b")
	m.run(600 * time.Second)
	if got := m.taints("b"); got != "" {
		t.Errorf("taints %s", got)
	}
	if get[*corev1.Pod](m.bench, api.Pods, "web").DeletionTimestamp != nil {
		t.Error("the pod was deleted though its node came back in time")
	}
	wantLines(t, m.timeline(nodeLifecycleName, taintEvictionName)[5:],
		"200 node b: remove taint node.kubernetes.io/unreachable:NoSchedule (Ready is True)",
		"205 node b: remove taint node.kubernetes.io/unreachable:NoExecute (Ready is True again)",
		"205 pod default/web: cancel its eviction (the taint is gone or tolerated; it was set at 115s)",
	)
	wantLines(t, m.events("web"), "NodeNotReady: Node is not ready", "TaintManagerEviction: Cancelling deletion of Pod default/web")
}

func TestNodeThatNeverReports(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", 0, nil)
	m.node("mute", 1000*time.Hour, func(n *corev1.Node) { n.Status.Conditions = nil })
	m.run(2 * time.Minute)
	lines := m.timeline(nodeLifecycleName)
	if len(lines) == 0 || lines[0] != "65 node mute: set Ready, MemoryPressure, DiskPressure and PIDPressure to Unknown (its kubelet has never posted a status, and node-startup-grace-period 1m is over)" {
		t.Errorf("told %q", lines)
	}
	if got := m.readiness("mute"); got != "Unknown NodeStatusNeverUpdated Kubelet never posted node status." {
		t.Errorf("Ready is %s", got)
	}
}

func TestNodeThatReportsNotReadyAndThenFallsSilent(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", 0, nil)
	n := m.node("b", 0, nil)
	m.run(12 * time.Second)
	if _, err := api.PatchStatus(m.bench, api.Nodes, api.KeyOf(n), func(n *corev1.Node) error {
		nodeCondition(n, corev1.NodeReady).Status = corev1.ConditionFalse
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	m.run(10 * time.Second)
	if got := m.taints("b"); got != "node.kubernetes.io/not-ready:NoSchedule, node.kubernetes.io/not-ready:NoExecute" {
		t.Errorf("taints %s", got)
	}
	m.dead["b"] = true
	m.run(100 * time.Second)
	wantLines(t, m.timeline(nodeLifecycleName),
		"12 node b: add taint node.kubernetes.io/not-ready:NoSchedule (Ready is False)",
		"15 node b: add taint node.kubernetes.io/not-ready:NoExecute (Ready is False; the next round of the monitor acts on it (node-monitor-period 5s); node-eviction-rate 0.1: one node in 10s here, the zone is Normal)",
		"80 node b: set Ready, MemoryPressure, DiskPressure and PIDPressure to Unknown (last heartbeat at 20s, noticed at 25s, in the next round (node-monitor-period 5s); this is the first round after 25s + node-monitor-grace-period 50s)",
		"80 node b: add taint node.kubernetes.io/unreachable:NoSchedule, remove taint node.kubernetes.io/not-ready:NoSchedule (Ready is Unknown)",
		"85 node b: add taint node.kubernetes.io/unreachable:NoExecute (Ready is Unknown; it has been tainted already, only the reason has changed)",
	)
}

func TestConditionsBecomeTaints(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	n := m.node("a", 0, func(n *corev1.Node) {
		n.Spec.Taints = []corev1.Taint{{Key: "own", Effect: corev1.TaintEffectNoSchedule}}
	})
	for _, c := range []struct {
		condition corev1.NodeConditionType
		status    corev1.ConditionStatus
		cordoned  bool
		want      string
	}{
		{corev1.NodeMemoryPressure, corev1.ConditionTrue, false, "own:NoSchedule, node.kubernetes.io/memory-pressure:NoSchedule"},
		{corev1.NodeMemoryPressure, corev1.ConditionFalse, true, "own:NoSchedule, node.kubernetes.io/unschedulable:NoSchedule"},
		{corev1.NodeDiskPressure, corev1.ConditionTrue, true, "own:NoSchedule, node.kubernetes.io/unschedulable:NoSchedule, node.kubernetes.io/disk-pressure:NoSchedule"},
		{corev1.NodeDiskPressure, corev1.ConditionFalse, false, "own:NoSchedule"},
		{corev1.NodePIDPressure, corev1.ConditionTrue, false, "own:NoSchedule, node.kubernetes.io/pid-pressure:NoSchedule"},
	} {
		if _, err := api.PatchStatus(m.bench, api.Nodes, api.KeyOf(n), func(n *corev1.Node) error {
			nodeCondition(n, c.condition).Status = c.status
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		change(m.bench, get[*corev1.Node](m.bench, api.Nodes, "a"), func(n *corev1.Node) { n.Spec.Unschedulable = c.cordoned })
		m.run(time.Second)
		if got := m.taints("a"); got != c.want {
			t.Errorf("%s %s, cordoned %t: %s, want %s", c.condition, c.status, c.cordoned, got, c.want)
		}
	}
}

func TestPodBoundToASilentNodeIsNotReady(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", 0, nil)
	m.node("b", 0, nil)
	m.run(60 * time.Second)
	m.dead["b"] = true
	m.run(100 * time.Second)
	m.pod("late", "b", nil)
	m.run(time.Second)
	if podReady(get[*corev1.Pod](m.bench, api.Pods, "late")) {
		t.Error("a pod on a node that is silent counts as ready")
	}
}

// dyingZones runs nodes of which some die at 60 s and returns when which got its NoExecute taint.
func dyingZones(t *testing.T, healthy, dying map[string]int, d time.Duration) ([]string, *machines) {
	m := newMachines(t)
	m.startNodes()
	m.node("master", 0, func(n *corev1.Node) {
		n.Labels = map[string]string{corev1.LabelTopologyZone: "control", "node.kubernetes.io/exclude-disruption": ""}
	})
	add := func(counts map[string]int, prefix string) {
		for _, zone := range slices.Sorted(maps.Keys(counts)) {
			for i := range counts[zone] {
				m.node(fmt.Sprintf("%s-%s-%02d", prefix, zone, i), time.Second, func(n *corev1.Node) { n.Labels = map[string]string{corev1.LabelTopologyZone: zone} })
			}
		}
	}
	add(healthy, "h")
	add(dying, "d")
	m.run(60 * time.Second)
	for _, n := range all[*corev1.Node](m.bench, api.Nodes) {
		m.dead[n.Name] = strings.HasPrefix(n.Name, "d-")
	}
	m.run(d)
	var got []string
	for _, line := range m.timeline(nodeLifecycleName) {
		if f := strings.Fields(line); strings.Contains(line, "add taint node.kubernetes.io/unreachable:NoExecute") {
			got = append(got, f[0]+" "+strings.TrimSuffix(f[2], ":"))
		}
	}
	return got, m
}

func TestEvictionIsSlowedDownByZone(t *testing.T) {
	// All die at 60 s with the last heartbeat at 51 s, noticed at 55 s: they are Unknown at 110 s and wait for their taint from 115 s on.
	for _, c := range []struct {
		name           string
		healthy, dying map[string]int
		lasts          time.Duration
		want           []string
		told           string
	}{
		{"one of four: at once", map[string]int{"x": 3}, map[string]int{"x": 1}, 200 * time.Second, []string{"115 d-x-00"}, ""},
		{"three of six: a tenth of a node per second", map[string]int{"x": 3}, map[string]int{"x": 3}, 200 * time.Second,
			[]string{"115 d-x-00", "125 d-x-01", "135 d-x-02"}, ""},
		{"two zones at a time", map[string]int{"x": 3, "y": 3}, map[string]int{"x": 2, "y": 1}, 200 * time.Second,
			[]string{"115 d-x-00", "115 d-y-00", "125 d-x-01"}, ""},
		{"most of a small zone: nothing", map[string]int{"x": 2}, map[string]int{"x": 4}, 1000 * time.Second, nil,
			"110 zone x is now in PartialDisruption: 2 of 6 nodes are ready; nothing is evicted (unhealthy-zone-threshold, large-cluster-size-threshold)"},
		{"most of a large zone: a hundredth of a node per second", map[string]int{"x": 20}, map[string]int{"x": 40}, 300 * time.Second,
			[]string{"115 d-x-00", "215 d-x-01", "315 d-x-02"}, "110 zone x is now in PartialDisruption: 20 of 60 nodes are ready; 0.01 nodes per second may be evicted"},
		{"a whole zone, but not all: as if it were healthy", map[string]int{"x": 1}, map[string]int{"y": 3}, 200 * time.Second,
			[]string{"115 d-y-00", "125 d-y-01", "135 d-y-02"}, "110 zone y is now in FullDisruption: 0 of 3 nodes are ready; 0.1 nodes per second may be evicted"},
		{"all: nothing", nil, map[string]int{"x": 2, "y": 3}, 1000 * time.Second, nil,
			"110 zone x is now in FullDisruption: 0 of 2 nodes are ready; no node is ready in any zone, so nothing is evicted"},
	} {
		got, m := dyingZones(t, c.healthy, c.dying, c.lasts)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: tainted %q, want %q", c.name, got, c.want)
		}
		if c.told != "" && !slices.Contains(m.timeline("none"), c.told) {
			t.Errorf("%s: told %q, want %q", c.name, m.timeline("none"), c.told)
		}
	}
}

func TestEvictionResumesWhenSomeNodesAreBack(t *testing.T) {
	_, m := dyingZones(t, nil, map[string]int{"x": 4}, 200*time.Second)
	for i := range 3 {
		m.revive(fmt.Sprintf("d-x-%02d", i))
	}
	m.run(200 * time.Second)
	for i := range 3 {
		if got := m.taints(fmt.Sprintf("d-x-%02d", i)); got != "" {
			t.Errorf("node %d has the taints %s", i, got)
		}
	}
	var when string
	for _, line := range m.timeline(nodeLifecycleName) {
		if strings.Contains(line, "d-x-03: add taint node.kubernetes.io/unreachable:NoExecute") {
			when = strings.Fields(line)[0]
		}
	}
	if when != "275" { // noticed at 265, and where nothing was let through one interval passes first
		t.Errorf("the node that stayed away was tainted at %q, want 275", when)
	}
}

func TestNodesOfAHealthyClusterCostNothing(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	for i := range 250 {
		m.node(fmt.Sprintf("n%04d", i), time.Duration(i)*40*time.Millisecond, nil)
	}
	m.run(60 * time.Second)
	steps, requests := m.engine.Steps(), m.requests
	m.run(100 * time.Second)
	beats := 250 * 10
	if got := m.requests - requests; got != beats {
		t.Errorf("%d requests, want only the %d heartbeats", got, beats)
	}
	if got, most := int(m.engine.Steps()-steps), 2*beats+20; got > most {
		t.Errorf("%d steps, want at most %d: a heartbeat and its delivery each, and a round every 5 s", got, most)
	}
	for i := range 4 {
		m.pod(fmt.Sprintf("web-%d", i), "n0007", nil)
	}
	m.dead["n0007"] = true
	steps, requests = m.engine.Steps(), m.requests
	m.run(100 * time.Second)
	beats = 249*10 + 1
	if got, most := m.requests-requests, beats+15; got > most {
		t.Errorf("%d requests after one node of many has died, want at most %d", got, most)
	}
	if got, most := int(m.engine.Steps()-steps), 2*beats+60; got > most {
		t.Errorf("%d steps after one node of many has died, want at most %d", got, most)
	}
}

func TestHealthIsWrittenAgainAfterFailures(t *testing.T) {
	conflict := apierrors.NewConflict(api.Nodes.GroupResource(), "b", errors.New("changed"))
	for _, c := range []struct {
		name string
		err  error
		once bool
	}{{"conflict", conflict, true}, {"unreachable", api.ErrUnreachable, false}} {
		m := newMachines(t)
		m.startNodes()
		m.node("a", time.Second, nil)
		m.node("b", time.Second, nil)
		m.pod("web", "b", nil)
		m.run(60 * time.Second)
		m.dead["b"] = true
		refused := 0
		m.refuse = func(r api.Request) error {
			if (r.Resource == api.Nodes || r.Resource == api.Pods) && r.Verb != api.VerbGet && m.engine.Now() < 117*time.Second && !(c.once && refused > 0) {
				refused++
				return c.err
			}
			return nil
		}
		m.run(90 * time.Second)
		if refused == 0 {
			t.Fatalf("%s: nothing was refused", c.name)
		}
		if got := m.taints("b"); got != "node.kubernetes.io/unreachable:NoSchedule, node.kubernetes.io/unreachable:NoExecute" {
			t.Errorf("%s: taints %s", c.name, got)
		}
		if podReady(get[*corev1.Pod](m.bench, api.Pods, "web")) {
			t.Errorf("%s: the pod is still ready", c.name)
		}
	}
}

func TestRestartGivesNodesANewGracePeriod(t *testing.T) {
	m := newMachines(t)
	p := m.startNodes()
	m.node("a", 0, nil)
	m.node("b", 0, nil)
	m.run(60 * time.Second)
	m.dead["b"] = true
	m.run(27 * time.Second)
	p.Stop()
	m.run(5 * time.Second)
	m.startNodes()
	m.run(100 * time.Second)
	lines := m.timeline(nodeLifecycleName)
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "147 node b: set Ready") { // seen for the first time at 92
		t.Errorf("told %q", lines)
	}
}

func TestNodeThatIsDeletedIsForgotten(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	m.node("a", 0, nil)
	m.node("b", 0, nil)
	m.run(12 * time.Second)
	m.dead["b"] = true
	m.remove(api.Nodes, api.Key{Name: "b"})
	m.run(100 * time.Second)
	wantLines(t, m.events("b"), "RegisteredNode: Node b event: Registered Node b in Controller", "RemovingNode: Node b event: Removing Node b from Controller")
	wantLines(t, m.timeline(nodeLifecycleName))
}
