package scheduler_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestPodIsBoundAndTold(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("big", "8"))
	b.create(liveNode("small", "1"))
	b.create(livePod("web", "2"))
	b.run(time.Second)
	if node := b.pod("web").Spec.NodeName; node != "big" {
		t.Fatalf("bound to %q", node)
	}
	if got := b.events("web"); !slices.Equal(got, []string{"Scheduled: Successfully assigned default/web to big"}) {
		t.Errorf("events %q", got)
	}
	want := "default/web: 2 nodes looked at, 1 feasible; small rejected by NodeResourcesFit (needs 2 cpu, 1 of 1 free); big is the only one, with"
	if got := b.decisions[0].Tell(); !strings.HasPrefix(got, want) {
		t.Errorf("told %q", got)
	}
}

func TestExplainWaitingAndBoundPods(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "2"))
	b.create(livePod("bound", "2"))
	b.run(time.Second)
	b.create(livePod("waits", "1"))
	b.run(time.Second)
	if d := b.scheduler.Explain("default/bound"); d.Winner != "a" {
		t.Errorf("bound: %s", d.Sentence())
	}
	if d := b.scheduler.Explain("default/waits"); d.Winner != "" || d.Nodes[0].Failures[0].Detail != "needs 1 cpu, 0 of 2 free" {
		t.Errorf("waiting: %s", d.Sentence())
	}
	if d := b.scheduler.Explain("default/unknown"); d != nil {
		t.Errorf("unknown: %s", d.Sentence())
	}
	if node := b.pod("bound").Spec.NodeName; node != "a" || len(b.scheduler.View().Node("a").Pods) != 1 {
		t.Error("the explanation has changed something")
	}
}

func TestTieIsDrawnFromTheSeed(t *testing.T) {
	seen := make(map[string]bool)
	for seed := range uint64(8) {
		var twice []string
		for range 2 {
			b := newBench(t, seed)
			for _, name := range []string{"a", "b", "c"} {
				b.create(liveNode(name, "4"))
			}
			b.run(time.Second)
			b.create(livePod("web", "1"))
			b.run(time.Second)
			d := b.decisions[0]
			if !d.Tie || len(d.Best) != 3 {
				t.Fatalf("tie %v among %v", d.Tie, d.Best)
			}
			twice = append(twice, b.pod("web").Spec.NodeName)
		}
		if twice[0] != twice[1] {
			t.Errorf("seed %d: %v", seed, twice)
		}
		seen[twice[0]] = true
	}
	if len(seen) < 2 {
		t.Errorf("eight seeds all chose %v", seen)
	}
}

func TestRejectedPodTellsWhyAndWaitsForWhatHelps(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("small", "1"))
	b.create(livePod("web", "2"))
	b.run(30 * time.Second)
	message := "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
	if got := b.events("web"); !slices.Equal(got, []string{"FailedScheduling: " + message}) {
		t.Errorf("events %q", got)
	}
	c := b.pod("web").Status.Conditions[0]
	if c.Type != v1.PodScheduled || c.Status != v1.ConditionFalse || c.Reason != "Unschedulable" || c.Message != message {
		t.Errorf("condition %+v", c)
	}
	attempts := len(b.decisions)
	b.patch(liveNode("small", "1"), func(o api.Object) { o.SetLabels(map[string]string{"colour": "red"}) })
	b.create(liveNode("tiny", "1"))
	b.run(30 * time.Second)
	if len(b.decisions) != attempts {
		t.Errorf("tried again although nothing had helped: %s", b.decisions[attempts].Tell())
	}
	b.create(liveNode("big", "4"))
	b.run(time.Second)
	if node := b.pod("web").Spec.NodeName; node != "big" {
		t.Errorf("bound to %q", node)
	}
}

func TestRejectedPodIsTriedAgainAfterFiveMinutes(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("small", "1"))
	b.create(livePod("web", "2"))
	b.run(4*time.Minute + 59*time.Second)
	if len(b.decisions) != 1 {
		t.Fatalf("%d attempts before five minutes", len(b.decisions))
	}
	b.run(2 * time.Second)
	if len(b.decisions) != 2 {
		t.Errorf("%d attempts after five minutes", len(b.decisions))
	}
}

func TestFailedBindingBacksOff(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "4"))
	var tries []time.Duration
	b.refuse = func(r api.Request) error {
		if r.Subresource != "binding" || len(tries) == 6 {
			return nil
		}
		tries = append(tries, b.engine.Now())
		return errors.New("the server is unwell")
	}
	b.create(livePod("web", "2"))
	b.run(time.Minute)
	var gaps []time.Duration
	for i := 1; i < len(tries); i++ {
		gaps = append(gaps, tries[i]-tries[i-1])
	}
	want := []time.Duration{1, 2, 4, 8, 10}
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(gaps, want) {
		t.Errorf("waited %v", gaps)
	}
	if b.pod("web").Spec.NodeName != "a" || b.binds != 1 {
		t.Errorf("bound %d times, to %q", b.binds, b.pod("web").Spec.NodeName)
	}
}

// What a scheduler fails at because it is dying is recorded, not told.
func TestDyingSchedulerTellsNoFailures(t *testing.T) {
	for _, c := range []struct {
		err  error
		told string
	}{
		{errors.New("the server is unwell"), `default/web was not bound to a: binding rejected: running Bind plugin "DefaultBinder": the server is unwell; it goes back into the queue`},
		{fmt.Errorf("create binding: %w", api.ErrStopped), ""},
	} {
		b := newBench(t, 1)
		b.create(liveNode("a", "4"))
		b.run(time.Second)
		b.refuse = func(r api.Request) error {
			if r.Subresource == "" {
				return nil
			}
			return c.err
		}
		b.create(livePod("web", "3"))
		b.run(500 * time.Millisecond)
		if len(b.rejected) == 0 || b.rejected[0].Tell() != c.told {
			t.Errorf("%v: %+v", c.err, b.rejected)
		}
		for _, r := range b.rejected {
			if (r.Tell() == "") != (c.told == "") {
				t.Errorf("%v: told %q", c.err, r.Tell())
			}
		}
	}
}

// A pod that could not be bound must not keep its place.
func TestFailedBindingGivesThePlaceBack(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "4"))
	b.run(time.Second)
	b.refuse = func(r api.Request) error {
		if r.Subresource == "binding" && r.Key.Name == "first" {
			return errors.New("the server is unwell")
		}
		return nil
	}
	b.create(livePod("first", "3"))
	b.create(livePod("second", "3"))
	b.run(500 * time.Millisecond)
	if node := b.pod("second").Spec.NodeName; node != "a" {
		t.Errorf("second is bound to %q", node)
	}
}

func TestPriorityGoesFirst(t *testing.T) {
	b := newBench(t, 1)
	for i := range 3 {
		pod := livePod(fmt.Sprintf("p%d", i), "1")
		priority := int32(i)
		pod.Spec.Priority = &priority
		b.create(pod)
	}
	b.run(10 * time.Second) // without nodes all back off together
	b.decisions = nil
	b.create(liveNode("a", "2"))
	b.run(15 * time.Second)
	if len(b.decisions) < 2 || b.decisions[0].Pod != "default/p2" || b.decisions[1].Pod != "default/p1" {
		t.Errorf("order %v", b.decisions)
	}
}

func TestPreemptionMakesRoom(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "2"))
	low := livePod("low", "2")
	b.create(low)
	b.run(time.Second)
	high := livePod("high", "1")
	priority := int32(100)
	high.Spec.Priority = &priority
	b.create(high)
	b.run(time.Second)
	victim := b.pod("low")
	if victim.DeletionTimestamp == nil || len(victim.Status.Conditions) != 1 || victim.Status.Conditions[0].Reason != v1.PodReasonPreemptionByScheduler {
		t.Fatalf("victim %+v", victim.Status)
	}
	if got := b.events("low"); len(got) != 2 || got[1] != fmt.Sprintf("Preempted: Preempted by pod %s on node a", b.pod("high").UID) {
		t.Errorf("the victim's events %q", got)
	}
	if node := b.pod("high").Status.NominatedNodeName; node != "a" {
		t.Errorf("nominated to %q", node)
	}
	b.run(20 * time.Second) // the victim takes its time; no second victim is sought
	b.remove(low)
	b.run(time.Second)
	if node := b.pod("high").Spec.NodeName; node != "a" {
		t.Errorf("bound to %q", node)
	}
	if last := b.decisions[len(b.decisions)-1]; !last.ByNomination {
		t.Errorf("last decision: %s", last.Tell())
	}
}

func TestGatedPodWaitsForItsGates(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "2"))
	pod := livePod("web", "1")
	pod.Spec.SchedulingGates = []v1.PodSchedulingGate{{Name: "example.com/gate"}}
	b.create(pod)
	b.run(time.Minute)
	if len(b.decisions) != 0 {
		t.Fatalf("a gated pod was scheduled: %s", b.decisions[0].Tell())
	}
	b.patch(pod, func(o api.Object) { o.(*v1.Pod).Spec.SchedulingGates = nil })
	b.run(time.Second)
	if node := b.pod("web").Spec.NodeName; node != "a" {
		t.Errorf("bound to %q", node)
	}
}

func TestClaimIsProvisionedWhereThePodGoes(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "2"))
	mode, class := storagev1.VolumeBindingWaitForFirstConsumer, "standard"
	b.create(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "disk.example.com", VolumeBindingMode: &mode})
	claim := &v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "default"}}
	claim.Spec.StorageClassName = &class
	b.create(claim)
	pod := livePod("db", "1")
	pod.Spec.Volumes = []v1.Volume{{Name: "data", VolumeSource: v1.VolumeSource{
		PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	b.create(pod)
	b.run(time.Minute)
	stored := b.objects[api.PersistentVolumeClaims][api.KeyOf(claim)]
	if node := stored.GetAnnotations()["volume.kubernetes.io/selected-node"]; node != "a" {
		t.Fatalf("selected node %q", node)
	}
	if node := b.pod("db").Spec.NodeName; node != "" || len(b.decisions) != 1 {
		t.Fatalf("bound to %q before its volume, after %d decisions", node, len(b.decisions))
	}
	b.create(&v1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}})
	b.patch(claim, func(o api.Object) {
		c := o.(*v1.PersistentVolumeClaim)
		c.Spec.VolumeName = "pv"
		c.Annotations["pv.kubernetes.io/bind-completed"] = "yes"
	})
	b.run(time.Second)
	if node := b.pod("db").Spec.NodeName; node != "a" {
		t.Errorf("bound to %q", node)
	}
}

func TestPodWaitsForItsClaim(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "2"))
	pod := livePod("db", "1")
	pod.Spec.Volumes = []v1.Volume{{Name: "data", VolumeSource: v1.VolumeSource{
		PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	b.create(pod)
	b.run(time.Minute)
	if got := b.events("db"); len(got) != 1 || got[0] != `FailedScheduling: 0/1 nodes are available: persistentvolumeclaim "data" not found. not found` {
		t.Errorf("events %q", got)
	}
}

func TestDeletedPodLeavesTheQueueAndItsNode(t *testing.T) {
	b := newBench(t, 1)
	b.create(liveNode("a", "2"))
	first, second, third := livePod("first", "2"), livePod("second", "2"), livePod("third", "2")
	b.create(first)
	b.run(time.Second)
	b.create(second)
	b.create(third)
	b.run(time.Minute)
	b.remove(second)
	b.remove(first)
	b.run(time.Second)
	if node := b.pod("third").Spec.NodeName; node != "a" {
		t.Errorf("third is bound to %q", node)
	}
	if w := b.scheduler.Waiting(); len(w) != 0 {
		t.Errorf("still waiting: %v", w)
	}
}
