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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"minisim/sim/api"
)

// deployment is one as the API's defaults make it.
func deployment(name string, replicas int32) *appsv1.Deployment {
	l := map[string]string{"app": name}
	quarter, limit, deadline := intstr.FromString("25%"), int32(10), int32(600)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: l},
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &quarter, MaxUnavailable: &quarter},
			},
			RevisionHistoryLimit: &limit, ProgressDeadlineSeconds: &deadline,
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: l}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}},
		},
	}
}

func image(v string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = v }
}

func replicasTo(n int32) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = &n }
}

// sizes are "image:spec/available" of all ReplicaSets, the newest revision first.
func sizes(b *bench) string {
	sets := all[*appsv1.ReplicaSet](b, api.ReplicaSets)
	slices.SortFunc(sets, func(x, y *appsv1.ReplicaSet) int { return int(revisionOf(y) - revisionOf(x)) })
	var out []string
	for _, rs := range sets {
		out = append(out, fmt.Sprintf("%s:%d/%d", rs.Spec.Template.Spec.Containers[0].Image, *rs.Spec.Replicas, rs.Status.AvailableReplicas))
	}
	return strings.Join(out, " ")
}

func conditions(d *appsv1.Deployment) string {
	var out []string
	for _, c := range d.Status.Conditions {
		out = append(out, fmt.Sprintf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message))
	}
	return strings.Join(out, "\n")
}

func TestDeploymentBecomesAvailable(t *testing.T) {
	b := newBench(t)
	b.start()
	add(b, deployment("app", 3))
	b.run(10 * time.Second)
	d := get[*appsv1.Deployment](b, api.Deployments, "app")
	rs := all[*appsv1.ReplicaSet](b, api.ReplicaSets)[0]
	hash := rs.Labels["pod-template-hash"]
	if rs.Name != "app-"+hash || hash == "" || rs.Spec.Selector.MatchLabels["pod-template-hash"] != hash || rs.Spec.Template.Labels["pod-template-hash"] != hash {
		t.Errorf("ReplicaSet %s with the labels %v", rs.Name, rs.Labels)
	}
	if rs.Annotations[revisionAnnotation] != "1" || rs.Annotations[desiredReplicasAnnotation] != "3" || rs.Annotations[maxReplicasAnnotation] != "4" || d.Annotations[revisionAnnotation] != "1" {
		t.Errorf("annotations %v of %v", rs.Annotations, d.Annotations)
	}
	s := d.Status
	if s.Replicas != 3 || s.UpdatedReplicas != 3 || s.ReadyReplicas != 3 || s.AvailableReplicas != 3 || s.UnavailableReplicas != 0 || s.ObservedGeneration != d.Generation || *s.TerminatingReplicas != 0 {
		t.Errorf("status %+v", s)
	}
	want := "Available=True MinimumReplicasAvailable: Deployment has minimum availability.\n" +
		"Progressing=True NewReplicaSetAvailable: ReplicaSet \"" + rs.Name + "\" has successfully progressed."
	if got := conditions(d); got != want {
		t.Errorf("conditions\n%s\nwant\n%s", got, want)
	}
	if got := b.events("app"); !slices.Equal(got, []string{"ScalingReplicaSet: Scaled up replica set " + rs.Name + " from 0 to 3"}) {
		t.Errorf("events %q", got)
	}
}

// A hash that Kubernetes v1.36 gave to a template would change with any change
// of the template's types; what must not change is that it depends on nothing else.
func TestTemplateHash(t *testing.T) {
	a, b := deployment("app", 1), deployment("app", 5)
	one := templateHash(&a.Spec.Template, nil)
	if one != templateHash(&b.Spec.Template, nil) {
		t.Error("the hash depends on more than the template")
	}
	zero, two := int32(0), int32(2)
	if h := templateHash(&a.Spec.Template, &zero); h == one || h == templateHash(&a.Spec.Template, &two) {
		t.Error("the hash does not depend on the count of collisions")
	}
	image("v2")(b)
	if one == templateHash(&b.Spec.Template, nil) {
		t.Error("the hash does not depend on the image")
	}
	if strings.Trim(one, "bcdfghjklmnpqrstvwxz2456789") != "" {
		t.Errorf("the hash %q has letters that Kubernetes does not use", one)
	}
}

// watchRollout fails the test when a rollout wants too many pods, or has too few
// that are available. For a moment there may be more, as on a real cluster: one set
// grows while the pods of another are still to be deleted.
func watchRollout(b *bench, most, least int) {
	b.observe = append(b.observe, func(_, new api.Object) {
		wanted, available := int(size(all[*appsv1.ReplicaSet](b, api.ReplicaSets))), 0
		for _, pod := range all[*corev1.Pod](b, api.Pods) {
			if podActive(pod) && podReady(pod) {
				available++
			}
		}
		if wanted > most || available < least {
			b.t.Fatalf("at %s: %d pods are wanted and %d available; want at most %d and at least %d", b.engine.Now(), wanted, available, most, least)
		}
	})
}

func TestRollingUpdateKeepsItsBounds(t *testing.T) {
	for _, c := range []struct {
		surge, unavailable string
		replicas           int32
		most, least        int
	}{
		{"25%", "25%", 4, 5, 3},
		{"25%", "25%", 3, 4, 3},
		{"0", "1", 4, 4, 3},
		{"1", "0", 4, 5, 4},
		{"0", "0%", 4, 4, 3}, // both 0: one may be unavailable
		{"100%", "0", 5, 10, 5},
		{"30%", "50%", 10, 13, 5},
	} {
		for _, latency := range []time.Duration{0, 3 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s %s of %d, %s", c.surge, c.unavailable, c.replicas, latency), func(t *testing.T) {
				b := newBench(t)
				b.latency[api.ReplicaSets], b.latency[api.Pods], b.latency[api.Deployments] = latency, 2*latency, latency/2
				b.start()
				d := deployment("app", c.replicas)
				surge, unavailable := intstr.Parse(c.surge), intstr.Parse(c.unavailable)
				d.Spec.Strategy.RollingUpdate.MaxSurge, d.Spec.Strategy.RollingUpdate.MaxUnavailable = &surge, &unavailable
				d = add(b, d)
				b.run(10 * time.Second)
				watchRollout(b, c.most, c.least)
				change(b, d, image("v2"))
				b.run(time.Minute)
				if got, want := sizes(b), fmt.Sprintf("v2:%d/%d v1:0/0", c.replicas, c.replicas); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
}

func TestRollingUpdateStepByStep(t *testing.T) {
	b := newBench(t)
	b.start()
	d := add(b, deployment("app", 4))
	b.run(10 * time.Second)
	change(b, d, image("v2"))
	for _, want := range []string{"v2:2/0 v1:3/3", "v2:4/2 v1:1/1", "v2:4/4 v1:0/0"} {
		b.run(500 * time.Millisecond)
		if got := sizes(b); got != want {
			t.Fatalf("at %s: %s, want %s", b.engine.Now(), got, want)
		}
		b.run(500 * time.Millisecond)
	}
	told := b.told("deployment-controller")
	want := "(maxSurge 25% of 4 = 1, at most 5 pods in all)"
	if !slices.ContainsFunc(told, func(s string) bool { return strings.HasSuffix(s, want) }) {
		t.Errorf("nothing told %q: %q", want, told)
	}
	d = get[*appsv1.Deployment](b, api.Deployments, "app")
	if d.Annotations[revisionAnnotation] != "2" {
		t.Errorf("revision %s", d.Annotations[revisionAnnotation])
	}
}

func TestRollbackIsByTemplate(t *testing.T) {
	b := newBench(t)
	b.start()
	d := add(b, deployment("app", 2))
	for _, v := range []string{"v1", "v2", "v1"} {
		change(b, d, image(v))
		b.run(30 * time.Second)
	}
	if got := sizes(b); got != "v1:2/2 v2:0/0" {
		t.Errorf("got %s", got)
	}
	d = get[*appsv1.Deployment](b, api.Deployments, "app")
	sets := all[*appsv1.ReplicaSet](b, api.ReplicaSets)
	var v1 *appsv1.ReplicaSet
	for _, rs := range sets {
		if *rs.Spec.Replicas == 2 {
			v1 = rs
		}
	}
	if d.Annotations[revisionAnnotation] != "3" || v1.Annotations[revisionAnnotation] != "3" || v1.Annotations[revisionHistoryAnnotation] != "1" {
		t.Errorf("revisions %v, %v", d.Annotations, v1.Annotations)
	}
}

func TestRecreateEndsOldPodsFirst(t *testing.T) {
	b := newBench(t)
	b.gone = 20 * time.Second
	b.start()
	d := deployment("app", 3)
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	d = add(b, d)
	b.run(10 * time.Second)
	b.observe = append(b.observe, func(_, _ api.Object) {
		images := map[string]bool{}
		for _, pod := range all[*corev1.Pod](b, api.Pods) {
			images[pod.Spec.Containers[0].Image] = true
		}
		if len(images) > 1 {
			t.Fatalf("pods of %v at once", images)
		}
	})
	change(b, d, image("v2"))
	b.run(10 * time.Second)
	if got := sizes(b); got != "v1:0/0" {
		t.Errorf("while the old ones end: %s", got)
	}
	b.run(30 * time.Second)
	if got := sizes(b); got != "v2:3/3 v1:0/0" {
		t.Errorf("at the end: %s", got)
	}
}

func TestScalingInTheMiddleOfARolloutIsProportional(t *testing.T) {
	b := newBench(t)
	b.start()
	d := deployment("app", 10)
	three, two := intstr.FromInt32(3), intstr.FromInt32(2)
	d.Spec.Strategy.RollingUpdate.MaxSurge, d.Spec.Strategy.RollingUpdate.MaxUnavailable = &three, &two
	d = add(b, d)
	b.run(10 * time.Second)
	b.ready = -1 // the new image never gets ready
	change(b, d, image("v2"))
	b.run(10 * time.Second)
	if got := sizes(b); got != "v2:5/0 v1:8/8" {
		t.Fatalf("stuck at %s", got)
	}
	change(b, d, replicasTo(15))
	b.run(10 * time.Second)
	if got := sizes(b); got != "v2:7/0 v1:11/8" { // as in the Kubernetes documentation: 3 of the 5 go to the old one
		t.Errorf("after scaling %s", got)
	}
}

func TestPausedDeploymentScalesButDoesNotRoll(t *testing.T) {
	b := newBench(t)
	b.start()
	d := add(b, deployment("app", 2))
	b.run(10 * time.Second)
	change(b, d, func(d *appsv1.Deployment) { d.Spec.Paused = true; image("v2")(d) })
	b.run(10 * time.Second)
	change(b, d, replicasTo(4))
	b.run(10 * time.Second)
	if got := sizes(b); got != "v1:4/4" {
		t.Errorf("paused: %s", got)
	}
	d = get[*appsv1.Deployment](b, api.Deployments, "app")
	if c := deploymentCondition(d.Status, appsv1.DeploymentProgressing); c.Reason != "DeploymentPaused" || c.Status != corev1.ConditionUnknown {
		t.Errorf("conditions %s", conditions(d))
	}
	change(b, d, func(d *appsv1.Deployment) { d.Spec.Paused = false })
	b.run(time.Minute)
	if got := sizes(b); got != "v2:4/4 v1:0/0" {
		t.Errorf("resumed: %s", got)
	}
}

func TestProgressDeadline(t *testing.T) {
	b := newBench(t)
	b.ready = -1
	b.start()
	d := deployment("app", 1)
	sixty := int32(60)
	d.Spec.ProgressDeadlineSeconds = &sixty
	d = add(b, d)
	b.run(50 * time.Second)
	progressing := func() *appsv1.DeploymentCondition {
		return deploymentCondition(get[*appsv1.Deployment](b, api.Deployments, "app").Status, appsv1.DeploymentProgressing)
	}
	if c := progressing(); c.Status != corev1.ConditionTrue || c.Reason != "ReplicaSetUpdated" {
		t.Errorf("before the deadline: %+v", c)
	}
	b.run(15 * time.Second)
	rs := all[*appsv1.ReplicaSet](b, api.ReplicaSets)[0].Name
	if c := progressing(); c.Status != corev1.ConditionFalse || c.Reason != "ProgressDeadlineExceeded" || c.Message != `ReplicaSet "`+rs+`" has timed out progressing.` {
		t.Errorf("after the deadline: %+v", c)
	}
	b.setPod(all[*corev1.Pod](b, api.Pods)[0].Name, corev1.PodRunning, true)
	b.run(time.Second)
	if c := progressing(); c.Status != corev1.ConditionTrue || c.Reason != "NewReplicaSetAvailable" {
		t.Errorf("when it is ready after all: %+v", c)
	}
}

func TestRevisionHistoryLimit(t *testing.T) {
	b := newBench(t)
	b.start()
	d := deployment("app", 1)
	limit := int32(2)
	d.Spec.RevisionHistoryLimit = &limit
	d = add(b, d)
	for i := range 6 {
		change(b, d, image(fmt.Sprintf("v%d", i+1)))
		b.run(30 * time.Second)
	}
	if got := sizes(b); got != "v6:1/1 v5:0/0 v4:0/0" {
		t.Errorf("kept %s", got)
	}
}

func TestHashCollisionIsCounted(t *testing.T) {
	b := newBench(t)
	b.start()
	d := deployment("app", 1)
	other := replicaSet("app-"+templateHash(&d.Spec.Template, nil), 0)
	other.Spec.Selector.MatchLabels = map[string]string{"app": "other"}
	add(b, other)
	add(b, d)
	b.run(10 * time.Second)
	d = get[*appsv1.Deployment](b, api.Deployments, "app")
	if d.Status.CollisionCount == nil || *d.Status.CollisionCount != 1 || d.Status.AvailableReplicas != 1 {
		t.Errorf("status %+v", d.Status)
	}
}

func TestDeploymentSurvivesConflictsAndStops(t *testing.T) {
	for stop := 1; stop < 60; stop++ {
		b := newBench(t)
		b.latency[api.Pods], b.latency[api.ReplicaSets] = 4*time.Millisecond, time.Millisecond
		m := b.start()
		d := add(b, deployment("app", 3))
		b.run(10 * time.Second)
		watchRollout(b, 4, 3)
		change(b, d, image("v2"))
		n := 0
		b.refuse = func(r api.Request) error {
			if r.Resource == api.Pods && r.Subresource != "" {
				return nil // the kubelet's
			}
			if n++; n >= stop {
				return api.ErrStopped
			}
			return nil
		}
		b.run(3 * time.Second)
		m.Process.Stop()
		b.refuse = nil
		// somebody else writes to the Deployment all the time
		b.start()
		for i := range 50 {
			b.run(time.Millisecond)
			change(b, d, func(d *appsv1.Deployment) { d.Labels = map[string]string{"i": fmt.Sprint(i)} })
		}
		b.run(time.Minute)
		if got := sizes(b); got != "v2:3/3 v1:0/0" {
			t.Errorf("stopped at request %d: %s", stop, got)
		}
	}
}

func TestReplicaFailureIsPassedOn(t *testing.T) {
	b := newBench(t)
	b.start()
	b.refuse = func(r api.Request) error {
		if r.Verb == api.VerbCreate && r.Resource == api.Pods {
			return errors.New("exceeded quota")
		}
		return nil
	}
	add(b, deployment("app", 1))
	b.run(time.Second)
	c := deploymentCondition(get[*appsv1.Deployment](b, api.Deployments, "app").Status, appsv1.DeploymentReplicaFailure)
	if c == nil || c.Reason != "FailedCreate" || c.Message != "exceeded quota" {
		t.Errorf("condition %+v", c)
	}
	b.refuse = nil
	b.run(time.Minute)
	d := get[*appsv1.Deployment](b, api.Deployments, "app")
	if c := deploymentCondition(d.Status, appsv1.DeploymentReplicaFailure); c != nil || d.Status.AvailableReplicas != 1 {
		t.Errorf("status %+v", d.Status)
	}
}
