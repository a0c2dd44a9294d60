package controller

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestClaimStaysWhileAPodUsesIt(t *testing.T) {
	s := newStorageBench(t)
	s.node("a", 0, nil)
	claim := s.claim("data", nil)
	s.run(5 * time.Second)
	pod := s.user("web", "a", "data")
	s.user("pending", "", "data") // a pod without a node does not count
	s.run(10 * time.Second)
	claim = get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, claim.Name)
	if !slices.Contains(claim.Finalizers, claimFinalizer) {
		t.Fatalf("finalizers %v", claim.Finalizers)
	}
	s.delete(claim, metav1.DeletePropagationBackground)
	s.run(time.Minute)
	claim = get[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims, claim.Name)
	if claim.DeletionTimestamp == nil || claim.Status.Phase != corev1.ClaimBound {
		t.Errorf("the claim is %+v", claim.Status)
	}
	s.delete(pod, metav1.DeletePropagationBackground)
	s.run(time.Minute)
	if left := all[*corev1.PersistentVolumeClaim](s.bench, api.PersistentVolumeClaims); len(left) != 0 {
		t.Error("the claim is still there after its pod has gone")
	}
	if left := all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes); len(left) != 0 {
		t.Errorf("the volume is still there: %+v %v", left[0].Status, left[0].Finalizers)
	}
	if s.world.Disks.Get("pvc-"+string(claim.UID)) != nil {
		t.Error("the disk is still there")
	}
}

func TestVolumeStaysWhileItIsBound(t *testing.T) {
	s := newStorageBench(t)
	add(s.bench, pv("hand", "1Gi", "standard", nil, rwo))
	s.run(time.Second)
	claim := s.claim("data", nil)
	s.run(5 * time.Second)
	s.delete(get[*corev1.PersistentVolume](s.bench, api.PersistentVolumes, "hand"), metav1.DeletePropagationBackground)
	s.run(time.Minute)
	if v := get[*corev1.PersistentVolume](s.bench, api.PersistentVolumes, "hand"); v.DeletionTimestamp == nil || v.Status.Phase != corev1.VolumeBound {
		t.Errorf("the volume is %s", v.Status.Phase)
	}
	s.delete(claim, metav1.DeletePropagationBackground)
	s.run(time.Minute)
	if left := all[*corev1.PersistentVolume](s.bench, api.PersistentVolumes); len(left) != 0 {
		t.Error("the volume is still there after its claim has gone")
	}
}
