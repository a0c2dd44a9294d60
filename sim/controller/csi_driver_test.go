package controller

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storage "k8s.io/component-helpers/storage/volume"

	"minisim/sim/api"
)

func TestProvisionedVolume(t *testing.T) {
	s := newStorageBench(t)
	claim := s.claim("data", nil)
	s.run(1900 * time.Millisecond)
	if n := len(all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes)); n != 0 {
		t.Errorf("%d volumes before 2 s have passed", n)
	}
	s.run(200 * time.Millisecond)
	v := all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes)[0]
	if v.Name != "pvc-"+string(claim.UID) || v.Spec.CSI.Driver != DriverName || v.Spec.CSI.VolumeHandle != v.Name || v.Spec.CSI.FSType != "ext4" ||
		v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete || v.Spec.StorageClassName != "standard" || *v.Spec.VolumeMode != corev1.PersistentVolumeFilesystem ||
		v.Annotations[storage.AnnDynamicallyProvisioned] != DriverName || v.Annotations[storage.AnnBoundByController] != "" || !slices.Contains(v.Finalizers, provisionerFinalizer) {
		t.Errorf("volume %+v", v)
	}
	if ref := v.Spec.ClaimRef; ref.Kind != "PersistentVolumeClaim" || ref.APIVersion != "v1" || ref.UID != claim.UID || ref.Namespace != "default" || ref.Name != "data" {
		t.Errorf("claimRef %+v", ref)
	}
	if d := s.world.Disks.Get(v.Name); d == nil || d.Bytes != 1<<30 || d.Shared {
		t.Errorf("disk %+v", d)
	}
	got := get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data")
	for _, key := range []string{storage.AnnStorageProvisioner, storage.AnnBetaStorageProvisioner} {
		if got.Annotations[key] != DriverName {
			t.Errorf("annotations %v", got.Annotations)
		}
	}
	events := s.events("data")
	for _, want := range []string{`Provisioning: External provisioner is provisioning volume for claim "default/data"`, "ProvisioningSucceeded: Successfully provisioned volume " + v.Name} {
		if !slices.Contains(events, want) {
			t.Errorf("no event %q in %q", want, events)
		}
	}
}

func TestDiskIsDeletedOnlyWhenItIsDetached(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	claim := s.claim("data", nil)
	s.run(5 * time.Second)
	s.user("web", "a", "data")
	s.run(10 * time.Second)
	name := s.volume()
	s.dead["a"] = true // nobody unmounts
	s.remove(api.Pods, api.Key{Namespace: "default", Name: "web"})
	s.delete(claim, metav1.DeletePropagationBackground)
	s.run(30 * time.Second)
	want := fmt.Sprintf("VolumeFailedDelete: persistentvolume %s is still attached to node a", name)
	if got := s.events(name); !slices.Equal(got, []string{want}) {
		t.Errorf("events %q", got)
	}
	if s.world.Disks.Get(name) == nil {
		t.Fatal("the disk was deleted while it was attached")
	}
	s.run(20 * time.Minute) // forced detach, then the next attempt of the driver
	if left := all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes); len(left) != 0 || s.world.Disks.Get(name) != nil {
		t.Errorf("volumes left: %d, disk %v", len(left), s.world.Disks.Get(name))
	}
}

func TestDriverPausesLongerAfterEachRefusal(t *testing.T) {
	s := newStorageBench(t)
	c := newCalls(s.driver)
	var pauses []time.Duration
	for range 11 {
		if wait, started := c.begin("x", 0); wait != 0 || !started {
			t.Fatalf("wait %s, started %t", wait, started)
		}
		pause := c.failed("x")
		if wait, started := c.begin("x", 0); wait != pause || started {
			t.Errorf("in a pause of %s: wait %s, started %t", pause, wait, started)
		}
		pauses = append(pauses, pause/time.Second)
		s.run(pause)
	}
	if want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}; !slices.Equal(pauses, want) {
		t.Errorf("pauses %d, want %d", pauses, want)
	}
}

// An attachment that is taken back before the disk is attached leaves nothing behind.
func TestAttachmentIsTakenBackWhileTheDriverWorks(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	s.claim("data", nil)
	s.run(5 * time.Second)
	pod := s.user("web", "a", "data")
	s.run(1500 * time.Millisecond)
	s.delete(pod, metav1.DeletePropagationBackground)
	s.run(10 * time.Second)
	if got := s.attachments(); len(got) != 0 {
		t.Errorf("attachments %q", got)
	}
	if d := s.world.Disks.Get(s.volume()); len(d.Attached) != 0 {
		t.Errorf("the disk is attached to %s", d.Attached)
	}
}

func TestDriverDoesItsWorkAgainAfterARestart(t *testing.T) {
	for _, stop := range []time.Duration{5 * time.Second, 5500 * time.Millisecond, 7 * time.Second, 15 * time.Second, 17 * time.Second} {
		s := newStorageBench(t)
		s.node("a", 0, nil)
		s.claim("data", nil)
		s.run(5 * time.Second)
		pod := s.user("web", "a", "data")
		s.run(stop - 5*time.Second)
		s.driver.Stop()
		s.run(time.Second)
		s.startDriver()
		s.run(20*time.Second - stop)
		if got := s.attachments(); !slices.Equal(got, []string{"a attached"}) {
			t.Errorf("stop at %s: attachments %q", stop, got)
		}
		s.delete(pod, metav1.DeletePropagationBackground)
		s.run(2 * time.Second) // it is being detached
		s.driver.Stop()
		s.run(time.Second)
		s.startDriver()
		s.run(10 * time.Second)
		va := all[*storagev1.VolumeAttachment](s.bench, api.VolumeAttachments)
		if len(va) != 0 || len(s.world.Disks.Get(s.volume()).Attached) != 0 {
			t.Errorf("stop at %s: attachments %q after the pod has gone", stop, s.attachments())
		}
	}
}
