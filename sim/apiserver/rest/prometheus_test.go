package rest_test

import (
	"bytes"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientrest "k8s.io/client-go/rest"
)

// TestPrometheus reads the numbers of a server as Prometheus would.
func TestPrometheus(t *testing.T) {
	w := build(t, config(), 10)
	ctx, client := t.Context(), w.client("")
	maps := client.CoreV1().ConfigMaps("default")
	if _, err := maps.Create(ctx, configMap("one", nil), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := maps.Get(ctx, "none", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	read := func() map[string]*dto.MetricFamily {
		t.Helper()
		data, err := client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
		if err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return families
	}
	// number is the one metric of a family with some labels, -1 if there is none.
	number := func(families map[string]*dto.MetricFamily, name string, labels map[string]string) float64 {
		t.Helper()
	next:
		for _, m := range families[name].GetMetric() {
			have := map[string]string{}
			for _, l := range m.Label {
				have[l.GetName()] = l.GetValue()
			}
			for k, v := range labels {
				if have[k] != v {
					continue next
				}
			}
			switch {
			case m.Counter != nil:
				return m.Counter.GetValue()
			case m.Histogram != nil:
				return float64(m.Histogram.GetSampleCount())
			}
			return m.Gauge.GetValue()
		}
		return -1
	}
	families := read()
	created := map[string]string{"resource": "configmaps", "group": "", "version": "v1", "verb": "POST", "scope": "resource", "code": "201", "component": "apiserver", "dry_run": "", "subresource": ""}
	posts := number(families, "apiserver_request_total", created)
	for _, c := range []struct {
		name   string
		labels map[string]string
		least  float64
	}{
		{"apiserver_request_total", created, 1},
		{"apiserver_request_total", map[string]string{"resource": "configmaps", "verb": "GET", "code": "404"}, 1},
		{"apiserver_request_total", map[string]string{"resource": "nodes", "verb": "POST", "code": "201"}, 3}, // the kubelets' own
		{"apiserver_request_duration_seconds", map[string]string{"resource": "configmaps", "verb": "POST", "scope": "resource"}, 1},
		{"apiserver_current_inflight_requests", map[string]string{"request_kind": "readOnly"}, 1}, // this one
		{"apiserver_longrunning_requests", map[string]string{"resource": "deployments", "verb": "WATCH"}, 1},
		{"apiserver_resource_objects", map[string]string{"group": "", "resource": "nodes"}, 3},
		{"apiserver_storage_objects", map[string]string{"resource": "nodes"}, 3},
	} {
		if got := number(families, c.name, c.labels); got < c.least {
			t.Errorf("%s%v is %v, want at least %v", c.name, c.labels, got, c.least)
		}
	}
	if _, err := maps.Create(ctx, configMap("two", nil), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := number(read(), "apiserver_request_total", created); got < posts+1 {
		t.Errorf("one creation more takes the counter from %v to %v", posts, got)
	}
	weak := w.client("", func(c *clientrest.Config) {
		c.CertFile, c.KeyFile, c.CertData, c.KeyData, c.BearerToken = "", "", nil, nil, "weak"
	})
	if _, err := weak.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx); !apierrors.IsForbidden(err) {
		t.Errorf("somebody without rights gets %v", err)
	}
}
