package kubelet

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
	"minisim/sim/component"
	"minisim/sim/engine"
	"minisim/sim/trace"
	"minisim/sim/world"
)

// bench is one worker with everything around it.
type bench struct {
	t       testing.TB
	engine  *engine.Engine
	trace   *trace.Recorder
	server  *fakeServer
	world   *world.World
	names   names
	config  Config
	kubelet *Kubelet
	told    []string
}

// names is a Resolver that knows what the test says.
type names map[string]bool

func (n names) Lookup(_, name string) ([]string, bool) { return []string{"10.96.0.1"}, n[name] }

func newBench(t testing.TB, change ...func(*Config)) *bench {
	e := engine.New(engine.Config{Seed: 1})
	r := trace.NewRecorder(e, nil)
	b := &bench{t: t, engine: e, trace: r, server: newFakeServer(e, r), world: world.New(e), names: names{}}
	r.Subscribe(func(rec trace.Record) {
		if body, ok := rec.Body.(trace.Teller); ok && body.Tell() != "" {
			b.told = append(b.told, fmt.Sprintf("%s %s", trace.Seconds(rec.Time), body.Tell()))
		}
	})
	b.config = Config{
		Node: NodeConfig{
			Name: "worker-1", Address: "10.0.0.1", PodCIDR: "10.244.1.0/24",
			CPU: resource.MustParse("4"), Memory: resource.MustParse("8Gi"),
		},
		World: b.world, DNS: b.names, Machine: NewMachine(),
	}
	for _, f := range change {
		f(&b.config)
	}
	b.start()
	return b
}

func (b *bench) start() {
	c := b.config
	c.Process = component.NewProcess("kubelet/worker-1", "kubelet", "worker-1", b.engine, b.trace, b.server)
	b.kubelet = New(c)
	c.Process.Start()
}

func (b *bench) stop() { b.kubelet.cfg.Process.Stop() }

// run lets virtual time pass.
func (b *bench) run(d time.Duration) {
	b.t.Helper()
	if err := b.engine.RunTo(b.engine.Now() + d); err != nil {
		b.t.Fatal(err)
	}
}

// bound makes a pod that is bound to the worker.
func bound(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: corev1.PodSpec{
			NodeName: "worker-1", RestartPolicy: corev1.RestartPolicyAlways,
			Containers: []corev1.Container{{Name: "main", Image: "nginx:1.27-alpine"}},
		},
	}
	for _, f := range change {
		f(p)
	}
	return p
}

func command(words ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Command = words }
}

func ofImage(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Image = name }
}

func onceOnly(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyNever }

func (b *bench) create(objects ...api.Object) {
	b.t.Helper()
	for _, o := range objects {
		if _, err := b.server.Do(api.Request{Verb: api.VerbCreate, Resource: api.Of(o), Key: api.KeyOf(o), Object: o}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) delete(name string, grace ...int64) {
	b.t.Helper()
	var o metav1.DeleteOptions
	if len(grace) > 0 {
		o.GracePeriodSeconds = &grace[0]
	}
	if err := api.Delete(b.server, api.Pods, api.Key{Namespace: "default", Name: name}, o); err != nil {
		b.t.Fatal(err)
	}
}

// get is the pod as the API has it, nil if it has none.
func (b *bench) get(name string) *corev1.Pod {
	p, _ := b.server.objects[api.Pods][api.Key{Namespace: "default", Name: name}].(*corev1.Pod)
	return p
}

// brief is a pod's status in one line: phase, each container, Ready.
func brief(p *corev1.Pod) string {
	if p == nil {
		return "gone"
	}
	out := []string{string(p.Status.Phase)}
	if p.Status.Reason != "" {
		out[0] += "(" + p.Status.Reason + ")"
	}
	for _, c := range append(slices.Clone(p.Status.InitContainerStatuses), p.Status.ContainerStatuses...) {
		state := "none"
		switch s := c.State; {
		case s.Running != nil:
			state = "running"
		case s.Waiting != nil:
			state = s.Waiting.Reason
		case s.Terminated != nil:
			state = fmt.Sprintf("%s(%d)", s.Terminated.Reason, s.Terminated.ExitCode)
		}
		if c.RestartCount > 0 {
			state += fmt.Sprintf("×%d", c.RestartCount)
		}
		out = append(out, c.Name+"="+state)
	}
	return strings.Join(append(out, "ready="+string(conditionStatus(&p.Status, corev1.PodReady))), " ")
}

// expect runs until the pod's status reads so, and fails after limit.
func (b *bench) expect(name, want string, limit time.Duration) {
	b.t.Helper()
	end := b.engine.Now() + limit
	for brief(b.get(name)) != want {
		if next, ok := b.engine.Next(); !ok || next.Time > end {
			b.t.Fatalf("after %s pod %s is %q, want %q\n%s", limit, name, brief(b.get(name)), want, strings.Join(b.told, "\n"))
		}
		if _, err := b.engine.Step(); err != nil {
			b.t.Fatal(err)
		}
	}
}

const running = "Running main=running ready=True"

// events are the Events about an object, oldest first: "Normal Pulled spec.containers{main}: …".
func (b *bench) events(name string) []string {
	var list []*corev1.Event
	for _, o := range b.server.objects[api.Events] {
		if ev := o.(*corev1.Event); ev.InvolvedObject.Name == name {
			list = append(list, ev)
		}
	}
	slices.SortFunc(list, func(a, c *corev1.Event) int { return strings.Compare(a.Name, c.Name) })
	var out []string
	for _, ev := range list {
		s := ev.Type + " " + ev.Reason + ": " + ev.Message
		if ev.InvolvedObject.FieldPath != "" {
			s = ev.Type + " " + ev.Reason + " " + ev.InvolvedObject.FieldPath + ": " + ev.Message
		}
		if ev.Count > 1 {
			s += fmt.Sprintf(" (x%d)", ev.Count)
		}
		out = append(out, s)
	}
	return out
}

// hasEvent wants an Event that contains the text.
func (b *bench) hasEvent(name, text string) {
	b.t.Helper()
	if !slices.ContainsFunc(b.events(name), func(s string) bool { return strings.Contains(s, text) }) {
		b.t.Errorf("no event %q about %s; there are\n%s", text, name, strings.Join(b.events(name), "\n"))
	}
}

func (b *bench) hasTold(text string) {
	b.t.Helper()
	if !slices.ContainsFunc(b.told, func(s string) bool { return strings.Contains(s, text) }) {
		b.t.Errorf("%q was not told; told was\n%s", text, strings.Join(b.told, "\n"))
	}
}

func TestNodeRegistersAndBecomesReady(t *testing.T) {
	b := newBench(t)
	b.run(time.Millisecond)
	node := b.server.objects[api.Nodes][api.Key{Name: "worker-1"}].(*corev1.Node)
	ready := func() corev1.NodeCondition { return node.Status.Conditions[3] }
	if c := ready(); c.Type != corev1.NodeReady || c.Status != corev1.ConditionFalse || c.Reason != "KubeletNotReady" {
		t.Errorf("registered as %+v", c)
	}
	b.run(2 * time.Second)
	node = b.server.objects[api.Nodes][api.Key{Name: "worker-1"}].(*corev1.Node)
	if c := ready(); c.Status != corev1.ConditionTrue || c.Reason != "KubeletReady" || c.Message != "kubelet is posting ready status" {
		t.Errorf("after 2 s %+v", c)
	}
	if node.Labels[corev1.LabelHostname] != "worker-1" || node.Status.NodeInfo.KubeletVersion != "v1.36.3" ||
		node.Status.Allocatable.Cpu().String() != "4" || node.Status.Allocatable.Pods().Value() != 110 {
		t.Errorf("%+v", node)
	}
	b.hasEvent("worker-1", "Normal NodeReady: Node worker-1 status is now: NodeReady")
	if b.server.objects[api.CSINodes][api.Key{Name: "worker-1"}] == nil {
		t.Error("there is no CSINode")
	}
}

func TestHeartbeatsAreCheap(t *testing.T) {
	b := newBench(t)
	b.run(20 * time.Second)
	steps, writes := b.engine.Steps(), len(b.server.requests)
	b.run(10 * time.Minute)
	leases := slices.DeleteFunc(slices.Clone(b.server.requests[writes:]), func(s string) bool { return s != "update leases kube-node-lease/worker-1" })
	others := len(b.server.requests) - writes - len(leases)
	if len(leases) != 60 || others != 2 { // every 10 s; the Node's status every 5 min
		t.Errorf("%d leases, %d other writes in 10 min", len(leases), others)
	}
	if n := b.engine.Steps() - steps; n > 70 {
		t.Errorf("%d steps in 10 min", n)
	}
}

// While the server is away the Lease is asked for after ever longer pauses, and
// renewed every 10 s again, counted from the moment at which it came back.
func TestHeartbeatsWhileTheServerIsAway(t *testing.T) {
	b := newBench(t)
	b.run(15 * time.Second)
	var beats []time.Duration
	b.trace.Subscribe(func(r trace.Record) {
		if _, ok := r.Body.(Heartbeat); ok {
			beats = append(beats, r.Time)
		}
	})
	b.server.down = true
	b.run(40 * time.Second)
	b.server.down = false
	b.run(20 * time.Second)
	var pauses []time.Duration
	for i := range beats[1:] {
		pauses = append(pauses, beats[i+1]-beats[i])
	}
	ms := time.Millisecond
	want := []time.Duration{200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 7000 * ms, 7000 * ms, 7000 * ms, 10000 * ms}
	if !slices.Equal(pauses, want) {
		t.Errorf("pauses %v, want %v", pauses, want)
	}
	b.hasTold("its heartbeat does not reach the API server; it tries again after 0.2 s, then after pauses twice as long each time, at most 7 s")
	b.hasTold("its heartbeat reaches the API server again")
}

func TestNodeWithoutARangeOfAddressesWaits(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Node.PodCIDR = "" })
	b.create(bound("web"))
	b.run(time.Minute)
	if p := b.get("web"); p.Status.PodIP != "" {
		t.Errorf("an address out of nowhere: %s", p.Status.PodIP)
	}
	api.Patch(b.server, api.Nodes, api.Key{Name: "worker-1"}, func(n *corev1.Node) error {
		n.Spec.PodCIDR = "10.244.7.0/24"
		return nil
	})
	b.expect("web", running, 5*time.Second)
	if ip := b.get("web").Status.PodIP; ip != "10.244.7.2" {
		t.Errorf("address %s", ip)
	}
}

func TestPlainStart(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	at, steps, writes := b.engine.Now(), b.engine.Steps(), len(b.server.requests)
	b.create(bound("web"))
	b.run(2 * time.Millisecond)
	if got := brief(b.get("web")); got != "Pending main=ContainerCreating ready=False" {
		t.Errorf("at first %s", got)
	}
	b.expect("web", running, 5*time.Second)
	// 20 MB at 50 MB/s are 0.4 s, the manifest 0.1 s, the sandbox 0.2–0.4 s, the start 0.05–0.15 s.
	if took := b.engine.Now() - at; took < 750*time.Millisecond || took > 1051*time.Millisecond {
		t.Errorf("took %s", took)
	}
	b.run(time.Second)
	if n := b.engine.Steps() - steps; n > 20 {
		t.Errorf("%d steps", n)
	}
	var status int
	for _, r := range b.server.requests[writes:] {
		if r == "patch pods/status default/web" {
			status++
		}
	}
	if status > 3 {
		t.Errorf("%d status writes", status)
	}
	want := []string{
		`Normal Pulling spec.containers{main}: Pulling image "nginx:1.27-alpine"`,
		`Normal Pulled spec.containers{main}: Successfully pulled image "nginx:1.27-alpine" in 500ms (500ms including waiting). Image size: 20000000 bytes.`,
		`Normal Created spec.containers{main}: Container created`,
		`Normal Started spec.containers{main}: Container started`,
	}
	if got := b.events("web"); !slices.Equal(got, want) {
		t.Errorf("events\n%s", strings.Join(got, "\n"))
	}
	p := b.get("web")
	c := p.Status.ContainerStatuses[0]
	if p.Status.PodIP != "10.244.1.2" || p.Status.HostIP != "10.0.0.1" || c.Image != "docker.io/library/nginx:1.27-alpine" ||
		!strings.HasPrefix(c.ContainerID, "containerd://") || len(c.ContainerID) != 13+64 ||
		!strings.HasPrefix(c.ImageID, "docker.io/library/nginx@sha256:") {
		t.Errorf("%+v", p.Status)
	}
	b.hasTold("pulls nginx:1.27-alpine (20 MB at 50 MB/s: 0.5 s)")
}

func TestSecondStartFindsItsImage(t *testing.T) {
	b := newBench(t)
	b.create(bound("web"))
	b.expect("web", running, 5*time.Second)
	b.create(bound("web-2"))
	b.expect("web-2", running, 550*time.Millisecond)
	b.run(10 * time.Second)
	b.hasEvent("web-2", `Normal Pulled spec.containers{main}: Container image "nginx:1.27-alpine" already present on machine and can be accessed by the pod`)
	node := b.server.objects[api.Nodes][api.Key{Name: "worker-1"}].(*corev1.Node)
	if len(node.Status.Images) != 1 || node.Status.Images[0].Names[1] != "docker.io/library/nginx:1.27-alpine" {
		t.Errorf("images %+v", node.Status.Images)
	}
}

func TestPullsWaitForEachOther(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	b.create(bound("a", ofImage("postgres:16")), bound("b", ofImage("mysql:8")))
	b.expect("a", running, time.Minute)
	b.run(time.Second)
	b.hasTold("waits with postgres:16: images are pulled one at a time on a node, and mysql:8 is under way")
	if !slices.ContainsFunc(b.events("a"), func(s string) bool {
		return strings.Contains(s, `in 3.2s (6.`) && strings.Contains(s, "s including waiting)")
	}) {
		t.Errorf("events %q", b.events("a"))
	}
}

// What becomes of a pod whose pull had to wait follows from what became of that
// pod, not of the one that it waited for.
func TestPullsKeepTheirCauses(t *testing.T) {
	b := newBench(t)
	records := map[trace.ID]trace.Record{}
	runs := map[string]trace.ID{}
	b.trace.Subscribe(func(r trace.Record) {
		records[r.ID] = r
		if l, ok := r.Body.(Life); ok && l.Did == "start" {
			runs[l.Pod] = r.ID
		}
	})
	b.run(3 * time.Second)
	b.create(bound("a", ofImage("postgres:16")), bound("b", ofImage("mysql:8")), bound("c", ofImage("postgres:16")))
	b.run(time.Minute)
	if len(runs) != 3 {
		t.Fatalf("started: %v", runs)
	}
	for pod, id := range runs {
		pulled := false
		for ; id != 0; id = records[id].Cause {
			if l, ok := records[id].Body.(Life); ok {
				pulled = pulled || l.Did == "pull"
				if l.Pod != pod {
					t.Errorf("the start of %s goes back to %q", pod, l.Tell())
				}
			}
		}
		if !pulled {
			t.Errorf("the start of %s does not go back to its pull", pod)
		}
	}
}

// How long a pull took is told in whole milliseconds, however the waiting fell.
func TestPulledIsTruncatedToMilliseconds(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	b.create(bound("b", ofImage("mysql:8")))
	b.run(1234567 * time.Nanosecond)
	b.create(bound("a", ofImage("postgres:16")))
	b.expect("a", running, time.Minute)
	b.run(time.Second)
	pulled := regexp.MustCompile(`in (\S+) \((\S+) including waiting\)`)
	found := pulled.FindStringSubmatch(strings.Join(b.events("a"), "\n"))
	if len(found) != 3 {
		t.Fatalf("events %q", b.events("a"))
	}
	for _, text := range found[1:] {
		if d, err := time.ParseDuration(text); err != nil || d%time.Millisecond != 0 {
			t.Errorf("%s in %q", text, found[0])
		}
	}
}
