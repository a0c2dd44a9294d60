package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storage "k8s.io/component-helpers/storage/volume"

	"minisim/sim/api"
)

const (
	rwo = corev1.ReadWriteOnce
	rwx = corev1.ReadWriteMany
)

// pv is a volume that somebody has made by hand.
func pv(name, size, class string, adjust func(*corev1.PersistentVolume), modes ...corev1.PersistentVolumeAccessMode) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}, AccessModes: modes, StorageClassName: class,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: DriverName, VolumeHandle: name}},
		},
	}
	if adjust != nil {
		adjust(v)
	}
	return v
}

func manual(c *corev1.PersistentVolumeClaim) { class := "manual"; c.Spec.StorageClassName = &class }

func modes(modes ...corev1.PersistentVolumeAccessMode) []corev1.PersistentVolumeAccessMode {
	return modes
}

func TestWhichVolumeAClaimGets(t *testing.T) {
	block := corev1.PersistentVolumeBlock
	for _, c := range []struct {
		name    string
		volumes []*corev1.PersistentVolume
		claim   func(*corev1.PersistentVolumeClaim)
		want    string // "" is none
	}{
		{"the smallest that is large enough", []*corev1.PersistentVolume{
			pv("small", "512Mi", "manual", nil, rwo), pv("large", "10Gi", "manual", nil, rwo), pv("fits", "2Gi", "manual", nil, rwo)}, nil, "fits"},
		{"one that is just as large", []*corev1.PersistentVolume{pv("fits", "1Gi", "manual", nil, rwo)}, nil, "fits"},
		{"none is large enough", []*corev1.PersistentVolume{pv("small", "1023Mi", "manual", nil, rwo)}, nil, ""},
		{"another class", []*corev1.PersistentVolume{pv("other", "2Gi", "gold", nil, rwo)}, nil, ""},
		{"another access mode", []*corev1.PersistentVolume{pv("other", "2Gi", "manual", nil, rwo)},
			func(c *corev1.PersistentVolumeClaim) { c.Spec.AccessModes = modes(rwx) }, ""},
		{"more access modes than needed", []*corev1.PersistentVolume{pv("more", "2Gi", "manual", nil, rwo, rwx)},
			func(c *corev1.PersistentVolumeClaim) { c.Spec.AccessModes = modes(rwx) }, "more"},
		{"fewer access modes before smaller size", []*corev1.PersistentVolume{pv("more", "1Gi", "manual", nil, rwo, rwx), pv("just", "5Gi", "manual", nil, rwo)}, nil, "just"},
		{"another volume mode", []*corev1.PersistentVolume{pv("block", "2Gi", "manual", func(v *corev1.PersistentVolume) { v.Spec.VolumeMode = &block }, rwo)}, nil, ""},
		{"by label", []*corev1.PersistentVolume{pv("plain", "1Gi", "manual", nil, rwo), pv("fast", "2Gi", "manual", func(v *corev1.PersistentVolume) { v.Labels = map[string]string{"disk": "ssd"} }, rwo)},
			func(c *corev1.PersistentVolumeClaim) {
				c.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"disk": "ssd"}}
			}, "fast"},
		{"one that is reserved for the claim", []*corev1.PersistentVolume{pv("free", "1Gi", "manual", nil, rwo),
			pv("mine", "5Gi", "manual", func(v *corev1.PersistentVolume) {
				v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "data"}
			}, rwo)}, nil, "mine"},
		{"one that is reserved for another", []*corev1.PersistentVolume{pv("theirs", "1Gi", "manual", func(v *corev1.PersistentVolume) {
			v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "other"}
		}, rwo)}, nil, ""},
		{"the one that the claim names", []*corev1.PersistentVolume{pv("free", "1Gi", "manual", nil, rwo), pv("named", "5Gi", "manual", nil, rwo)},
			func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "named" }, "named"},
		{"the one that the claim names is too small", []*corev1.PersistentVolume{pv("named", "1Mi", "manual", nil, rwo)},
			func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "named" }, ""},
	} {
		s := newStorageBench(t)
		for _, v := range c.volumes {
			add(s.bench, v)
		}
		s.run(time.Second)
		claim := s.claim("data", func(p *corev1.PersistentVolumeClaim) {
			manual(p)
			if c.claim != nil {
				c.claim(p)
			}
		})
		s.run(30 * time.Second)
		claim = get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data")
		if c.want == "" {
			if claim.Status.Phase == corev1.ClaimBound || metav1.HasAnnotation(claim.ObjectMeta, storage.AnnBindCompleted) {
				t.Errorf("%s: it got %s (%s)", c.name, claim.Spec.VolumeName, claim.Status.Phase)
			}
			continue
		}
		v := get[*corev1.PersistentVolume](s.bench, api.PersistentVolumes, c.want)
		if claim.Spec.VolumeName != c.want || claim.Status.Phase != corev1.ClaimBound || v.Status.Phase != corev1.VolumeBound || v.Spec.ClaimRef == nil || v.Spec.ClaimRef.UID != claim.UID {
			t.Errorf("%s: the claim is %s to %q, want %q; the volume is %s to %+v", c.name, claim.Status.Phase, claim.Spec.VolumeName, c.want, v.Status.Phase, v.Spec.ClaimRef)
		}
		if q := claim.Status.Capacity[corev1.ResourceStorage]; q.Cmp(v.Spec.Capacity[corev1.ResourceStorage]) != 0 || !slices.Equal(claim.Status.AccessModes, v.Spec.AccessModes) {
			t.Errorf("%s: status %+v", c.name, claim.Status)
		}
		named := claim.Annotations[storage.AnnBoundByController] == "yes"
		if prebound := strings.Contains(c.name, "that the claim names"); named == prebound {
			t.Errorf("%s: annotations %v", c.name, claim.Annotations)
		}
	}
}

func TestEventsOfClaimsThatWait(t *testing.T) {
	local := storagev1.VolumeBindingWaitForFirstConsumer
	class := func(name string) func(*corev1.PersistentVolumeClaim) {
		return func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = &name }
	}
	for _, c := range []struct {
		name  string
		claim func(*corev1.PersistentVolumeClaim)
		pods  []string
		want  string
	}{
		{"no class", class(""), nil, "FailedBinding: no persistent volumes available for this claim and no storage class is set"},
		{"a class that is not there", class("none"), nil, `ProvisioningFailed: storageclass.storage.k8s.io "none" not found`},
		{"a class without a driver", class("static"), nil, "ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner"},
		{"another driver", class("foreign"), nil, "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'other.example.com' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."},
		{"a consumer first", class("late"), nil, "WaitForFirstConsumer: waiting for first consumer to be created before binding"},
		{"a pod that is not scheduled", class("late"), []string{"p"}, "WaitForPodScheduled: waiting for pod p to be scheduled"},
		{"pods that are not scheduled", class("late"), []string{"p", "q"}, "WaitForPodScheduled: waiting for pods p,q to be scheduled"},
		{"a volume of somebody else", func(c *corev1.PersistentVolumeClaim) { manual(c); c.Spec.VolumeName = "taken" }, nil, `FailedBinding: volume "taken" already bound to a different claim.`},
		{"a volume that does not suit", func(c *corev1.PersistentVolumeClaim) { manual(c); c.Spec.VolumeName = "tiny" }, nil, `VolumeMismatch: Cannot bind to requested volume "tiny": requested PV is too small`},
	} {
		s := newStorageBench(t)
		add(s.bench, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "static"}, Provisioner: storage.NotSupportedProvisioner})
		add(s.bench, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "foreign"}, Provisioner: "other.example.com"})
		add(s.bench, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "late"}, Provisioner: DriverName, VolumeBindingMode: &local})
		add(s.bench, pv("tiny", "1Mi", "manual", nil, rwo))
		add(s.bench, pv("taken", "2Gi", "manual", func(v *corev1.PersistentVolume) {
			v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "theirs"}
		}, rwo))
		for _, p := range c.pods {
			s.user(p, "", "data")
		}
		s.run(time.Second)
		s.claim("data", c.claim)
		s.run(40 * time.Second)
		wantLines(t, slices.Compact(s.events("data")), c.want)
		ev := all[*corev1.Event](s.bench, api.Events)
		if !slices.ContainsFunc(ev, func(e *corev1.Event) bool { return e.InvolvedObject.Name == "data" && e.Count >= 3 && e.Count <= 6 }) {
			t.Errorf("%s: it is not looked at again every 15 s", c.name)
		}
	}
}

func TestProvisioningWaitsForTheScheduler(t *testing.T) {
	s := newStorageBench(t)
	late := storagev1.VolumeBindingWaitForFirstConsumer
	add(s.bench, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "late"}, Provisioner: DriverName, VolumeBindingMode: &late})
	claim := s.claim("data", func(c *corev1.PersistentVolumeClaim) { name := "late"; c.Spec.StorageClassName = &name })
	s.run(time.Minute)
	if n := len(all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes)); n != 0 {
		t.Fatalf("%d volumes before a pod was scheduled", n)
	}
	change(s.bench, get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, claim.Name), func(c *corev1.PersistentVolumeClaim) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, storage.AnnSelectedNode, "n")
	})
	s.run(3 * time.Second)
	if got := get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data"); got.Status.Phase != corev1.ClaimBound {
		t.Errorf("the claim is %s", got.Status.Phase)
	}
}

func TestDefaultClassIsGivenLater(t *testing.T) {
	s := newStorageBench(t)
	s.remove(api.StorageClasses, api.Key{Name: "standard"})
	s.claim("data", func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = nil })
	s.run(20 * time.Second)
	if got := get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data"); got.Status.Phase != corev1.ClaimPending || got.Spec.StorageClassName != nil {
		t.Fatalf("without a default class the claim is %s", got.Status.Phase)
	}
	add(s.bench, DefaultStorageClass())
	s.run(20 * time.Second)
	if got := get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data"); got.Status.Phase != corev1.ClaimBound || *got.Spec.StorageClassName != "standard" {
		t.Errorf("with a default class the claim is %s", got.Status.Phase)
	}
}

func TestWhatBecomesOfAReleasedVolume(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy corev1.PersistentVolumeReclaimPolicy
		byHand bool
		want   corev1.PersistentVolumePhase // "" is gone
	}{
		{"kept", corev1.PersistentVolumeReclaimRetain, false, corev1.VolumeReleased},
		{"deleted", corev1.PersistentVolumeReclaimDelete, false, ""},
		{"made by hand, so that no driver deletes it", corev1.PersistentVolumeReclaimDelete, true, corev1.VolumeFailed},
	} {
		s := newStorageBench(t)
		if c.byHand {
			add(s.bench, pv("hand", "1Gi", "standard", nil, rwo))
			s.run(time.Second)
		}
		claim := s.claim("data", nil)
		s.run(5 * time.Second)
		v := all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes)[0]
		change(s.bench, v, func(v *corev1.PersistentVolume) { v.Spec.PersistentVolumeReclaimPolicy = c.policy })
		s.run(time.Second)
		s.delete(claim, metav1.DeletePropagationBackground)
		s.run(10 * time.Second)
		var got corev1.PersistentVolumePhase
		if left := all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes); len(left) > 0 {
			got = left[0].Status.Phase
		}
		if got != c.want {
			t.Errorf("%s: the volume is %q, want %q", c.name, got, c.want)
		}
		if disk := s.world.Disks.Get(v.Name); !c.byHand && (disk == nil) != (c.want == "") {
			t.Errorf("%s: the disk is %v", c.name, disk)
		}
	}
}

func TestClaimThatLosesItsVolume(t *testing.T) {
	s := newStorageBench(t)
	s.claim("data", nil)
	s.run(5 * time.Second)
	s.remove(api.PersistentVolumes, api.Key{Name: s.volume()})
	change(s.bench, get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data"), func(c *corev1.PersistentVolumeClaim) { c.Labels = map[string]string{"a": "b"} })
	s.run(5 * time.Second)
	if got := get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data"); got.Status.Phase != corev1.ClaimLost {
		t.Errorf("the claim is %s", got.Status.Phase)
	}
	if ev := s.events("data"); !slices.Contains(ev, "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!") {
		t.Errorf("events %q", ev)
	}
}

// Whichever request is the last that works before everything stops: after a
// restart the claim is bound, to one volume with one disk.
func TestBindingIsFinishedAfterARestart(t *testing.T) {
	for n := range 30 {
		s := newStorageBench(t)
		left, stopped := n, false
		s.refuse = func(r api.Request) error {
			if a := s.engine.Actor(); a == "" || r.Verb == api.VerbGet || r.Resource == api.Events {
				return nil
			}
			if left--; left < 0 {
				stopped = true
				return api.ErrStopped
			}
			return nil
		}
		s.claim("data", nil)
		s.run(10 * time.Second)
		s.manager.Stop()
		s.driver.Stop()
		s.refuse = nil
		s.startStorage(DefaultOptions())
		s.startDriver()
		s.run(10 * time.Second)
		claim := get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, "data")
		volumes := all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes)
		if len(volumes) != 1 || claim.Status.Phase != corev1.ClaimBound || claim.Spec.VolumeName != volumes[0].Name || volumes[0].Status.Phase != corev1.VolumeBound || s.world.Disks.Get(volumes[0].Name) == nil {
			t.Errorf("stop after %d requests: the claim is %s, %d volumes\n\t%s", n, claim.Status.Phase, len(volumes), strings.Join(s.timeline(), "\n\t"))
		}
		if !stopped {
			if n < 5 {
				t.Errorf("only %d requests could be made to fail", n)
			}
			return
		}
	}
	t.Error("the limit of 30 requests was not enough to see the end")
}

func TestCachesThatLagDoNotConfuseTheBinder(t *testing.T) {
	s := newStorageBench(t)
	s.latency[api.PersistentVolumes], s.latency[api.PersistentVolumeClaims] = 5*time.Millisecond, 2*time.Millisecond
	for i := range 20 {
		s.claim(fmt.Sprintf("data-%02d", i), nil)
	}
	for i := range 5 {
		add(s.bench, pv(fmt.Sprintf("hand-%d", i), "1Gi", "standard", nil, rwo))
	}
	s.run(30 * time.Second)
	claims := map[string]string{}
	for _, c := range all[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims) {
		if c.Status.Phase != corev1.ClaimBound || claims[c.Spec.VolumeName] != "" {
			t.Errorf("%s is %s to %q, which %q has", c.Name, c.Status.Phase, c.Spec.VolumeName, claims[c.Spec.VolumeName])
		}
		claims[c.Spec.VolumeName] = c.Name
	}
}
