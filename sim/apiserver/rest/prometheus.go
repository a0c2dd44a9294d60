package rest

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"minisim/sim/api"
	"minisim/sim/apiserver"
)

// prometheus answers /metrics with the numbers that a kube-apiserver has under the
// same names, as far as there is something behind them here. Requests are those of
// all components; only those over HTTP take any time, which is real time.
func (c *exchange) prometheus() error {
	var stored, requests, watches []apiserver.Count
	if _, err := look(c.r.Context(), c.bridge, func() (any, error) {
		s := c.bridge.api
		requests, watches = s.Requests(), s.Watches()
		for _, r := range s.Catalog().Resources() {
			if r.Present() == r {
				stored = append(stored, apiserver.Count{Sort: apiserver.Sort{Resource: r.GVR()}, N: uint64(s.Stored(r))})
			}
		}
		return nil, nil
	}); err != nil {
		return err
	}
	families := append(c.server.meter.families(requests), objectFamilies(stored)...)
	open := family("apiserver_longrunning_requests", "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.", dto.MetricType_GAUGE)
	for _, w := range watches {
		open.Metric = append(open.Metric, gauge(float64(w.N), labelsOf(w.Sort)...))
	}
	families = append(families, open)
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	var body bytes.Buffer
	for _, f := range families {
		if len(f.Metric) == 0 {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&body, f); err != nil {
			return err
		}
	}
	c.body(http.StatusOK, string(expfmt.NewFormat(expfmt.TypeTextPlain)), body.Bytes())
	return nil
}

// families are the counters of requests: those of the server's own account and reads over HTTP.
func (m *meter) families(requests []apiserver.Count) []*dto.MetricFamily {
	total := family("apiserver_request_total", "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.", dto.MetricType_COUNTER)
	duration := family("apiserver_request_duration_seconds", "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.", dto.MetricType_HISTOGRAM)
	inFlight := family("apiserver_current_inflight_requests", "Maximal number of currently used inflight request limit of this apiserver per request kind in last second.", dto.MetricType_GAUGE)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	all := maps.Clone(m.reads)
	for _, r := range requests {
		all[r.Sort] += r.N
	}
	for _, s := range sorted(all) {
		labels := append(labelsOf(s), label("code", strconv.Itoa(s.Code)), label("dry_run", dryRunLabel(s)))
		total.Metric = append(total.Metric, &dto.Metric{Label: labels, Counter: &dto.Counter{Value: new(float64(all[s]))}})
	}
	for _, s := range sorted(m.durations) {
		duration.Metric = append(duration.Metric, &dto.Metric{Label: append(labelsOf(s), label("dry_run", dryRunLabel(s))), Histogram: m.durations[s].show()})
	}
	for _, kind := range []string{"mutating", "readOnly"} {
		inFlight.Metric = append(inFlight.Metric, gauge(float64(m.inFlight[kind]), label("request_kind", kind)))
	}
	return []*dto.MetricFamily{total, duration, inFlight}
}

func (h *histogram) show() *dto.Histogram {
	out := &dto.Histogram{SampleCount: new(h.n), SampleSum: new(h.sum)}
	for i, bound := range bounds {
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: new(bound), CumulativeCount: new(h.counts[i])})
	}
	return out
}

// objectFamilies are how many objects there are, under the present name and the one before it.
func objectFamilies(stored []apiserver.Count) []*dto.MetricFamily {
	now := family("apiserver_resource_objects", "Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.", dto.MetricType_GAUGE)
	before := family("apiserver_storage_objects", "[DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.", dto.MetricType_GAUGE)
	for _, s := range stored {
		now.Metric = append(now.Metric, gauge(float64(s.N), label("group", s.Resource.Group), label("resource", s.Resource.Resource)))
		before.Metric = append(before.Metric, gauge(float64(s.N), label("resource", s.Resource.GroupResource().String())))
	}
	return []*dto.MetricFamily{now, before}
}

func family(name, help string, t dto.MetricType) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: &help, Type: &t}
}

func gauge(v float64, labels ...*dto.LabelPair) *dto.Metric {
	return &dto.Metric{Label: labels, Gauge: &dto.Gauge{Value: &v}}
}

func label(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }

// labelsOf are the labels that all metrics of requests have.
func labelsOf(s apiserver.Sort) []*dto.LabelPair {
	return []*dto.LabelPair{
		label("component", "apiserver"), label("group", s.Resource.Group), label("resource", s.Resource.Resource), label("scope", s.Scope),
		label("subresource", s.Subresource), label("verb", verbLabels[s.Verb]), label("version", s.Resource.Version),
	}
}

func dryRunLabel(s apiserver.Sort) string {
	if s.DryRun {
		return "All"
	}
	return ""
}

// verbLabels are the verbs as kube-apiserver's metrics call them.
var verbLabels = map[api.Verb]string{
	api.VerbGet: "GET", api.VerbList: "LIST", api.VerbWatch: "WATCH", api.VerbCreate: "POST", api.VerbUpdate: "PUT",
	api.VerbPatch: "PATCH", api.VerbDelete: "DELETE", api.VerbDeleteCollection: "DELETECOLLECTION",
}

// sorted are the sorts of a table in a fixed order.
func sorted[T any](of map[apiserver.Sort]T) []apiserver.Sort {
	return slices.SortedFunc(maps.Keys(of), apiserver.Sort.Compare)
}
