package kubelet

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/api"
)

func completeJob(name string) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Status:     batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}},
	}
}

// withDisk makes a bound claim "data" over the disk "disk-1", and a pod that uses it.
func (b *bench) withDisk() func(*corev1.Pod) {
	b.world.Disks.Create("disk-1", 1<<30, false)
	b.create(&corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "pvc-1"},
		Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{
			CSI: &corev1.CSIPersistentVolumeSource{Driver: "disk.example.com", VolumeHandle: "disk-1"}}},
	}, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "data"},
		Spec:       corev1.PersistentVolumeClaimSpec{VolumeName: "pvc-1"},
		Status:     corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound},
	})
	return func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "store", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	}
}

const diskName = "kubernetes.io/csi/disk.example.com^disk-1"

// attach does what the attach/detach controller and the storage driver do.
func (b *bench) attach() {
	if err := b.world.Disks.Attach("disk-1", "worker-1"); err != nil {
		b.t.Fatal(err)
	}
	api.PatchStatus(b.server, api.Nodes, api.Key{Name: "worker-1"}, func(n *corev1.Node) error {
		n.Status.VolumesAttached = []corev1.AttachedVolume{{Name: diskName}}
		return nil
	})
}

func (b *bench) inUse() []corev1.UniqueVolumeName {
	return b.server.objects[api.Nodes][api.Key{Name: "worker-1"}].(*corev1.Node).Status.VolumesInUse
}

func TestVolumeIsWaitedForMountedAndGivenBack(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	b.create(bound("p", b.withDisk()))
	b.run(3 * time.Minute)
	if got := brief(b.get("p")); got != "Pending main=ContainerCreating ready=False" {
		t.Fatalf("%s", got)
	}
	if !slices.Equal(b.inUse(), []corev1.UniqueVolumeName{diskName}) {
		t.Errorf("in use %v", b.inUse())
	}
	b.hasTold("waits for the volume pvc-1 (claim data) to be attached to worker-1")
	b.hasTold("has waited for its volumes for 2m3s now")
	b.attach()
	b.expect("p", running, 2*time.Second)
	b.hasTold("mounts the volume pvc-1 (claim data): an empty disk")
	b.delete("p")
	b.expect("p", "gone", 2*time.Second)
	b.run(time.Second)
	if len(b.inUse()) != 0 {
		t.Errorf("in use %v", b.inUse())
	}
	b.create(bound("q", b.withDisk2()))
	b.expect("q", running, 2*time.Second)
	b.hasTold("finds the data that pod default/p has written on worker-1 since 18")
}

// withDisk2 is withDisk for objects that exist.
func (b *bench) withDisk2() func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "store", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	}
}

func TestVolumeStaysInUseWhileTheKubeletRestarts(t *testing.T) {
	b := newBench(t)
	b.run(3 * time.Second)
	b.create(bound("p", b.withDisk()))
	b.attach()
	b.expect("p", running, 10*time.Second)
	b.stop()
	b.run(time.Minute)
	b.start()
	for end := b.engine.Now() + 5*time.Second; b.engine.Now() < end; b.engine.Step() {
		if len(b.inUse()) != 1 {
			t.Fatalf("at %s the volume seems to be free: %v", b.engine.Now(), b.inUse())
		}
	}
	b.stop()
	b.config.Machine.PowerOff(b.engine.Now())
	b.delete("p", 0)
	b.start()
	b.run(3 * time.Second)
	if len(b.inUse()) != 0 {
		t.Errorf("in use after a power cut: %v", b.inUse())
	}
}

func TestClaimThatIsNotThere(t *testing.T) {
	b := newBench(t)
	b.create(bound("p", b.withDisk2()))
	b.run(5 * time.Second)
	b.hasEvent("p", `Warning FailedMount: Unable to attach or mount volumes: unmounted volumes=[store], unattached volumes=[], failed to process volumes=[store]: error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found`)
}

func TestPowerCutAndReturn(t *testing.T) {
	b := newBench(t)
	b.create(bound("stays", grace(5)), bound("leaves"), bound("task", ofImage("busybox"), command("sleep", "1000"), onceOnly))
	for _, name := range []string{"stays", "leaves", "task"} {
		b.expect(name, running, 10*time.Second)
	}
	b.run(time.Minute)
	b.stop()
	b.config.Machine.PowerOff(b.engine.Now())
	b.run(time.Minute)
	if got := brief(b.get("stays")); got != running {
		t.Errorf("a machine without power has said something: %s", got)
	}
	b.delete("leaves", 0)
	b.run(time.Minute)
	b.start()
	b.expect("stays", "Running main=running×1 ready=True", 5*time.Second)
	b.hasTold("pod default/leaves: was deleted while this machine was off")
	b.expect("task", "Failed main=Unknown(255) ready=False", 5*time.Second)
	s := b.get("stays").Status
	if last := s.ContainerStatuses[0].LastTerminationState.Terminated; last == nil || last.ExitCode != 255 || last.Reason != "Unknown" {
		t.Errorf("last state %+v", last)
	}
	b.run(time.Second)
	b.hasEvent("stays", "Normal SandboxChanged: Pod sandbox changed, it will be killed and re-created.")
	b.hasEvent("stays", `already present on machine and can be accessed by the pod`) // images survive
	b.hasEvent("worker-1", "Warning Rebooted: Node worker-1 has been rebooted, boot id: ")
	if len(b.kubelet.machine.pods) != 2 {
		t.Errorf("%d sandboxes", len(b.kubelet.machine.pods))
	}
}

func TestPodThatWasBeingDeletedWhileTheMachineWasOff(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	b.stop()
	b.config.Machine.PowerOff(b.engine.Now())
	b.delete("p")
	b.run(10 * time.Minute)
	b.start()
	b.expect("p", "gone", 3*time.Second)
	b.hasTold("pod default/p: is to be deleted, and nothing of it runs on worker-1")
}

func TestKubeletThatRestartsAdoptsWhatRuns(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"), bound("task", ofImage("busybox"), command("sleep", "60"), onceOnly), bound("leaves", ofImage("busybox"), command("sleep", "infinity"), grace(3)))
	for _, name := range []string{"p", "task", "leaves"} {
		b.expect(name, running, 10*time.Second)
	}
	id := b.get("p").Status.ContainerStatuses[0].ContainerID
	b.stop()
	b.run(5 * time.Minute)
	b.delete("leaves", 0)
	b.told = nil
	b.start()
	b.run(time.Second)
	if p := b.get("p"); brief(p) != running || p.Status.ContainerStatuses[0].ContainerID != id {
		t.Errorf("%s, %+v", brief(p), p.Status)
	}
	for _, line := range b.told {
		if strings.Contains(line, "pod default/p") {
			t.Errorf("told anew: %s", line)
		}
	}
	// The task has ended on its own, at its time.
	b.expect("task", "Succeeded main=Completed(0) ready=False", time.Second)
	end := b.get("task").Status.ContainerStatuses[0].State.Terminated
	if d := end.FinishedAt.Sub(end.StartedAt.Time); d != time.Minute {
		t.Errorf("it ran for %s", d)
	}
	if !b.kubelet.machine.pods[types.UID(uidOf(b, "leaves"))].running() {
		t.Error("what is no longer in the API ends gracefully, not at once")
	}
	b.run(5 * time.Second)
	if len(b.kubelet.machine.pods) != 2 {
		t.Errorf("%d sandboxes", len(b.kubelet.machine.pods))
	}
}

// uidOf finds the UID of a pod that is on the machine.
func uidOf(b *bench, name string) string {
	for uid, s := range b.kubelet.machine.pods {
		if s.pod.Name == name {
			return string(uid)
		}
	}
	return ""
}

func TestRestartsCountOnOverPowerCuts(t *testing.T) {
	b := newBench(t)
	b.create(bound("p"))
	b.expect("p", running, 10*time.Second)
	for _, want := range []string{"Running main=running×1 ready=True", "Running main=running×2 ready=True"} {
		b.run(time.Minute)
		b.stop()
		b.config.Machine.PowerOff(b.engine.Now())
		b.run(time.Minute)
		b.start()
		b.expect("p", want, 5*time.Second)
	}
}

func TestAddressesAreGivenInTurnAndOnlyOnce(t *testing.T) {
	m := NewMachine()
	cidr := netip.MustParsePrefix("10.244.3.0/29")
	var got []string
	for range 5 {
		a, ok := m.lease(cidr, "x")
		if !ok {
			t.Fatal("too few")
		}
		got = append(got, a.String())
	}
	if s := strings.Join(got, " "); s != "10.244.3.2 10.244.3.3 10.244.3.4 10.244.3.5 10.244.3.6" {
		t.Error(s)
	}
	if a, ok := m.lease(cidr, "x"); ok {
		t.Errorf("one too many: %s", a)
	}
	m.release(netip.MustParseAddr("10.244.3.4"))
	if a, ok := m.lease(cidr, "x"); !ok || a.String() != "10.244.3.4" {
		t.Errorf("%s, %v", a, ok)
	}
}

func TestSameRunsHaveOneHash(t *testing.T) {
	play := func(cpu string) string {
		b := newBench(t, func(c *Config) { c.Node.CPU = resource.MustParse(cpu) })
		b.create(bound("a", withInit("wait", "sh", "-c", "until nslookup x; do sleep 3; done")), bound("b", ofImage("busybox")), bound("c", ofImage("mysql")))
		b.run(30 * time.Second)
		b.names["x"] = true
		b.delete("c")
		b.run(30 * time.Second)
		b.stop()
		b.config.Machine.PowerOff(b.engine.Now())
		b.run(30 * time.Second)
		b.start()
		b.run(time.Minute)
		return b.trace.Hash()
	}
	first := play("4")
	for range 5 {
		if h := play("4"); h != first {
			t.Fatalf("%s, then %s", first, h)
		}
	}
	if play("5") == first {
		t.Error("another machine gave the same hash")
	}
}
