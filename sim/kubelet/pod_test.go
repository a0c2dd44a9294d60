package kubelet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/world"
)

func probeEvery(seconds int32, change ...func(*corev1.Probe)) *corev1.Probe {
	p := &corev1.Probe{PeriodSeconds: seconds, FailureThreshold: 3, SuccessThreshold: 1}
	p.TCPSocket = &corev1.TCPSocketAction{}
	p.TCPSocket.Port.IntVal = 80
	for _, f := range change {
		f(p)
	}
	return p
}

func withInit(name string, words ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{Name: name, Image: "busybox", Command: words})
	}
}

func asSidecar(p *corev1.Pod) {
	always := corev1.ContainerRestartPolicyAlways
	p.Spec.InitContainers[len(p.Spec.InitContainers)-1].RestartPolicy = &always
}

func ofJob(p *corev1.Pod) {
	controller := true
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: "task", Controller: &controller}}
}

func grace(seconds int64) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = &seconds }
}

// TestLives follows pods through their life: what happens, and what the API says at which time.
func TestLives(t *testing.T) {
	type moment struct {
		at   time.Duration // after the pod was created
		want string
	}
	long := func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyOnFailure }
	s := time.Second
	for _, c := range []struct {
		name    string
		pod     []func(*corev1.Pod)
		prepare func(*bench)
		moments []moment
		events  []string
	}{
		{
			name:    "a task ends well",
			pod:     []func(*corev1.Pod){ofImage("busybox"), command("sleep", "5"), onceOnly},
			moments: []moment{{3 * s, running}, {7 * s, "Succeeded main=Completed(0) ready=False"}, {time.Hour, "Succeeded main=Completed(0) ready=False"}},
		},
		{
			name:    "a task fails",
			pod:     []func(*corev1.Pod){ofImage("busybox"), command("sh", "-c", "sleep 2; exit 3"), onceOnly},
			moments: []moment{{2 * s, running}, {4 * s, "Failed main=Error(3) ready=False"}},
		},
		{
			name:    "a Job's program that nothing is known of ends after 5 s",
			pod:     []func(*corev1.Pod){ofImage("shop"), command("python", "manage.py", "migrate"), ofJob, onceOnly},
			moments: []moment{{5 * s, running}, {8 * s, "Succeeded main=Completed(0) ready=False"}},
		},
		{
			name: "the scenario says how a Job's program ends",
			pod:  []func(*corev1.Pod){ofImage("shop"), ofJob, onceOnly},
			prepare: func(b *bench) {
				b.world.Images.Set(world.Image{Name: "shop", Bytes: 1, Program: world.Program{Exits: true, After: time.Minute, ExitCode: 4}})
			},
			moments: []moment{{50 * s, running}, {65 * s, "Failed main=Error(4) ready=False"}},
		},
		{
			name:    "a Job's sidecar does not end by itself",
			pod:     []func(*corev1.Pod){withInit("proxy", "envoy"), asSidecar, ofImage("busybox"), command("sleep", "60"), ofJob, onceOnly},
			moments: []moment{{50 * s, "Running proxy=running main=running ready=True"}},
		},
		{
			name:    "an init container's program ends, so that the others have their turn",
			pod:     []func(*corev1.Pod){withInit("setup", "python", "setup.py")},
			moments: []moment{{4 * s, "Pending setup=running main=PodInitializing ready=False"}, {10 * s, "Running setup=Completed(0) main=running ready=True"}},
		},
		{
			name:    "a failed task is tried again and then ends well",
			pod:     []func(*corev1.Pod){ofImage("busybox"), command("sh", "-c", "false && sleep 100 || exit 0"), long},
			moments: []moment{{3 * s, "Succeeded main=Completed(0) ready=False"}},
		},
		{
			name:    "a shell without a terminal ends at once, again and again",
			pod:     []func(*corev1.Pod){ofImage("busybox")},
			moments: []moment{{3 * s, "Running main=CrashLoopBackOff×1 ready=False"}, {20 * s, "Running main=CrashLoopBackOff×2 ready=False"}},
			events: []string{
				"Warning BackOff spec.containers{main}: Back-off restarting failed container main in pod p_default(uid-",
			},
		},
		{
			name:    "an init container of two fails once: policy Never",
			pod:     []func(*corev1.Pod){withInit("first", "true"), withInit("second", "false"), onceOnly},
			moments: []moment{{4 * s, "Failed first=Completed(0) second=Error(1) main=PodInitializing ready=False"}},
		},
		{
			name: "a sidecar starts first and ends last",
			pod:  []func(*corev1.Pod){withInit("proxy", "sleep", "infinity"), asSidecar, ofImage("busybox"), command("sleep", "3"), onceOnly, grace(2)},
			moments: []moment{
				{3 * s, "Running proxy=running main=running ready=True"},
				{5 * s, "Running proxy=running main=Completed(0) ready=False"},
				{8 * s, "Succeeded proxy=Error(137) main=Completed(0) ready=False"},
			},
		},
		{
			name: "readiness comes when the program answers",
			pod: []func(*corev1.Pod){ofImage("postgres:16-alpine"), func(p *corev1.Pod) {
				p.Spec.Containers[0].ReadinessProbe = probeEvery(5)
			}},
			moments: []moment{{4 * s, "Running main=running ready=False"}, {9 * s, running}},
			events:  []string{"Warning Unhealthy spec.containers{main}: Readiness probe failed: dial tcp 10.244.1.2:80: connect: connection refused"},
		},
		{
			name: "liveness ends a program that does not answer in time",
			pod: []func(*corev1.Pod){ofImage("slow"), func(p *corev1.Pod) {
				p.Spec.Containers[0].LivenessProbe = probeEvery(10, func(b *corev1.Probe) { b.InitialDelaySeconds = 5 })
			}},
			prepare: func(b *bench) {
				b.world.Images.Set(world.Image{Name: "slow", Program: world.Program{Start: time.Minute}})
			},
			moments: []moment{{20 * s, running}, {33 * s, "Running main=running×1 ready=True"}},
			events: []string{
				"Warning Unhealthy spec.containers{main}: Liveness probe failed: dial tcp 10.244.1.2:80: connect: connection refused (x3)",
				"Normal Killing spec.containers{main}: Container main failed liveness probe, will be restarted",
			},
		},
		{
			name: "a startup probe gives a slow program its time",
			pod: []func(*corev1.Pod){ofImage("slow"), func(p *corev1.Pod) {
				p.Spec.Containers[0].LivenessProbe = probeEvery(10)
				p.Spec.Containers[0].StartupProbe = probeEvery(10, func(b *corev1.Probe) { b.FailureThreshold = 10 })
			}},
			prepare: func(b *bench) {
				b.world.Images.Set(world.Image{Name: "slow", Program: world.Program{Start: time.Minute}})
			},
			moments: []moment{{30 * s, "Running main=running ready=False"}, {75 * s, running}, {10 * time.Minute, running}},
		},
		{
			name:    "an image that the registry does not have",
			pod:     []func(*corev1.Pod){ofImage("shop-web")},
			prepare: func(b *bench) { b.world.Images.Set(world.Image{Name: "shop-web", Missing: true}) },
			moments: []moment{{1 * s, "Pending main=ErrImagePull ready=False"}, {5 * s, "Pending main=ImagePullBackOff ready=False"}},
			events: []string{
				`Warning Failed spec.containers{main}: Failed to pull image "shop-web": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/shop-web:latest": failed to resolve reference "docker.io/library/shop-web:latest": docker.io/library/shop-web:latest: not found`,
				"Warning Failed spec.containers{main}: Error: ErrImagePull",
				`Normal BackOff spec.containers{main}: Back-off pulling image "shop-web"`,
				"Warning Failed spec.containers{main}: Error: ImagePullBackOff",
			},
		},
		{
			name:    "a name that is none",
			pod:     []func(*corev1.Pod){ofImage("No Such:Thing")},
			moments: []moment{{3 * s, "Pending main=InvalidImageName ready=False"}},
			events:  []string{"Warning InspectFailed spec.containers{main}: Failed to apply default image tag"},
		},
		{
			name:    "an image that must be there already",
			pod:     []func(*corev1.Pod){func(p *corev1.Pod) { p.Spec.Containers[0].ImagePullPolicy = corev1.PullNever }},
			moments: []moment{{3 * s, "Pending main=ErrImageNeverPull ready=False"}},
			events:  []string{`Warning ErrImageNeverPull spec.containers{main}: Container image "nginx:1.27-alpine" is not present with pull policy of Never`},
		},
		{
			name:    "a deadline for the pod",
			pod:     []func(*corev1.Pod){func(p *corev1.Pod) { n := int64(20); p.Spec.ActiveDeadlineSeconds = &n }},
			moments: []moment{{15 * s, running}, {22 * s, "Failed(DeadlineExceeded) main=Completed(0) ready=False"}},
			events:  []string{"Normal DeadlineExceeded: Pod was active on the node longer than the specified deadline"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.prepare != nil {
				c.prepare(b)
			}
			b.run(3 * s)
			start := b.engine.Now()
			b.create(bound("p", c.pod...))
			for _, m := range c.moments {
				b.run(start + m.at - b.engine.Now())
				if got := brief(b.get("p")); got != m.want {
					t.Errorf("after %s: %s\nwant       %s", m.at, got, m.want)
				}
			}
			for _, e := range c.events {
				b.hasEvent("p", e)
			}
			if t.Failed() {
				t.Log("\n" + strings.Join(b.told, "\n"))
			}
		})
	}
}

// starts are the times at which a container has been started.
func (b *bench) starts(container string) []time.Duration {
	var out []time.Duration
	for _, line := range b.told {
		if !strings.Contains(line, "container "+container+": runs ") {
			continue
		}
		var at float64
		fmt.Sscanf(line, "%f", &at)
		out = append(out, time.Duration(at*float64(time.Second)))
	}
	return out
}

func TestCrashLoopBacksOff(t *testing.T) {
	b := newBench(t)
	b.create(bound("p", ofImage("busybox"), command("false")))
	b.run(45 * time.Minute)
	starts := b.starts("main")
	want := []time.Duration{0, 10, 20, 40, 80, 160, 300, 300, 300}
	for i, w := range want {
		// Each start takes 50–150 ms; the container ends at once.
		if gap := starts[i+1] - starts[i]; gap < w*time.Second || gap > w*time.Second+151*time.Millisecond {
			t.Errorf("start %d came %s after the one before, want %ds", i+1, gap, w)
		}
	}
	b.hasTold("back-off of 10 s")
	if w := b.get("p").Status.ContainerStatuses[0].State.Waiting; w == nil || !strings.HasPrefix(w.Message, "back-off 5m0s restarting failed container=main pod=p_default(uid-") {
		t.Errorf("waits with %+v", w)
	}
}

func TestBackOffIsForgottenAfterAQuietTime(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	crash := func() {
		t.Helper()
		if err := b.kubelet.Crash(api.Key{Namespace: "default", Name: "p"}, "", 1); err != nil {
			t.Fatal(err)
		}
	}
	crash()
	b.expect("p", "Running main=running×1 ready=True", time.Second)
	crash()
	b.expect("p", "Running main=CrashLoopBackOff×1 ready=False", 2*time.Second)
	b.expect("p", "Running main=running×2 ready=True", 10*time.Second)
	b.run(11 * time.Minute)
	crash()
	b.expect("p", "Running main=running×3 ready=True", time.Second)
	if err := b.kubelet.Crash(api.Key{Namespace: "default", Name: "nobody"}, "", 1); err == nil {
		t.Error("a pod that is not here crashed")
	}
}

func TestInitContainerWaitsForAName(t *testing.T) {
	b := newBench(t)
	b.create(bound("app", withInit("wait-for-redis", "sh", "-c", "until nslookup redis-started; do echo waiting; sleep 2; done")))
	b.run(20 * time.Second)
	if got := brief(b.get("app")); got != "Pending wait-for-redis=running main=PodInitializing ready=False" {
		t.Fatalf("%s", got)
	}
	if c := b.get("app").Status.Conditions[1]; c.Reason != "ContainersNotInitialized" || c.Message != "containers with incomplete status: [wait-for-redis]" {
		t.Errorf("%+v", c)
	}
	b.names["redis-started"] = true
	b.expect("app", "Running wait-for-redis=Completed(0) main=running ready=True", 4*time.Second)
	n := 0
	for _, line := range b.told {
		if strings.HasSuffix(line, "redis-started does not resolve yet, asks again every 2 s") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("told %d times", n)
	}
	b.hasTold("redis-started resolves now, to 10.96.0.1")
}

func TestGracefulEnd(t *testing.T) {
	sleepHook := func(p *corev1.Pod) {
		p.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "-c", "sleep 4"}}}}
	}
	for _, c := range []struct {
		name     string
		pod      []func(*corev1.Pod)
		program  world.Program
		grace    []int64
		min, max time.Duration
		status   string // the last one before it goes
	}{
		{"a program that listens", nil, world.Program{}, nil, 50 * time.Millisecond, 510 * time.Millisecond, "Succeeded main=Completed(0) ready=False"},
		{"one that takes its time", nil, world.Program{Stop: 7 * time.Second}, nil, 7 * time.Second, 7010 * time.Millisecond, "Succeeded main=Completed(0) ready=False"},
		{"one that does not listen", nil, world.Program{Stuck: true}, nil, 30 * time.Second, 30010 * time.Millisecond, "Failed main=Error(137) ready=False"},
		{"a shorter grace period", []func(*corev1.Pod){grace(5)}, world.Program{Stuck: true}, nil, 5 * time.Second, 5010 * time.Millisecond, "Failed main=Error(137) ready=False"},
		{"the deletion's own grace period", nil, world.Program{Stuck: true}, []int64{3}, 3 * time.Second, 3010 * time.Millisecond, "Failed main=Error(137) ready=False"},
		{"a preStop hook", []func(*corev1.Pod){sleepHook}, world.Program{Stop: time.Second}, nil, 5 * time.Second, 5010 * time.Millisecond, "Succeeded main=Completed(0) ready=False"},
		{"sleep does not listen", []func(*corev1.Pod){command("sleep", "infinity"), grace(2)}, world.Program{}, nil, 2 * time.Second, 2010 * time.Millisecond, "Failed main=Error(137) ready=False"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.world.Images.Set(world.Image{Name: "thing", Program: c.program})
			b.create(bound("p", append(c.pod, ofImage("thing"))...))
			b.expect("p", running, 20*time.Second)
			at := b.engine.Now()
			b.delete("p", c.grace...)
			b.expect("p", "gone", time.Minute)
			if took := b.engine.Now() - at; took < c.min || took > c.max {
				t.Errorf("took %s", took)
			}
			if last := brief(b.server.last.(*corev1.Pod)); last != c.status {
				t.Errorf("last status %s", last)
			}
			b.run(time.Second)
			b.hasEvent("p", "Normal Killing spec.containers{main}: Stopping container main")
			if len(b.kubelet.running) != 0 || len(b.kubelet.machine.pods) != 0 || len(b.kubelet.machine.leased) != 0 || b.kubelet.used.used["pods"] != 0 {
				t.Errorf("something is left: %+v", b.kubelet.machine)
			}
		})
	}
}

func TestASecondDeletionIsInMoreHaste(t *testing.T) {
	b := newBench(t)
	b.create(bound("p", ofImage("busybox"), command("sleep", "infinity")))
	b.expect("p", running, 10*time.Second)
	b.delete("p", 60)
	b.run(10 * time.Second)
	b.delete("p", 5)
	b.expect("p", "gone", 6*time.Second)
}

func TestForcedDeletionFreesTheNodeAfterTheGracePeriod(t *testing.T) {
	b := newBench(t)
	b.create(bound("p", ofImage("busybox"), command("sleep", "infinity"), grace(4)))
	b.expect("p", running, 10*time.Second)
	b.delete("p", 0)
	b.create(bound("p")) // its namesake waits for the end of the first
	b.expect("p", running, 8*time.Second)
	if n := len(b.kubelet.machine.pods); n != 1 {
		t.Errorf("%d sandboxes", n)
	}
}

func requesting(cpu, memory string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
		}
	}
}

func hostPortOf(port int32) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: port}} }
}

func TestAdmission(t *testing.T) {
	for _, c := range []struct {
		name   string
		config func(*Config)
		first  []func(*corev1.Pod)
		second []func(*corev1.Pod)
		reason string
		text   string
	}{
		{"cpu", nil, []func(*corev1.Pod){requesting("3", "1Gi")}, []func(*corev1.Pod){requesting("2", "1Gi")},
			"OutOfcpu", "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"},
		{"memory", nil, []func(*corev1.Pod){requesting("1", "5Gi")}, []func(*corev1.Pod){requesting("1", "5Gi")},
			"OutOfmemory", "Node didn't have enough resource: memory, requested: 5368709120, used: 5368709120, capacity: 8589934592"},
		{"pods", func(c *Config) { c.Node.Pods = 1 }, nil, nil,
			"OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1"},
		{"reserved", func(c *Config) {
			c.Node.Reserved = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
		}, nil, []func(*corev1.Pod){requesting("3500m", "1Gi")},
			"OutOfcpu", "Node didn't have enough resource: cpu, requested: 3500, used: 0, capacity: 3000"},
		{"affinity", nil, nil, []func(*corev1.Pod){func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }},
			"NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"},
		{"host port", nil, []func(*corev1.Pod){hostPortOf(80)}, []func(*corev1.Pod){hostPortOf(80)},
			"NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"},
		{"taint", func(c *Config) {
			c.Node.Taints = []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoExecute}}
		}, []func(*corev1.Pod){func(p *corev1.Pod) {
			p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		}}, nil, "TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, func(cfg *Config) {
				if c.config != nil {
					c.config(cfg)
				}
			})
			b.run(3 * time.Second)
			b.create(bound("a", c.first...))
			b.expect("a", running, 10*time.Second)
			b.create(bound("b", c.second...))
			b.expect("b", "Failed("+c.reason+") ready=Unknown", time.Second)
			if m := b.get("b").Status.Message; m != "Pod was rejected: "+c.text {
				t.Errorf("message %q", m)
			}
			b.run(time.Second)
			b.hasEvent("b", "Warning "+c.reason+": "+c.text)
			// What the first one held is free again when it has gone.
			if c.reason == "OutOfcpu" && c.first != nil || c.reason == "NodePorts" {
				b.delete("a")
				b.expect("a", "gone", 2*time.Second)
				b.create(bound("c", c.second...))
				b.expect("c", running, 2*time.Second)
			}
		})
	}
}

func TestMissingConfiguration(t *testing.T) {
	fromEnv := func(p *corev1.Pod) {
		p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}
	}
	fromKey := func(p *corev1.Pod) {
		p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "A", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "password"}, Key: "value"}}}}
	}
	fromVolume := func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}}
	}
	fromToken := func(p *corev1.Pod) {
		p.Spec.ServiceAccountName = "robot"
		p.Spec.Volumes = []corev1.Volume{{Name: "access", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "root"}, Optional: new(true)}},
		}}}}}
	}
	robot := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "robot"}}
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "settings"}}
	password := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "password"}, Data: map[string][]byte{"value": []byte("x")}}
	for _, c := range []struct {
		name    string
		pod     func(*corev1.Pod)
		want    string
		event   string
		missing api.Object
		within  time.Duration
	}{
		{"environment", fromEnv, "Pending main=CreateContainerConfigError ready=False",
			`Warning Failed spec.containers{main}: Error: configmap "settings" not found`, settings, 11 * time.Second},
		{"a key of a secret", fromKey, "Pending main=CreateContainerConfigError ready=False",
			`Warning Failed spec.containers{main}: Error: secret "password" not found`, password, 11 * time.Second},
		{"volume", fromVolume, "Pending main=ContainerCreating ready=False",
			`Warning FailedMount: MountVolume.SetUp failed for volume "config" : configmap "settings" not found`, settings, 2 * time.Minute},
		{"a token", fromToken, "Pending main=ContainerCreating ready=False",
			`Warning FailedMount: MountVolume.SetUp failed for volume "access" : failed to fetch token: serviceaccounts "robot" not found`, robot, 2 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.create(bound("p", c.pod))
			b.run(15 * time.Second)
			if got := brief(b.get("p")); got != c.want {
				t.Errorf("%s", got)
			}
			b.hasEvent("p", c.event)
			b.create(c.missing)
			b.expect("p", running, c.within)
		})
	}
}

func TestImageOfARunningPodIsChanged(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	api.Patch(b.server, api.Pods, api.Key{Namespace: "default", Name: "p"}, func(p *corev1.Pod) error {
		p.Spec.Containers[0].Image = "nginx:1.28-alpine"
		p.Generation++
		return nil
	})
	b.expect("p", "Running main=running×1 ready=True", 5*time.Second)
	if s := b.get("p").Status; s.ContainerStatuses[0].Image != "docker.io/library/nginx:1.28-alpine" || s.ObservedGeneration != 2 {
		t.Errorf("%+v", s)
	}
	b.run(time.Second)
	b.hasEvent("p", "Normal Killing spec.containers{main}: Container main definition changed, will be restarted")
}

func TestReadinessGate(t *testing.T) {
	b := newBench(t)
	b.create(bound("p", func(p *corev1.Pod) {
		p.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	}))
	b.expect("p", "Running main=running ready=False", 10*time.Second)
	if c := b.get("p").Status.Conditions[2]; c.Reason != "ReadinessGatesNotReady" || c.Message != `corresponding condition of pod readiness gate "example.com/gate" does not exist.` {
		t.Errorf("%+v", c)
	}
	api.PatchStatus(b.server, api.Pods, api.Key{Namespace: "default", Name: "p"}, func(p *corev1.Pod) error {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: "example.com/gate", Status: corev1.ConditionTrue})
		return nil
	})
	b.expect("p", running, time.Second)
	if n := len(b.get("p").Status.Conditions); n != 6 {
		t.Errorf("%d conditions", n)
	}
}

func TestWhatOthersSayOfReadinessIsPutRight(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	b.run(time.Second)
	api.PatchStatus(b.server, api.Pods, api.Key{Namespace: "default", Name: "p"}, func(p *corev1.Pod) error {
		for i := range p.Status.Conditions {
			if p.Status.Conditions[i].Type == corev1.PodReady {
				p.Status.Conditions[i].Status = corev1.ConditionFalse
			}
		}
		return nil
	})
	b.expect("p", running, 10*time.Millisecond)
}

func TestStatusIsReportedLaterWhenTheServerIsAway(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"))
	b.run(1300 * time.Millisecond)
	b.server.down = true
	b.run(15 * time.Second)
	b.hasTold("its heartbeat does not reach the API server")
	b.server.down = false
	b.expect("p", running, 10*time.Second)
	b.run(10 * time.Second)
	b.hasTold("its heartbeat reaches the API server again")
}

func TestInstantPodsRunAtOnceAndSayNothing(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Instant = true })
	b.run(time.Second)
	at, writes := b.engine.Now(), len(b.server.requests)
	b.create(bound("p", requesting("1", "1Gi")))
	b.expect("p", running, 2*time.Millisecond)
	if n := len(b.server.requests) - writes; n != 2 { // the creation, one status
		t.Errorf("requests %q", b.server.requests[writes:])
	}
	b.delete("p")
	b.expect("p", "gone", 2*time.Millisecond)
	if len(b.server.objects[api.Events]) != 0 {
		t.Errorf("events of the pod or the node: %d", len(b.server.objects[api.Events]))
	}
	if took := b.engine.Now() - at; took > 5*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

func TestKubectlWaitInAnInitContainer(t *testing.T) {
	b := newBench(t)
	b.create(bound("p", withInit("wait", "kubectl", "wait", "--for=condition=complete", "job/migrate", "--timeout=60s")))
	b.run(10 * time.Second)
	b.hasTold("job default/migrate does not exist yet, waits for it")
	b.run(55 * time.Second)
	if s := b.get("p").Status.InitContainerStatuses[0]; s.RestartCount != 1 {
		t.Errorf("the time-out ends it: %+v", s)
	}
	b.create(completeJob("migrate"))
	b.expect("p", "Running wait=Completed(0)×1 main=running ready=True", 3*time.Second)
}

func TestServiceAccountThatMayNotReadJobs(t *testing.T) {
	var asked string
	b := newBench(t, func(c *Config) {
		c.Account = func(namespace, name string) api.Client { asked = namespace + "/" + name; return forbidden{} }
	})
	b.create(completeJob("migrate"), bound("p", withInit("wait", "kubectl", "wait", "--for=condition=complete", "job/migrate"), onceOnly))
	b.expect("p", "Failed wait=Error(1) main=PodInitializing ready=False", 10*time.Second)
	b.hasTold("cannot look at job default/migrate: jobs.batch \"migrate\" is forbidden")
	if asked != "default/default" {
		t.Errorf("asked as %s", asked)
	}
}

// forbidden is a client that may not do anything.
type forbidden struct{ api.Client }

func (forbidden) Do(q api.Request) (api.Object, error) {
	return nil, apierrors.NewForbidden(q.Resource.GroupResource(), q.Key.Name, errors.New("not allowed"))
}

func TestConditionsInOrder(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	var got []string
	for _, c := range b.get("p").Status.Conditions {
		got = append(got, string(c.Type)+"="+string(c.Status))
	}
	want := []string{"PodReadyToStartContainers=True", "Initialized=True", "Ready=True", "ContainersReady=True", "PodScheduled=True"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
