package rest_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

const measuredGroup = "/apis/metrics.k8s.io/v1beta1"

// TestMetricsServer asks a cluster that has one what its nodes and pods use.
func TestMetricsServer(t *testing.T) {
	c := config()
	c.Metrics = true
	w := build(t, c, 60)
	ctx, client := t.Context(), w.client("")
	if _, err := client.CoreV1().Pods("default").Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example/web"}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	resources, err := client.Discovery().ServerResourcesForGroupVersion("metrics.k8s.io/v1beta1")
	if err != nil || len(resources.APIResources) != 2 || resources.APIResources[0].Kind != "NodeMetrics" || !resources.APIResources[1].Namespaced {
		t.Fatalf("%+v: %v", resources, err)
	}
	rest := client.CoreV1().RESTClient()
	var pods metricsv1beta1.PodMetricsList
	for wait := time.Now().Add(20 * time.Second); len(pods.Items) == 0 && time.Now().Before(wait); time.Sleep(50 * time.Millisecond) {
		data, err := rest.Get().AbsPath(measuredGroup, "pods").Param("labelSelector", "app=web").DoRaw(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &pods); err != nil {
			t.Fatal(err)
		}
	}
	if len(pods.Items) != 1 || pods.Items[0].Name != "web" || pods.Items[0].Containers[0].Usage.Cpu().IsZero() || pods.ResourceVersion != "" {
		t.Fatalf("pods %+v", pods)
	}
	var table metav1.Table
	data, err := rest.Get().AbsPath(measuredGroup, "nodes").SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(ctx)
	if err == nil {
		err = json.Unmarshal(data, &table)
	}
	if err != nil || len(table.Rows) != 3 || len(table.ColumnDefinitions) != 4 || table.Rows[0].Cells[0] != "worker-1" || table.Rows[0].Cells[3] != "15s" {
		t.Errorf("%s: %v", data, err)
	}
	if err := rest.Get().AbsPath(measuredGroup, "namespaces/default/pods/none").Do(ctx).Error(); !apierrors.IsNotFound(err) || err.Error() != `podmetrics.metrics.k8s.io "default/none" not found` {
		t.Errorf("nothing: %v", err)
	}
	var code int
	if rest.Delete().AbsPath(measuredGroup, "nodes/worker-1").Do(ctx).StatusCode(&code); code != http.StatusMethodNotAllowed {
		t.Errorf("a deletion gets %d", code)
	}
}

// TestNoMetricsServer asks a cluster that has none, as a fresh one.
func TestNoMetricsServer(t *testing.T) {
	w := build(t, config(), 10)
	client := w.client("")
	groups, err := client.Discovery().ServerGroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups.Groups {
		if g.Name == "metrics.k8s.io" {
			t.Error("discovery names a group that nobody answers for")
		}
	}
	if err := client.CoreV1().RESTClient().Get().AbsPath(measuredGroup, "nodes").Do(t.Context()).Error(); !apierrors.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}
