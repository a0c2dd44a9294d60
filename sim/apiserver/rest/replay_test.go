package rest_test

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"minisim/sim/cluster"
	"minisim/sim/engine"
)

func deployment(name string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx:1.27"}}},
			},
		},
	}
}

// TestReplay drives a cluster over HTTP, with reads and watches in between, and
// has a fresh one replay the journal: both come to the same hash.
func TestReplay(t *testing.T) {
	w := build(t, config(), 30)
	for _, contentType := range []string{"application/json", protobuf} {
		c, ctx := w.client(contentType), t.Context()
		watching, err := c.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer watching.Stop()
		name := "web-" + contentType[12:13]
		deployments := c.AppsV1().Deployments("default")
		if _, err := deployments.Create(ctx, deployment(name, 3), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		c.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if _, err := deployments.UpdateScale(ctx, name, &autoscalingv1.Scale{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Spec: autoscalingv1.ScaleSpec{Replicas: 5},
		}, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		patch := `{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"nginx:1.28"}]}}}}`
		if _, err := deployments.Patch(ctx, name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		force := true
		patch = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned-" + name + "}\ndata: {a: " + `"1"}`
		for range 2 {
			if _, err := c.CoreV1().ConfigMaps("default").Patch(ctx, "owned-"+name, types.ApplyPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "me", Force: &force}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		if err := c.CoreV1().Pods("default").DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "app=" + name}); err != nil {
			t.Fatal(err)
		}
		deployments.Create(ctx, deployment(name, 1), metav1.CreateOptions{}) // which is refused
		time.Sleep(100 * time.Millisecond)
	}
	w.end()
	e := w.cluster.Engine
	c := config()
	c.RootCA = w.cluster.Config.RootCA
	again, err := cluster.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.Engine.Replay(e.Journal())
	again.Boot()
	for again.Engine.Steps() < e.Steps() {
		if _, err := again.Engine.Step(); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.Journal()) < 14 || w.cluster.Trace.Hash() != again.Trace.Hash() {
		t.Errorf("%d requests, %d steps: hash %s, in the replay %s", len(e.Journal()), e.Steps(), w.cluster.Trace.Hash(), again.Trace.Hash())
	}
}

// TestPaused writes while the simulation is paused: what is written is stored
// and can be read, each write is a step, and nobody reacts.
func TestPaused(t *testing.T) {
	w := build(t, config(), 1)
	w.pause()
	ctx, c := t.Context(), w.client("")
	var before, after uint64
	w.visit(func(e *engine.Engine) { before = e.Steps() })
	for _, name := range []string{"one", "two"} {
		if _, err := c.AppsV1().Deployments("default").Create(ctx, deployment(name, 2), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.AppsV1().Deployments("default").Get(ctx, name, metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
	}
	w.visit(func(e *engine.Engine) { after = e.Steps() })
	if after != before+2 {
		t.Errorf("two writes were %d steps", after-before)
	}
	sets, err := c.AppsV1().ReplicaSets("default").List(ctx, metav1.ListOptions{})
	if err != nil || len(sets.Items) != 0 {
		t.Errorf("somebody has reacted while all was paused: %d replica sets, %v", len(sets.Items), err)
	}
}
