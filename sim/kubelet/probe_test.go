package kubelet

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/world"
)

// The kubelet asks for readiness as soon as it sees the container run, which
// takes it a second at most, and not only after a whole period.
func TestReadinessIsAskedSoonAfterTheStart(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*corev1.Probe)
		program  world.Program
		from, to time.Duration // after the start of the container
	}{
		{"a program that answers at once", func(*corev1.Probe) {}, world.Program{}, 0, time.Second},
		{"one that needs longer has to wait for the next round", func(*corev1.Probe) {}, world.Program{Start: 2 * time.Second}, 30 * time.Second, 31 * time.Second},
		{"initialDelaySeconds leave rounds out", func(b *corev1.Probe) { b.InitialDelaySeconds = 5 }, world.Program{}, 30 * time.Second, 31 * time.Second},
		{"several answers are needed", func(b *corev1.Probe) { b.SuccessThreshold = 2 }, world.Program{}, 30 * time.Second, 31 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.world.Images.Set(world.Image{Name: "shop", Program: c.program})
			b.run(3 * time.Second)
			b.create(bound("p", ofImage("shop"), func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe = probeEvery(30, c.change) }))
			b.expect("p", "Running main=running ready=False", 20*time.Second)
			start := b.engine.Now()
			b.expect("p", running, time.Minute)
			if took := b.engine.Now() - start; took <= c.from || took > c.to {
				t.Errorf("ready after %s, want %s to %s", took, c.from, c.to)
			}
		})
	}
}

// Startup and liveness have their rounds since the pod's containers were begun
// with; when the startup probe succeeds, readiness is asked at once.
func TestRoundsOfStartupAndLiveness(t *testing.T) {
	b := newBench(t)
	b.world.Images.Set(world.Image{Name: "shop"})
	b.run(3 * time.Second)
	at := b.engine.Now()
	b.create(bound("p", ofImage("shop"), func(p *corev1.Pod) {
		p.Spec.Containers[0].StartupProbe = probeEvery(30)
		p.Spec.Containers[0].ReadinessProbe = probeEvery(30)
	}))
	b.expect("p", running, time.Minute)
	if took := b.engine.Now() - at; took < 30*time.Second || took > 30*time.Second+5*time.Millisecond {
		t.Errorf("ready after %s, want the first round after 30 s", took)
	}
}

func TestExecProbesAnswerByTheirCommand(t *testing.T) {
	for _, c := range []struct {
		command []string
		ready   bool
		event   string
	}{
		{[]string{"true"}, true, ""},
		{[]string{"sh", "-c", "exit 0"}, true, ""},
		{[]string{"sh", "-c", "false || sleep 0.5"}, true, ""},
		{[]string{"pg_isready"}, true, ""}, // not understood: the program answers
		{[]string{"false"}, false, "Readiness probe failed: "},
		{[]string{"sh", "-c", "exit 1"}, false, "Readiness probe failed: "},
		{[]string{"sh", "-c", "true && exit 3"}, false, "Readiness probe failed: "},
		{[]string{"sleep", "5"}, false, `Readiness probe failed: command timed out: "sleep 5" timed out after 1s`},
	} {
		b := newBench(t)
		b.create(bound("p", func(p *corev1.Pod) {
			p.Spec.Containers[0].ReadinessProbe = probeEvery(5, func(b *corev1.Probe) {
				b.ProbeHandler = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: c.command}}
			})
		}))
		b.run(time.Minute)
		if got := brief(b.get("p")) == running; got != c.ready {
			t.Errorf("%q: %s", c.command, brief(b.get("p")))
		}
		if c.event != "" {
			b.hasEvent("p", c.event)
		}
	}
}

func TestExecProbeThatFailsEndsTheContainer(t *testing.T) {
	b := newBench(t)
	b.create(bound("p", func(p *corev1.Pod) {
		p.Spec.Containers[0].LivenessProbe = probeEvery(5, func(b *corev1.Probe) {
			b.ProbeHandler = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"false"}}}
		})
	}))
	b.run(time.Minute)
	if n := b.get("p").Status.ContainerStatuses[0].RestartCount; n == 0 {
		t.Errorf("restarted %d times", n)
	}
}
