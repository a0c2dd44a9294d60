package controller

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func replicaSet(name string, replicas int32) *appsv1.ReplicaSet {
	l := map[string]string{"app": name}
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: l},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: l}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
		},
	}
}

func TestReplicaSetScalesUpAndDown(t *testing.T) {
	b := newBench(t)
	b.start()
	rs := add(b, replicaSet("web", 3))
	b.run(10 * time.Second)
	pods := all[*corev1.Pod](b, api.Pods)
	if len(pods) != 3 {
		t.Fatalf("%d pods, want 3", len(pods))
	}
	for _, pod := range pods {
		ref := metav1.GetControllerOf(pod)
		if ref == nil || ref.UID != rs.UID || ref.Kind != "ReplicaSet" || *ref.BlockOwnerDeletion != true || !strings.HasPrefix(pod.Name, "web-") {
			t.Errorf("pod %s has the owner %+v", pod.Name, ref)
		}
	}
	rs = get[*appsv1.ReplicaSet](b, api.ReplicaSets, "web")
	if s := rs.Status; s.Replicas != 3 || s.FullyLabeledReplicas != 3 || s.ReadyReplicas != 3 || s.AvailableReplicas != 3 || s.ObservedGeneration != 1 || *s.TerminatingReplicas != 0 {
		t.Errorf("status %+v", s)
	}
	if told := b.told("replicaset-controller"); told[0] != "replicaset default/web: wants 3 pods, has 0 → create 3" {
		t.Errorf("told %q", told)
	}

	b.gone = 30 * time.Second
	change(b, rs, func(rs *appsv1.ReplicaSet) { *rs.Spec.Replicas = 1 })
	b.run(10 * time.Second)
	rs = get[*appsv1.ReplicaSet](b, api.ReplicaSets, "web")
	if s := rs.Status; s.Replicas != 1 || *s.TerminatingReplicas != 2 || s.ObservedGeneration != 2 {
		t.Errorf("status while two go: %+v", s)
	}
	b.run(time.Minute)
	rs = get[*appsv1.ReplicaSet](b, api.ReplicaSets, "web")
	if pods := all[*corev1.Pod](b, api.Pods); len(pods) != 1 || *rs.Status.TerminatingReplicas != 0 {
		t.Errorf("%d pods, status %+v", len(pods), rs.Status)
	}
	events := b.events("web")
	for _, want := range []string{"SuccessfulCreate: Created pod: " + pods[0].Name, "SuccessfulDelete: Deleted pod: "} {
		if !slices.ContainsFunc(events, func(got string) bool { return strings.HasPrefix(got, want) }) {
			t.Errorf("no event %q in %q", want, events)
		}
	}
}

// watchCount fails the test as soon as more pods than limit count as replicas.
func watchCount(b *bench, limit int) {
	b.observe = append(b.observe, func(_, _ api.Object) {
		n := 0
		for _, pod := range all[*corev1.Pod](b, api.Pods) {
			if podActive(pod) {
				n++
			}
		}
		if n > limit {
			b.t.Fatalf("%d active pods at %s, no more than %d are wanted", n, b.engine.Now(), limit)
		}
	})
}

func TestReplicaSetDoesNotOvershootOnAStaleCache(t *testing.T) {
	for _, latency := range []time.Duration{0, time.Millisecond, time.Second, time.Minute} {
		t.Run(latency.String(), func(t *testing.T) {
			b := newBench(t)
			b.latency[api.Pods] = latency
			watchCount(b, 5)
			b.start()
			rs := add(b, replicaSet("web", 5))
			for i := range 20 { // every change has the ReplicaSet reconciled again
				b.run(100 * time.Millisecond)
				change(b, rs, func(rs *appsv1.ReplicaSet) { rs.Annotations = map[string]string{"i": fmt.Sprint(i)} })
			}
			b.run(10 * time.Minute)
			if n := len(all[*corev1.Pod](b, api.Pods)); n != 5 {
				t.Errorf("%d pods, want 5", n)
			}
		})
	}
}

func TestReplicaSetReplacesAPodThatIsBeingDeleted(t *testing.T) {
	b := newBench(t)
	b.gone = 5 * time.Minute
	b.start()
	add(b, replicaSet("web", 2))
	b.run(5 * time.Second)
	victim := all[*corev1.Pod](b, api.Pods)[0]
	b.delete(victim, metav1.DeletePropagationBackground)
	b.run(5 * time.Second)
	if n := len(all[*corev1.Pod](b, api.Pods)); n != 3 {
		t.Errorf("%d pods, want the old two and the new one", n)
	}
	want := "replicaset default/web: wants 2 pods, has 1 → create 1 (1 pod that is terminating does not count)"
	if told := b.told("replicaset-controller"); !slices.Contains(told, want) {
		t.Errorf("told %q", told)
	}
}

func TestReplicaSetAdoptsAndReleases(t *testing.T) {
	b := newBench(t)
	b.start()
	orphan := add(b, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "orphan", Labels: map[string]string{"app": "web", "x": "y"}}})
	stranger := add(b, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "stranger", Labels: map[string]string{"app": "db"}}})
	rs := add(b, replicaSet("web", 2))
	b.run(5 * time.Second)
	if n := len(all[*corev1.Pod](b, api.Pods)); n != 3 {
		t.Fatalf("%d pods, want the orphan, the stranger and one more", n)
	}
	orphan = get[*corev1.Pod](b, api.Pods, "orphan")
	if ref := metav1.GetControllerOf(orphan); ref == nil || ref.UID != rs.UID {
		t.Errorf("the orphan was not adopted: %+v", orphan.OwnerReferences)
	}
	if stranger = get[*corev1.Pod](b, api.Pods, "stranger"); len(stranger.OwnerReferences) != 0 {
		t.Errorf("the stranger was adopted")
	}
	change(b, orphan, func(pod *corev1.Pod) { pod.Labels["app"] = "debug" })
	b.run(5 * time.Second)
	if orphan = get[*corev1.Pod](b, api.Pods, "orphan"); len(orphan.OwnerReferences) != 0 {
		t.Errorf("the pod whose label has changed was not released")
	}
	if n := len(all[*corev1.Pod](b, api.Pods)); n != 4 {
		t.Errorf("%d pods, want a replacement for the released one", n)
	}
}

func TestReplicaSetReportsFailureAndRecovers(t *testing.T) {
	b := newBench(t)
	b.start()
	tries := 0
	b.refuse = func(r api.Request) error {
		if r.Verb == api.VerbCreate && r.Resource == api.Pods {
			tries++
			return apierrors.NewForbidden(api.Pods.GroupResource(), "", errors.New("exceeded quota"))
		}
		return nil
	}
	add(b, replicaSet("web", 100))
	b.run(time.Millisecond)
	if tries != 2 {
		t.Errorf("%d tries at first, want a slow start: one, and one after the status has changed", tries)
	}
	rs := get[*appsv1.ReplicaSet](b, api.ReplicaSets, "web")
	if c := rs.Status.Conditions; len(c) != 1 || c[0].Type != appsv1.ReplicaSetReplicaFailure || c[0].Reason != "FailedCreate" || !strings.Contains(c[0].Message, "exceeded quota") {
		t.Fatalf("conditions %+v", c)
	}
	b.refuse = nil
	b.run(time.Minute)
	rs = get[*appsv1.ReplicaSet](b, api.ReplicaSets, "web")
	if len(rs.Status.Conditions) != 0 || rs.Status.ReadyReplicas != 100 {
		t.Errorf("status %+v", rs.Status)
	}
	if events := b.events("web"); !slices.ContainsFunc(events, func(s string) bool { return strings.HasPrefix(s, "FailedCreate: Error creating: ") }) {
		t.Errorf("events %q", events)
	}
}

func TestReplicaSetSurvivesStopsInMidReconcile(t *testing.T) {
	for stop := 1; stop < 14; stop++ {
		b := newBench(t)
		watchCount(b, 4)
		m := b.start()
		add(b, replicaSet("web", 4))
		n := 0
		b.refuse = func(r api.Request) error {
			if n++; n >= stop {
				return api.ErrStopped
			}
			return nil
		}
		b.run(5 * time.Millisecond)
		m.Process.Stop()
		b.refuse = nil
		b.start()
		b.run(time.Minute)
		if rs := get[*appsv1.ReplicaSet](b, api.ReplicaSets, "web"); rs.Status.ReadyReplicas != 4 {
			t.Errorf("stopped at request %d: status %+v", stop, rs.Status)
		}
	}
}

func TestMinReadySecondsDelaysAvailability(t *testing.T) {
	b := newBench(t)
	b.start()
	rs := replicaSet("web", 2)
	rs.Spec.MinReadySeconds = 30
	add(b, rs)
	for _, c := range []struct{ at, ready, available int }{{10, 2, 0}, {30, 2, 0}, {32, 2, 2}} {
		b.run(time.Duration(c.at)*time.Second - b.engine.Now())
		rs = get[*appsv1.ReplicaSet](b, api.ReplicaSets, "web")
		if int(rs.Status.ReadyReplicas) != c.ready || int(rs.Status.AvailableReplicas) != c.available {
			t.Errorf("at %ds: %d ready and %d available, want %d and %d", c.at, rs.Status.ReadyReplicas, rs.Status.AvailableReplicas, c.ready, c.available)
		}
	}
}

func TestSlowStart(t *testing.T) {
	for _, c := range []struct{ count, failAt, calls, done int }{
		{0, 0, 0, 0}, {1, 0, 1, 1}, {10, 0, 10, 10}, {10, 1, 1, 0}, {10, 2, 3, 2}, {10, 5, 7, 6},
	} {
		calls := 0
		done, err := slowStart(c.count, func() error {
			if calls++; calls == c.failAt {
				return errors.New("no")
			}
			return nil
		})
		if calls != c.calls || done != c.done || (err != nil) != (c.failAt > 0) {
			t.Errorf("%+v: %d calls, %d done, %v", c, calls, done, err)
		}
	}
}
