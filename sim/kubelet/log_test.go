package kubelet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/sim/api"

	"minisim/sim/trace"
	"minisim/sim/world"
)

// log is what a container of a pod has written by now, each line with its time since the container's first; or why there is none.
func (b *bench) log(pod, container string, previous bool) []string {
	l, err := b.kubelet.Log(api.Key{Namespace: "default", Name: pod}, container, previous)
	if err != nil {
		return []string{err.Error()}
	}
	lines, _ := l.Read(b.engine.Now())
	return since(lines)
}

func since(lines []api.LogLine) []string {
	var out []string
	for _, l := range lines {
		out = append(out, trace.Seconds((l.Time-lines[0].Time).Truncate(100*time.Millisecond))+" "+strings.TrimPrefix(l.Text, "minisim: "))
	}
	return out
}

func (b *bench) expectLog(pod string, previous bool, want ...string) {
	b.t.Helper()
	if got := b.log(pod, "main", previous); !slices.Equal(got, want) {
		b.t.Errorf("at %s the log of %s is\n%s\nnot\n%s", b.engine.Now(), pod, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatContainersWrite(t *testing.T) {
	script := func(text string) func(*corev1.Pod) { return command("sh", "-c", text) }
	quoted := func(text string) string { return "0 its command is simulated: sh -c '" + text + "'" }
	for name, c := range map[string]struct {
		pod   *corev1.Pod
		after time.Duration
		want  []string
	}{
		"a server": {bound("p", func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, Protocol: corev1.ProtocolTCP}, {ContainerPort: 443}}
		}), 10 * time.Second, []string{"0 runs nginx:1.27-alpine", "0.2 answers on 80/TCP, 443"}},
		"a command that is not understood": {bound("p", command("nginx", "-g", "daemon off;")), 10 * time.Second, []string{
			"0 runs nginx:1.27-alpine", "0 its command is not simulated, so it does what its image or the scenario says: nginx -g 'daemon off;'", "0.2 answers"}},
		"a script": {bound("p", onceOnly, script("echo one; sleep 2 && echo two; exit 3")), 10 * time.Second, []string{
			"0 runs nginx:1.27-alpine", quoted("echo one; sleep 2 && echo two; exit 3"), "0 one", "2 two", "2 has ended with exit code 3"}},
		"a loop": {bound("p", script("until nslookup db; do echo waiting; sleep 2; done; sleep 9")), 8 * time.Second, []string{
			"0 runs nginx:1.27-alpine", quoted("until nslookup db; do echo waiting; sleep 2; done; sleep 9"),
			"0 db does not resolve yet, asks again every 2 s", "0 waiting", "2 waiting", "4 waiting", "6 waiting", "8 waiting"}},
		"a wait for a Job": {bound("p", onceOnly, script("kubectl wait --for=condition=complete job/x --timeout=3s")), 9 * time.Second, []string{
			"0 runs nginx:1.27-alpine", quoted("kubectl wait --for=condition=complete job/x --timeout=3s"),
			"0 job default/x does not exist yet, waits for it", "3 error: timed out waiting for the condition on jobs/x", "3 has ended with exit code 1"}},
		"a shell": {bound("p", onceOnly, ofImage("busybox")), 9 * time.Second, []string{"0 runs busybox", "0 has ended (exit code 0)"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.run(3 * time.Second)
			b.create(c.pod)
			b.run(c.after + time.Second)
			b.expectLog("p", false, c.want...)
		})
	}
}

// TestLinesOfAScenario writes what the scenario says, until the container ends.
func TestLinesOfAScenario(t *testing.T) {
	b := newBench(t)
	b.world.Images.SetProgramFor("", "nginx:1.27-alpine", world.Program{Start: 2 * time.Second, Exits: true, After: 5 * time.Second, ExitCode: 1})
	b.world.Images.SetLogFor("", "docker.io/library/nginx:1.27-alpine", []world.Line{
		{Text: "hello"}, {After: time.Second, Every: 2 * time.Second, Text: "tick"}, {After: 5 * time.Second, Text: "bye"}, {After: 6 * time.Second, Text: "never"},
	})
	b.run(3 * time.Second)
	b.create(bound("p", onceOnly))
	b.run(10 * time.Second)
	b.expectLog("p", false, "0 runs nginx:1.27-alpine", "0 hello", "1 tick", "2 answers", "3 tick", "5 tick", "5 bye", "5 has ended with exit code 1")
}

func TestEndsInTheLog(t *testing.T) {
	start := []string{"0 runs nginx:1.27-alpine", "0.2 answers"}
	key := api.Key{Namespace: "default", Name: "p"}
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		end  func(*bench)
		want []string
	}{
		"it is deleted": {bound("p"), func(b *bench) { b.delete("p") }, []string{"gets SIGTERM", "has ended (exit code 0)"}},
		"it is stuck":   {bound("p", command("sleep", "99")), func(b *bench) { b.delete("p", 5) }, []string{"does not listen to SIGTERM, so it gets SIGKILL in 5 s", "gets SIGTERM", "has ended with exit code 137"}},
		"a hook runs first": {bound("p", func(p *corev1.Pod) {
			p.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 3}}}
		}), func(b *bench) { b.delete("p") }, []string{"its preStop hook runs for 3 s", "gets SIGTERM", "has ended (exit code 0)"}},
		"it crashes": {bound("p", onceOnly), func(b *bench) {
			if err := b.kubelet.Crash(key, "", 2); err != nil {
				b.t.Fatal(err)
			}
		}, []string{"its program crashes", "has ended with exit code 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.run(3 * time.Second)
			b.create(c.pod)
			b.expect("p", running, 10*time.Second)
			b.run(time.Second)
			l, err := b.kubelet.Log(key, "main", false)
			if err != nil {
				t.Fatal(err)
			}
			begun, more := l.Read(b.engine.Now())
			if !more || len(begun) != len(start) {
				t.Fatalf("it begins with %v, more %v", since(begun), more)
			}
			c.end(b)
			b.run(20 * time.Second)
			rest, more := l.Read(b.engine.Now()) // also when the pod is gone
			var got []string
			for _, line := range rest {
				got = append(got, strings.TrimPrefix(line.Text, "minisim: "))
			}
			if more || !slices.Equal(got, c.want) {
				t.Errorf("more %v, %q", more, got)
			}
			if again, _ := l.Read(b.engine.Now()); len(again) > 0 {
				t.Errorf("given twice: %v", again)
			}
		})
	}
}

// TestLogsOfARestartedContainer follows the runs of a container that keeps crashing.
func TestLogsOfARestartedContainer(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	b.create(bound("p", command("sh", "-c", "sleep 3; exit 1")))
	lines := func(restart int) []string {
		first := "0 runs nginx:1.27-alpine"
		if restart > 0 {
			first += fmt.Sprintf(" again (restart %d)", restart)
		}
		return []string{first, "0 its command is simulated: sh -c 'sleep 3; exit 1'", "3 has ended with exit code 1"}
	}
	b.run(time.Second / 2)
	b.expectLog("p", false, `container "main" in pod "p" is waiting to start: ContainerCreating`)
	b.expect("p", "Running main=running ready=True", 5*time.Second)
	b.expectLog("p", true, `previous terminated container "main" in pod "p" not found`)
	b.expectLog("p", false, lines(0)[:2]...)
	b.expect("p", "Running main=CrashLoopBackOff×1 ready=False", 10*time.Second)
	b.expectLog("p", false, lines(1)...)
	b.expectLog("p", true, lines(1)...) // as in reality: the last run that has ended
	b.expect("p", "Running main=running×2 ready=True", time.Minute)
	b.expectLog("p", false, lines(2)[:2]...)
	b.expectLog("p", true, lines(1)...)
	if p := b.kubelet.running[api.Key{Namespace: "default", Name: "p"}]; p.mains[0].run.previous.previous != nil {
		t.Error("runs of long ago are kept")
	}
}

// TestLogsOutliveThePower lets the machine of a pod lose its power.
func TestLogsOutliveThePower(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	b.run(time.Second)
	follower, err := b.kubelet.Log(api.Key{Namespace: "default", Name: "p"}, "main", false)
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	b.config.Machine.PowerOff(b.engine.Now())
	if _, more := follower.Read(b.engine.Now()); more {
		t.Error("a container without power may still write")
	}
	b.run(time.Minute)
	b.start()
	b.expect("p", "Running main=running×1 ready=True", 10*time.Second)
	b.run(time.Second)
	b.expectLog("p", false, "0 runs nginx:1.27-alpine again (restart 1)", "0.2 answers")
	b.expectLog("p", true, "0 runs nginx:1.27-alpine", "0.2 answers")
	b.delete("p")
	b.run(5 * time.Second)
	b.expectLog("p", false, "the server could not find the requested resource ( pods/log p)")
}

// TestKubeletThatRestartsFindsLogs ends only the program: what runs goes on writing.
func TestKubeletThatRestartsFindsLogs(t *testing.T) {
	b := newBench(t)
	b.world.Images.SetLogFor("", "nginx:1.27-alpine", []world.Line{{Every: time.Second, Text: "tick"}})
	b.run(3 * time.Second)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	b.stop()
	b.run(10 * time.Second)
	b.start()
	b.run(time.Second)
	if got := b.log("p", "main", false); len(got) < 12 || got[len(got)-1] != fmt.Sprintf("%d tick", len(got)-3) {
		t.Errorf("%q", got)
	}
}

func TestNoLog(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	b.world.Images.Set(world.Image{Name: "gone", Missing: true})
	b.create(bound("missing", ofImage("gone")), bound("big", func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("64")}
	}))
	b.run(700 * time.Millisecond)
	b.expectLog("missing", false, `container "main" in pod "missing" is waiting to start: image can't be pulled`)
	b.run(5 * time.Second)
	b.expectLog("missing", false, `container "main" in pod "missing" is waiting to start: trying and failing to pull image`)
	b.expectLog("big", false, `container "main" in pod "big" is not available`)
	for _, where := range [][2]string{{"other", "main"}, {"missing", "other"}} {
		if _, err := b.kubelet.Log(api.Key{Namespace: "default", Name: where[0]}, where[1], false); !apierrors.IsNotFound(err) {
			t.Errorf("%v: %v", where, err)
		}
	}
}

// TestLogIsBounded writes and plans more lines than a log keeps.
func TestLogIsBounded(t *testing.T) {
	l := newLog(0, nil)
	r := &logReader{run: &run{log: l}, until: -1}
	for i := range 3 * maxLog {
		l.write(time.Duration(i), "w")
		if i == 10 {
			if lines, _ := r.Read(time.Hour); len(lines) != 11 {
				t.Errorf("%d lines", len(lines))
			}
		}
	}
	lines, _ := r.Read(time.Hour)
	if len(lines) != maxLog || lines[maxLog-1].Time != 3*maxLog-1 || len(l.written) >= 2*maxLog {
		t.Errorf("of written lines %d, the last of %d, are kept in %d", len(lines), lines[len(lines)-1].Time, len(l.written))
	}
	l.plan(5, 2, "p")
	lines, _ = (&logReader{run: &run{log: l}, until: -1}).Read(time.Hour)
	if last := lines[len(lines)-1]; len(lines) != maxLog || last.Text != "p" || last.Time != time.Hour-1 {
		t.Errorf("%d lines, the last %+v", len(lines), last)
	}
}
