package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

// newRedis is a cluster in which redis runs on worker-2 with a disk, and worker-2
// dies at 60 s. When its pod is being deleted, redis-b replaces it on worker-3.
func newRedis(t *testing.T) *storageBench {
	s := newStorageBench(t)
	for i, name := range []string{"master", "worker-1", "worker-2", "worker-3"} {
		s.node(name, time.Duration(i)*1500*time.Millisecond, nil)
	}
	s.claim("data", nil)
	s.run(5 * time.Second)
	s.user("redis-a", "worker-2", "data")
	replaced := false
	s.observe = append(s.observe, func(_, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && pod.Name == "redis-a" && pod.DeletionTimestamp != nil && !replaced {
			replaced = true
			s.user("redis-b", "worker-3", "data")
		}
	})
	s.run(55 * time.Second)
	s.dead["worker-2"] = true
	return s
}

// volume is the name of the only volume.
func (s *storageBench) volume() string {
	return all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes)[0].Name
}

func (s *storageBench) outOfService(node string) {
	s.taint(node, corev1.Taint{Key: corev1.TaintNodeOutOfService, Value: "nodeshutdown", Effect: corev1.TaintEffectNoExecute})
}

func TestRedisWaitsForItsDiskUntilSomebodyVouches(t *testing.T) {
	s := newRedis(t)
	s.run(480 * time.Second)
	if got := s.attachments(); !slices.Equal(got, []string{"worker-2 attached"}) {
		t.Fatalf("before anybody vouched for worker-2 the disk is %q", got)
	}
	if d := s.world.Disks.Get(s.volume()); !slices.Equal(d.Attached, []string{"worker-2"}) {
		t.Fatalf("the disk itself is attached to %s", d.Attached)
	}
	s.outOfService("worker-2")
	s.run(60 * time.Second)
	v := "persistentvolume " + s.volume() + ": "
	wantLines(t, s.timeline(attachDetachName, "external-attacher", podGCName),
		"5 "+v+"attach it to worker-2 (pod default/redis-a bound to it uses the volume)",
		"5 "+v+"attach its disk to worker-2, which takes 3s",
		"8 "+v+"report that its disk is attached to worker-2",
		"8 "+v+"tell worker-2 that it is attached (a kubelet mounts only what its node's status.volumesAttached lists)",
		"415 "+v+"Multi-Attach: keep pod default/redis-b on worker-3 waiting (it is ReadWriteOnce and attached to worker-2, where pod default/redis-a needs it; "+
			"nobody has vouched that this machine is off, so something there may still write to it. Detaching begins 6m after that pod is gone (maxWaitForUnmountDuration), "+
			"and at once with the taint node.kubernetes.io/out-of-service)",
		"540 pod default/redis-a: mark it Failed and delete it without grace (it is terminating, and taint node.kubernetes.io/out-of-service says that worker-2 is off: nobody there can end it, and nothing of it runs; pods are collected every 20s)",
		"540 "+v+"detach it from worker-2 (taint node.kubernetes.io/out-of-service says that the machine is off, so nothing there can write to it)",
		"540 "+v+"detach its disk from worker-2, which takes 2s",
		"542 "+v+"report that its disk is detached from worker-2",
		"542 "+v+"attach it to worker-3 (pod default/redis-b bound to it uses the volume)",
		"542 "+v+"attach its disk to worker-3, which takes 3s",
		"545 "+v+"report that its disk is attached to worker-3",
		"545 "+v+"tell worker-3 that it is attached (a kubelet mounts only what its node's status.volumesAttached lists)",
	)
	wantLines(t, s.events("redis-b"),
		fmt.Sprintf("FailedAttachVolume: Multi-Attach error for volume %q Volume is already used by pod(s) redis-a", s.volume()),
		fmt.Sprintf("SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume %q ", s.volume()))
	if got := get[*corev1.Node](s.bench, api.Nodes, "worker-2").Status.VolumesAttached; len(got) != 0 {
		t.Errorf("worker-2 still lists %v", got)
	}
	want := corev1.UniqueVolumeName("kubernetes.io/csi/disk.csi.minisim.io^" + s.volume())
	if got := get[*corev1.Node](s.bench, api.Nodes, "worker-3").Status.VolumesAttached; len(got) != 1 || got[0].Name != want || got[0].DevicePath != "" {
		t.Errorf("worker-3 lists %v", got)
	}
}

// The six minutes begin when no pod needs the volume there, not when the node dies.
func TestForcedDetachBeginsWhenThePodIsGone(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*storageBench)
	}{
		{"deleted by force", func(s *storageBench) { s.remove(api.Pods, api.Key{Namespace: "default", Name: "redis-a"}) }},
		{"its containers have ended", func(s *storageBench) {
			if _, err := api.PatchStatus(s.bench, api.Pods, api.Key{Namespace: "default", Name: "redis-a"}, func(pod *corev1.Pod) error {
				pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
				return nil
			}); err != nil {
				s.t.Fatal(err)
			}
		}},
	} {
		s := newRedis(t)
		s.run(540 * time.Second) // redis-a is terminating since 415 s, the time is 600 s
		c.end(s)
		s.run(360 * time.Second)
		if got := s.attachments(); !slices.Equal(got, []string{"worker-2 attached"}) {
			t.Errorf("%s: after 6 min to the second the disk is %q", c.name, got)
		}
		s.run(30 * time.Second)
		v := "persistentvolume " + s.volume() + ": "
		lines := s.timeline(attachDetachName)
		wantLines(t, lines[3:],
			"600 "+v+"leave it attached to worker-2 (no pod there needs it, but the node is silent and has not said that it is unmounted; it is detached by force after 960s (maxWaitForUnmountDuration 6m), and at once with the taint node.kubernetes.io/out-of-service)",
			"960.1 "+v+"detach it from worker-2 (not needed since 600s, and the node has not said that it is unmounted: maxWaitForUnmountDuration 6m is over, it is detached by force)",
			"962.1 "+v+"attach it to worker-3 (pod default/redis-b bound to it uses the volume)",
			"965.1 "+v+"tell worker-3 that it is attached (a kubelet mounts only what its node's status.volumesAttached lists)",
		)
	}
}

func TestForcedDetachCanBeSwitchedOff(t *testing.T) {
	s := newRedis(t)
	s.manager.Stop()
	o := DefaultOptions()
	o.DisableForceDetachOnTimeout = true
	s.startStorage(o)
	s.run(540 * time.Second)
	s.remove(api.Pods, api.Key{Namespace: "default", Name: "redis-a"})
	s.run(time.Hour)
	if got := s.attachments(); !slices.Equal(got, []string{"worker-2 attached"}) {
		t.Errorf("after an hour the disk is %q", got)
	}
	s.outOfService("worker-2")
	s.run(10 * time.Second)
	if got := s.attachments(); !slices.Equal(got, []string{"worker-3 attached"}) {
		t.Errorf("after the taint the disk is %q", got)
	}
}

func TestVolumeMovesWithAPodBetweenHealthyNodes(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	s.node("b", 0, nil)
	s.claim("data", nil)
	s.run(5 * time.Second)
	pod := s.user("one", "a", "data")
	s.run(10 * time.Second)
	s.delete(pod, metav1.DeletePropagationBackground) // its kubelet ends it and unmounts after 1 s
	s.user("two", "b", "data")
	s.run(20 * time.Second)
	v := "persistentvolume " + s.volume() + ": "
	wantLines(t, s.timeline(attachDetachName)[2:],
		"15 "+v+"Multi-Attach: keep pod default/two on b waiting (it is ReadWriteOnce and attached to a, where pod default/one needs it)",
		"16 "+v+"detach it from a (no pod there needs it any more, and it is not mounted)",
		"18 "+v+"attach it to b (pod default/two bound to it uses the volume)",
		"21 "+v+"tell b that it is attached (a kubelet mounts only what its node's status.volumesAttached lists)",
	)
}

func TestSharedVolumeIsAttachedToSeveralNodes(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	s.node("b", 0, nil)
	s.claim("data", func(c *corev1.PersistentVolumeClaim) {
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	})
	s.run(5 * time.Second)
	s.user("one", "a", "data")
	s.user("two", "b", "data")
	s.run(10 * time.Second)
	if got := s.attachments(); !slices.Equal(got, []string{"a attached", "b attached"}) {
		t.Errorf("attachments %q", got)
	}
}

// Two pods on one node share a volume; it goes when the last of them has gone.
func TestVolumeStaysWhileAnyPodOfTheNodeNeedsIt(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	s.claim("data", nil)
	s.run(5 * time.Second)
	one := s.user("one", "a", "data")
	two := s.user("two", "a", "data")
	s.run(10 * time.Second)
	s.delete(one, metav1.DeletePropagationBackground)
	s.run(10 * time.Second)
	if got := s.attachments(); !slices.Equal(got, []string{"a attached"}) {
		t.Errorf("with one pod left: %q", got)
	}
	s.delete(two, metav1.DeletePropagationBackground)
	s.run(10 * time.Second)
	if got := s.attachments(); len(got) != 0 {
		t.Errorf("with no pod left: %q", got)
	}
}

// A kubelet that has begun to use the volume while it was being taken off the
// list of attached ones keeps it.
func TestVolumeThatComesIntoUseIsNotDetached(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	s.claim("data", nil)
	s.run(5 * time.Second)
	pod := s.user("one", "a", "data")
	s.run(10 * time.Second)
	s.latency[api.Nodes] = time.Minute
	s.delete(pod, metav1.DeletePropagationBackground)
	s.run(10 * time.Second)
	s.use(pod, true)
	s.run(52 * time.Second) // the news that it is unmounted has just arrived, that it is used again has not
	va := all[*storagev1.VolumeAttachment](s.bench, api.VolumeAttachments)
	node := get[*corev1.Node](s.bench, api.Nodes, "a")
	if len(va) != 1 || va[0].DeletionTimestamp != nil || len(node.Status.VolumesAttached) != 1 {
		t.Errorf("attachments %q, the node lists %v", s.attachments(), node.Status.VolumesAttached)
	}
	if !slices.ContainsFunc(s.timeline(attachDetachName), func(l string) bool { return strings.Contains(l, "detach it from a") }) {
		t.Error("the controller did not even try")
	}
}

func TestAttachFailuresAreReported(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	s.claim("data", nil)
	s.run(5 * time.Second)
	if err := s.world.Disks.Attach(s.volume(), "somewhere"); err != nil { // behind the cluster's back
		t.Fatal(err)
	}
	s.user("one", "a", "data")
	s.run(13 * time.Second) // refused after 3 s, then tried again after 1 s, 2 s, 4 s …
	s.world.Disks.Detach(s.volume(), "somewhere")
	s.run(20 * time.Second)
	refusal := fmt.Sprintf("FailedAttachVolume: AttachVolume.Attach failed for volume %q : rpc error: code = FailedPrecondition desc = disk %s is attached to somewhere", s.volume(), s.volume())
	wantLines(t, s.events("one"), refusal, fmt.Sprintf("SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume %q ", s.volume()))
	if got := s.attachments(); !slices.Equal(got, []string{"a attached"}) {
		t.Errorf("attachments %q", got)
	}
}

func TestAttachThatTakesTooLongIsReported(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	s.claim("data", nil)
	s.run(5 * time.Second)
	s.driver.Stop()
	s.user("one", "a", "data")
	s.run(250 * time.Second)
	wantLines(t, s.events("one"), fmt.Sprintf("FailedAttachVolume: AttachVolume.Attach failed for volume %q : timed out waiting for external-attacher of disk.csi.minisim.io CSI driver to attach volume %s", s.volume(), s.volume()))
	if ev := all[*corev1.Event](s.bench, api.Events); !slices.ContainsFunc(ev, func(e *corev1.Event) bool { return e.Reason == "FailedAttachVolume" && e.Count == 2 }) {
		t.Error("it was not reported every two minutes")
	}
	s.startDriver()
	s.run(10 * time.Second)
	if got := s.attachments(); !slices.Equal(got, []string{"a attached"}) {
		t.Errorf("attachments %q after the driver has come back", got)
	}
}

// Whatever request fails first and whoever is restarted when: a disk is never on
// two machines, and in the end redis has it.
func TestRedisSurvivesFailuresAndRestarts(t *testing.T) {
	for n := range 60 {
		s := newRedis(t)
		left, stopped := n, ""
		s.refuse = func(r api.Request) error {
			if r.Resource == api.Leases || r.Resource == api.Events || r.Verb == api.VerbGet || s.engine.Now() < 530*time.Second {
				return nil
			}
			actor := s.engine.Actor()
			if actor == "machines" || actor == "volumes" || actor == "" {
				return nil
			}
			if left--; left == -1 {
				stopped = actor
			}
			if stopped != "" && s.engine.Now() < 600*time.Second {
				return api.ErrStopped // whoever asks: all programs are down
			}
			return nil
		}
		s.observe = append(s.observe, func(_, _ api.Object) {
			for _, pv := range all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes) {
				if d := s.world.Disks.Get(pv.Name); d != nil && len(d.Attached) > 1 {
					t.Fatalf("stop after %d requests: the disk is on %s", n, d.Attached)
				}
			}
		})
		s.run(480 * time.Second)
		s.outOfService("worker-2")
		s.run(60 * time.Second)
		s.manager.Stop()
		s.driver.Stop()
		s.run(5 * time.Second)
		s.startStorage(DefaultOptions())
		s.startDriver()
		s.run(40 * time.Second)
		if got := s.attachments(); !slices.Equal(got, []string{"worker-3 attached"}) {
			t.Errorf("stop after %d requests (in %s): attachments %q\n\t%s", n, stopped, got, strings.Join(s.timeline(), "\n\t"))
		}
		if got := get[*corev1.Node](s.bench, api.Nodes, "worker-3").Status.VolumesAttached; len(got) != 1 {
			t.Errorf("stop after %d requests (in %s): worker-3 lists %v", n, stopped, got)
		}
		if stopped == "" {
			if n < 10 {
				t.Errorf("only %d requests could be made to fail", n)
			}
			return
		}
	}
	t.Error("the limit of 60 requests was not enough to see the end")
}

func TestTheStoryIsTheSameEveryTime(t *testing.T) {
	var hash string
	var lines []string
	for i := range 10 {
		s := newRedis(t)
		s.run(480 * time.Second)
		s.outOfService("worker-2")
		s.run(60 * time.Second)
		if i == 0 {
			hash, lines = s.trace.Hash(), s.timeline()
		}
		if got := s.trace.Hash(); got != hash {
			t.Fatalf("run %d has the hash %s, the first %s", i, got, hash)
		}
		wantLines(t, s.timeline(), lines...)
	}
}

// A volume on a node that has been deleted: the last that is known of it counts.
func TestVolumeOnANodeThatIsGone(t *testing.T) {
	s := newRedis(t)
	s.run(time.Second)
	s.remove(api.Nodes, api.Key{Name: "worker-2"})
	s.run(120 * time.Second) // missed at 80, its pod is deleted at 120
	if got := s.attachments(); !slices.Equal(got, []string{"worker-2 attached"}) {
		t.Fatalf("the disk is %q", got)
	}
	s.user("redis-b", "worker-3", "data")
	s.run(340 * time.Second)
	lines := s.timeline(attachDetachName)
	if got := s.attachments(); !slices.Equal(got, []string{"worker-3 attached"}) {
		t.Errorf("the disk is %q\n\t%s", got, strings.Join(lines, "\n\t"))
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "480.1 ") && strings.Contains(l, "by force") }) {
		t.Errorf("told\n\t%s", strings.Join(lines, "\n\t"))
	}
}
