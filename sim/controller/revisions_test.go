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
	"k8s.io/apimachinery/pkg/runtime"

	"minisim/sim/api"
)

// kept are "number:image" of the revisions of one owner, by number.
func kept(b *bench, owner string) string {
	b.t.Helper()
	revisions := all[*appsv1.ControllerRevision](b, api.ControllerRevisions)
	slices.SortFunc(revisions, func(x, y *appsv1.ControllerRevision) int { return int(x.Revision - y.Revision) })
	var out []string
	for _, r := range revisions {
		if ref := metav1.GetControllerOf(r); ref == nil || ref.Name != owner {
			continue
		}
		t, err := templateIn(r)
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d:%s", r.Revision, t.Spec.Containers[0].Image))
	}
	return strings.Join(out, " ")
}

// Both kinds of owners number their templates, take an earlier one up again and
// keep no more than they may; with the owner the revisions go.
func TestRevisionsOfTemplates(t *testing.T) {
	limit := int32(1)
	for _, latency := range []time.Duration{0, 3 * time.Second} {
		b := newBench(t)
		b.latency[api.ControllerRevisions] = latency
		b.start()
		addNode(b, "n1")
		set, daemon := statefulSet("db", 1), daemonSet("agent")
		set.Spec.RevisionHistoryLimit, daemon.Spec.RevisionHistoryLimit = &limit, &limit
		set, daemon = add(b, set), add(b, daemon)
		for _, step := range []struct{ image, want string }{
			{"v1", "1:v1"},
			{"v2", "1:v1 2:v2"},
			{"v1", "2:v2 3:v1"},
			{"v3", "3:v1 4:v3"}, // 2 goes
		} {
			change(b, set, func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Image = step.image })
			change(b, daemon, func(s *appsv1.DaemonSet) { s.Spec.Template.Spec.Containers[0].Image = step.image })
			b.run(time.Minute)
			for _, owner := range []string{"db", "agent"} {
				if got := kept(b, owner); got != step.want {
					t.Errorf("latency %v, image %s: %s has %s, want %s", latency, step.image, owner, got, step.want)
				}
			}
		}
		b.delete(set, metav1.DeletePropagationForeground)
		b.delete(daemon, metav1.DeletePropagationBackground)
		b.run(time.Minute)
		if left := names(b, api.ControllerRevisions); left != "" {
			t.Errorf("latency %v: %s are left", latency, left)
		}
	}
}

func TestRevisionsAreKnownByName(t *testing.T) {
	b := newBench(t)
	b.start()
	addNode(b, "n1")
	set, daemon := statefulSet("db", 1), daemonSet("agent")
	set.Annotations = map[string]string{"kubernetes.io/change-cause": "first"}
	daemon.Annotations = map[string]string{appsv1.DeprecatedTemplateGeneration: "7"}
	add(b, set)
	add(b, daemon)
	b.run(10 * time.Second)

	status := get[*appsv1.StatefulSet](b, api.StatefulSets, "db").Status
	r := get[*appsv1.ControllerRevision](b, api.ControllerRevisions, status.UpdateRevision)
	if r.Name != "db-"+r.Labels["controller.kubernetes.io/hash"] || r.Labels["app"] != "db" || r.Annotations["kubernetes.io/change-cause"] != "first" {
		t.Errorf("revision %+v", r.ObjectMeta)
	}
	want := `{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"image":"v1","name":"c","resources":{}}]}}}}`
	if string(r.Data.Raw) != want {
		t.Errorf("data %s, want %s", r.Data.Raw, want)
	}
	for _, pod := range all[*corev1.Pod](b, api.Pods) {
		if hash := pod.Labels["controller-revision-hash"]; pod.Name == "db-0" {
			if hash != r.Name {
				t.Errorf("db-0 is of %s", hash)
			}
		} else if of := get[*appsv1.ControllerRevision](b, api.ControllerRevisions, "agent-"+hash); of.Labels["controller-revision-hash"] != hash || pod.Labels["pod-template-generation"] != "7" {
			t.Errorf("pod %v of revision %v", pod.Labels, of.Labels)
		}
	}
}

// A template whose name another revision has gets another name, and the owner counts it.
func TestRevisionsAvoidTakenNames(t *testing.T) {
	b := newBench(t)
	b.start()
	addNode(b, "n1")
	set, daemon := statefulSet("db", 1), daemonSet("agent")
	data, err := templatePatch(&set.Spec.Template)
	if err != nil {
		t.Fatal(err)
	}
	zero := int32(0)
	for _, name := range []string{"db-" + dataHash(data, &zero), "agent-" + templateHash(&daemon.Spec.Template, nil)} {
		add(b, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: runtime.RawExtension{Raw: []byte("{}")}})
	}
	add(b, set)
	add(b, daemon)
	b.run(10 * time.Second)
	if got := kept(b, "db") + " " + kept(b, "agent"); got != "1:v1 1:v1" {
		t.Errorf("revisions %s", got)
	}
	if n := deref(get[*appsv1.StatefulSet](b, api.StatefulSets, "db").Status.CollisionCount); n != 1 {
		t.Errorf("the stateful set counts %d collisions", n)
	}
	if n := deref(get[*appsv1.DaemonSet](b, api.DaemonSets, "agent").Status.CollisionCount); n != 1 {
		t.Errorf("the daemon set counts %d collisions", n)
	}
}

func TestStatefulSetMakesPodsBelowThePartitionFromTheCurrentRevision(t *testing.T) {
	for _, start := range []int32{0, 5} {
		b := newBench(t)
		b.start()
		partition := int32(2)
		set := statefulSet("db", 3)
		set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: start}
		set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &partition}
		set = add(b, set)
		b.run(30 * time.Second)
		change(b, set, func(s *appsv1.StatefulSet) { s.Spec.Template.Spec.Containers[0].Image = "v2" })
		b.run(30 * time.Second)
		b.delete(get[*corev1.Pod](b, api.Pods, fmt.Sprintf("db-%d", start)), metav1.DeletePropagationBackground)
		b.run(30 * time.Second)
		for i, want := range []string{"v1", "v1", "v2"} {
			if pod := get[*corev1.Pod](b, api.Pods, fmt.Sprintf("db-%d", int(start)+i)); pod.Spec.Containers[0].Image != want {
				t.Errorf("%s has %s, want %s", pod.Name, pod.Spec.Containers[0].Image, want)
			}
		}
		s := get[*appsv1.StatefulSet](b, api.StatefulSets, "db").Status
		if s.CurrentRevision == s.UpdateRevision || s.CurrentReplicas != 2 || s.UpdatedReplicas != 1 {
			t.Errorf("status %+v", s)
		}
	}
}
