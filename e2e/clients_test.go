package e2e

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"

	"minisim/internal/served"
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

// TestEverythingDiscovered reads every resource that discovery names, by clients
// that know no kind of their own.
func TestEverythingDiscovered(t *testing.T) {
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 1})
	ctx := t.Context()
	finder, err := discovery.NewDiscoveryClientForConfig(w.config())
	if err != nil {
		t.Fatal(err)
	}
	lists, err := finder.ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(w.config())
	if err != nil {
		t.Fatal(err)
	}
	partial, err := metadata.NewForConfig(w.config())
	if err != nil {
		t.Fatal(err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(finder))
	read := 0
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.APIResources {
			mapping, err := mapper.RESTMapping(schema.GroupKind{Group: group.Group, Kind: r.Kind}, group.Version)
			if err != nil || mapping.Resource.Resource != r.Name || (mapping.Scope.Name() == meta.RESTScopeNameNamespace) != r.Namespaced {
				t.Errorf("%s %s is mapped to %v: %v", group, r.Kind, mapping, err)
				continue
			}
			if !slices.Contains(r.Verbs, "list") {
				continue
			}
			read++
			got, err := objects.Resource(mapping.Resource).List(ctx, metav1.ListOptions{Limit: 500})
			if err != nil || got.GetKind() != r.Kind+"List" || got.GetResourceVersion() == "" && group.Group != "metrics.k8s.io" {
				t.Errorf("%s: %v %v", mapping.Resource, got, err)
				continue
			}
			if group.Group == "metrics.k8s.io" {
				continue // it is computed, and has no objects that could be read in part
			}
			some, err := partial.Resource(mapping.Resource).List(ctx, metav1.ListOptions{})
			if err != nil || len(some.Items) != len(got.Items) {
				t.Errorf("%s: %d objects, and the metadata of %d: %v", mapping.Resource, len(got.Items), len(some.Items), err)
			}
		}
	}
	if read < 30 {
		t.Errorf("only %d resources can be listed", read)
	}
}

// TestScaleClient scales all that can be scaled, without knowing the kinds.
func TestScaleClient(t *testing.T) {
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 20})
	ctx, c := t.Context(), w.own()
	if _, err := c.AppsV1().Deployments("default").Create(ctx, deployment("web", 1), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "db"}, Spec: appsv1.StatefulSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}, Template: deployment("db", 1).Spec.Template,
	}}
	if _, err := c.AppsV1().StatefulSets("default").Create(ctx, set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	cached := memory.NewMemCacheClient(c.Discovery())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(cached)
	scales, err := scale.NewForConfig(w.config(), mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(cached))
	if err != nil {
		t.Fatal(err)
	}
	for resource, name := range map[string]string{"deployments": "web", "statefulsets": "db"} {
		r := schema.GroupResource{Group: "apps", Resource: resource}
		s, err := scales.Scales("default").Get(ctx, r, name, metav1.GetOptions{})
		if err != nil || s.Spec.Replicas != 1 || s.Status.Selector != "app="+name {
			t.Fatalf("%s: %v, %v", resource, s, err)
		}
		s.Spec.Replicas = 3
		if _, err := scales.Scales("default").Update(ctx, r, s, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, resource+" are scaled", func() error {
			if s, err = scales.Scales("default").Get(ctx, r, name, metav1.GetOptions{}); err != nil || s.Status.Replicas != 3 {
				return fmt.Errorf("%v, %v", s.Status, err)
			}
			return nil
		})
	}
}

// TestEviction asks for more evictions than a budget allows.
func TestEviction(t *testing.T) {
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 20})
	ctx, c := t.Context(), w.own()
	if _, err := c.AppsV1().Deployments("default").Create(ctx, deployment("web", 2), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	all := intstr.FromInt32(2)
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: policyv1.PodDisruptionBudgetSpec{
		MinAvailable: &all, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
	}}
	if _, err := c.PolicyV1().PodDisruptionBudgets("default").Create(ctx, budget, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	allowed := func(n int32) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d disruptions are allowed", n), func() error {
			b, err := c.PolicyV1().PodDisruptionBudgets("default").Get(ctx, "web", metav1.GetOptions{})
			if err != nil || b.Status.ObservedGeneration != b.Generation || b.Status.CurrentHealthy < 2 || b.Status.DisruptionsAllowed != n {
				return fmt.Errorf("%+v, %v", b.Status, err)
			}
			return nil
		})
	}
	allowed(0)
	pods, err := c.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil || len(pods.Items) != 2 {
		t.Fatalf("%d pods, %v", len(pods.Items), err)
	}
	victim := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pods.Items[0].Name, Namespace: "default"}}
	err = c.PolicyV1().Evictions("default").Evict(ctx, victim)
	if !apierrors.IsTooManyRequests(err) || !apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause) {
		t.Errorf("an eviction that the budget forbids: %v", err)
	}
	w.scale("web", 3)
	allowed(1)
	if err := c.PolicyV1().Evictions("default").Evict(ctx, victim); err != nil {
		t.Errorf("an eviction that the budget allows: %v", err)
	}
	eventually(t, "the pod goes", func() error {
		if _, err := c.CoreV1().Pods("default").Get(ctx, victim.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is there: %v", err)
		}
		return nil
	})
}

// scale sets the replicas of a deployment.
func (w *town) scale(name string, replicas int32) {
	w.Helper()
	deployments := w.own().AppsV1().Deployments("default")
	s, err := deployments.GetScale(w.Context(), name, metav1.GetOptions{})
	if err == nil {
		s.Spec.Replicas = replicas
		_, err = deployments.UpdateScale(w.Context(), name, s, metav1.UpdateOptions{})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// TestDynamicClient applies and watches objects whose type the program does not know.
func TestDynamicClient(t *testing.T) {
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 20})
	ctx := t.Context()
	c, err := dynamic.NewForConfig(w.config())
	if err != nil {
		t.Fatal(err)
	}
	services := c.Resource(corev1.SchemeGroupVersion.WithResource("services")).Namespace("default")
	object := func(port int64) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "web"},
			"spec": map[string]any{"selector": map[string]any{"app": "web"}, "ports": []any{map[string]any{"name": "http", "port": int64(80), "targetPort": port}}},
		}}
	}
	events, err := services.Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=web", SendInitialEvents: new(true), ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	next := func(kind watch.EventType) *unstructured.Unstructured {
		t.Helper()
		select {
		case ev := <-events.ResultChan():
			if u, ok := ev.Object.(*unstructured.Unstructured); ok && ev.Type == kind {
				return u
			}
			t.Fatalf("heard %s %v, not %s", ev.Type, ev.Object, kind)
		case <-time.After(30 * time.Second):
			t.Fatal("heard nothing")
		}
		return nil
	}
	if mark := next(watch.Bookmark); mark.GetAnnotations()[metav1.InitialEventsAnnotationKey] != "true" {
		t.Errorf("the bookmark's annotations are %v", mark.GetAnnotations())
	}
	if _, err := services.Apply(ctx, "web", object(8080), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		t.Fatal(err)
	}
	if u := next(watch.Added); u.GetResourceVersion() == "" || len(u.GetManagedFields()) != 1 {
		t.Errorf("made: %v", u)
	}
	_, err = services.Apply(ctx, "web", object(9090), metav1.ApplyOptions{FieldManager: "two"})
	if cause, ok := apierrors.StatusCause(err, metav1.CauseTypeFieldManagerConflict); !ok || cause.Field != `.spec.ports[port=80,protocol="TCP"].targetPort` {
		t.Errorf("the field of another manager: %v, %v", cause, err)
	}
	forced, err := services.Apply(ctx, "web", object(9090), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil || len(forced.GetManagedFields()) != 2 {
		t.Errorf("forced: %v, %v", forced.GetManagedFields(), err)
	}
	if u := next(watch.Modified); u.GetResourceVersion() != forced.GetResourceVersion() {
		t.Errorf("heard of version %s, not %s", u.GetResourceVersion(), forced.GetResourceVersion())
	}
	if err := services.Delete(ctx, "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	next(watch.Deleted)
}

// TestLogStream asks for what a container has written.
func TestLogStream(t *testing.T) {
	w := serve(t, served.Config{Cluster: recordedCluster(), Speed: 20})
	ctx, pods := t.Context(), w.own().CoreV1().Pods("default")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: deployment("web", 1).Spec.Template.Spec}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it runs", func() error {
		p, err := pods.Get(ctx, "web", metav1.GetOptions{})
		if err != nil || p.Status.Phase != corev1.PodRunning {
			return fmt.Errorf("%s, %v", p.Status.Phase, err)
		}
		return nil
	})
	if _, err := pods.GetLogs("web", &corev1.PodLogOptions{Container: "other"}).Stream(ctx); !apierrors.IsBadRequest(err) {
		t.Errorf("the log of a container that is not there: %v", err)
	}
	stream, err := pods.GetLogs("web", &corev1.PodLogOptions{Follow: true}).Stream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if err := pods.Delete(ctx, "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(stream) // to the end of the container
	if !strings.HasPrefix(string(text), "minisim: runs nginx") || !strings.HasSuffix(string(text), "minisim: gets SIGTERM\nminisim: has ended (exit code 0)\n") || err != nil {
		t.Errorf("%s, %v", text, err)
	}
}
