package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func statefulSet(name string, replicas int32) *appsv1.StatefulSet {
	l := map[string]string{"app": name}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: name, Selector: &metav1.LabelSelector{MatchLabels: l},
			PodManagementPolicy:  appsv1.OrderedReadyPodManagement,
			UpdateStrategy:       appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType},
			Template:             corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: l}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}},
		},
	}
}

// history notes the names of pods as they come (+) and are deleted (-).
func history(b *bench) *[]string {
	var out []string
	b.observe = append(b.observe, func(old, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && old == nil {
			out = append(out, "+"+pod.Name)
		} else if ok && old.GetDeletionTimestamp() == nil && pod.DeletionTimestamp != nil {
			out = append(out, "-"+pod.Name)
		}
	})
	return &out
}

func TestStatefulSetWorksInOrder(t *testing.T) {
	for _, latency := range []time.Duration{0, 3 * time.Millisecond, 3 * time.Second} {
		t.Run(latency.String(), func(t *testing.T) {
			b := newBench(t)
			b.latency[api.Pods] = latency
			got := history(b)
			b.start()
			set := add(b, statefulSet("db", 3))
			b.run(1500 * time.Millisecond)
			if latency == 0 && fmt.Sprint(*got) != "[+db-0 +db-1]" {
				t.Errorf("the second pod did not wait for the first: %v", *got)
			}
			b.run(30 * time.Second)
			if fmt.Sprint(*got) != "[+db-0 +db-1 +db-2]" {
				t.Errorf("pods came as %v", *got)
			}
			s := get[*appsv1.StatefulSet](b, api.StatefulSets, "db").Status
			if s.Replicas != 3 || s.ReadyReplicas != 3 || s.AvailableReplicas != 3 || s.UpdatedReplicas != 3 || s.CurrentReplicas != 3 || s.CurrentRevision != s.UpdateRevision || s.CurrentRevision == "" {
				t.Errorf("status %+v", s)
			}

			*got = nil
			change(b, set, func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Image = "v2" })
			b.run(time.Minute)
			if fmt.Sprint(*got) != "[-db-2 +db-2 -db-1 +db-1 -db-0 +db-0]" {
				t.Errorf("the update went %v", *got)
			}

			*got = nil
			n := int32(1)
			change(b, set, func(s *appsv1.StatefulSet) { s.Spec.Replicas = &n })
			b.run(time.Minute)
			if fmt.Sprint(*got) != "[-db-2 -db-1]" || names(b, api.PersistentVolumeClaims) != "data-db-0 data-db-1 data-db-2" {
				t.Errorf("scaled down as %v; claims %s", *got, names(b, api.PersistentVolumeClaims))
			}
		})
	}
}

func TestStatefulSetPodsHaveIdentity(t *testing.T) {
	b := newBench(t)
	b.start()
	add(b, statefulSet("db", 2))
	b.run(10 * time.Second)
	pod := get[*corev1.Pod](b, api.Pods, "db-1")
	if pod.Spec.Hostname != "db-1" || pod.Spec.Subdomain != "db" || pod.Labels["statefulset.kubernetes.io/pod-name"] != "db-1" ||
		pod.Labels["apps.kubernetes.io/pod-index"] != "1" || !strings.HasPrefix(pod.Labels["controller-revision-hash"], "db-") {
		t.Errorf("pod %+v", pod)
	}
	if v := pod.Spec.Volumes; len(v) != 1 || v[0].PersistentVolumeClaim.ClaimName != "data-db-1" {
		t.Errorf("volumes %+v", v)
	}
	events := b.events("db")
	for _, want := range []string{
		"SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success",
		"SuccessfulCreate: create Pod db-0 in StatefulSet db successful",
	} {
		if !slices.Contains(events, want) {
			t.Errorf("no event %q in %q", want, events)
		}
	}
	claim := get[*corev1.PersistentVolumeClaim](b, api.PersistentVolumeClaims, "data-db-0")
	b.delete(get[*corev1.Pod](b, api.Pods, "db-0"), metav1.DeletePropagationBackground)
	b.run(10 * time.Second)
	if again := get[*corev1.PersistentVolumeClaim](b, api.PersistentVolumeClaims, "data-db-0"); again.UID != claim.UID {
		t.Error("the claim is another one")
	}
	if pod = get[*corev1.Pod](b, api.Pods, "db-0"); pod.DeletionTimestamp != nil {
		t.Error("the pod was not made again")
	}
}

func TestStatefulSetSpecialPolicies(t *testing.T) {
	for _, c := range []struct {
		name   string
		adjust func(*appsv1.StatefulSet)
		update string
	}{
		{"partition", func(s *appsv1.StatefulSet) {
			p := int32(2)
			s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &p}
		}, "[-db-2 +db-2]"},
		{"on delete", func(s *appsv1.StatefulSet) { s.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType }, "[]"},
		{"parallel", func(s *appsv1.StatefulSet) { s.Spec.PodManagementPolicy = appsv1.ParallelPodManagement }, "[-db-2 +db-2 -db-1 +db-1 -db-0 +db-0]"},
		{"from five", func(s *appsv1.StatefulSet) { s.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 5} }, "[-db-7 +db-7 -db-6 +db-6 -db-5 +db-5]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			got := history(b)
			b.start()
			set := statefulSet("db", 3)
			c.adjust(set)
			set = add(b, set)
			b.run(500 * time.Millisecond)
			if n := len(*got); (n == 3) != (c.name == "parallel") {
				t.Errorf("at once: %v", *got)
			}
			b.run(30 * time.Second)
			*got = nil
			change(b, set, func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Image = "v2" })
			b.run(time.Minute)
			if fmt.Sprint(*got) != c.update {
				t.Errorf("the update went %v, want %s", *got, c.update)
			}
		})
	}
}

func TestStatefulSetDoesNotReplaceAPodThatHasNotGone(t *testing.T) {
	b := newBench(t)
	b.gone = time.Hour // its node is dead
	b.start()
	add(b, statefulSet("db", 2))
	b.run(10 * time.Second)
	old := get[*corev1.Pod](b, api.Pods, "db-0")
	b.delete(old, metav1.DeletePropagationBackground)
	b.run(10 * time.Minute)
	if pod := get[*corev1.Pod](b, api.Pods, "db-0"); pod.UID != old.UID {
		t.Error("a second db-0 runs while the first may still")
	}
}
