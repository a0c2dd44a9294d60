package controller

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestClaimRetention(t *testing.T) {
	const retain, remove = appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	for _, c := range []struct {
		whenDeleted, whenScaled         appsv1.PersistentVolumeClaimRetentionPolicyType
		running, scaled, again, deleted string // claims and their owners
	}{
		{retain, retain, "[data-db-0  data-db-1 ]", "[data-db-0  data-db-1 ]", "[data-db-0  data-db-1 ]", "[data-db-0  data-db-1 ]"},
		{remove, retain, "[data-db-0 db data-db-1 db]", "[data-db-0 db data-db-1 db]", "[data-db-0 db data-db-1 db]", "[]"},
		{retain, remove, "[data-db-0  data-db-1 ]", "[data-db-0 ]", "[data-db-0  data-db-1 ]", "[data-db-0  data-db-1 ]"},
		{remove, remove, "[data-db-0 db data-db-1 db]", "[data-db-0 db]", "[data-db-0 db data-db-1 db]", "[]"},
	} {
		t.Run(fmt.Sprint(c.whenDeleted, c.whenScaled), func(t *testing.T) {
			b := newBench(t)
			b.start()
			set := statefulSet("db", 2)
			set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: c.whenDeleted, WhenScaled: c.whenScaled}
			set = add(b, set)
			check := func(when, want string) {
				t.Helper()
				b.run(time.Minute)
				var got []string
				for _, claim := range all[*corev1.PersistentVolumeClaim](b, api.PersistentVolumeClaims) {
					owner := ""
					for _, r := range claim.OwnerReferences {
						owner += r.Name
					}
					got = append(got, claim.Name+" "+owner)
				}
				if fmt.Sprint(got) != want {
					t.Errorf("%s: got %v, want %s", when, got, want)
				}
			}
			scale := func(n int32) { change(b, set, func(s *appsv1.StatefulSet) { s.Spec.Replicas = &n }) }
			check("running", c.running)
			scale(1)
			check("scaled down", c.scaled)
			scale(2)
			check("scaled up again", c.again)
			b.delete(get[*appsv1.StatefulSet](b, api.StatefulSets, "db"), metav1.DeletePropagationBackground)
			check("deleted", c.deleted)
		})
	}
}

func TestNewPodWaitsForTheClaimOfTheOldOne(t *testing.T) {
	b := newBench(t)
	b.start()
	set := statefulSet("db", 2)
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenScaled: appsv1.DeletePersistentVolumeClaimRetentionPolicyType}
	stale := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-db-0", Labels: set.Spec.Selector.MatchLabels, Finalizers: []string{"test/hold"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "db-0", UID: "gone"}}}}
	stale = add(b, stale)
	add(b, set)
	b.run(time.Minute)
	if n := len(all[*corev1.Pod](b, api.Pods)); n != 0 {
		t.Errorf("%d pods did not wait", n)
	}
	change(b, stale, func(c *corev1.PersistentVolumeClaim) { c.Finalizers = nil })
	b.run(time.Minute)
	if n := len(all[*corev1.Pod](b, api.Pods)); n != 2 {
		t.Errorf("%d pods", n)
	}
}
