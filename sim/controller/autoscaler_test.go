package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"minisim/sim/api"
)

// scale answers requests for the scale of a Deployment.
func (b *bench) scale(r api.Request, old api.Object) (api.Object, error) {
	d, ok := old.(*appsv1.Deployment)
	if !ok {
		return nil, apierrors.NewNotFound(r.Resource.GroupResource(), r.Key.Name)
	}
	if r.Verb == api.VerbUpdate {
		d = d.DeepCopy()
		d.Spec.Replicas = &r.Object.(*autoscalingv1.Scale).Spec.Replicas
		d = b.put(d).(*appsv1.Deployment)
	}
	return &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Name, ResourceVersion: d.ResourceVersion},
		Spec:       autoscalingv1.ScaleSpec{Replicas: *d.Spec.Replicas},
		Status:     autoscalingv1.ScaleStatus{Replicas: *d.Spec.Replicas, Selector: metav1.FormatLabelSelector(d.Spec.Selector)},
	}, nil
}

// autoscaler aims at some percent of the CPU that the pods of a Deployment request.
func autoscaler(name string, least, most, percent int32) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MinReplicas:    &least, MaxReplicas: most,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent},
			}}},
		},
	}
}

// measured has each pod use a share of some CPU, in thousandths: what load gives, by
// all that are ready. It is measured every 15 s.
func measured(b *bench, load func() int64) {
	var again func()
	again = func() {
		var ready []*corev1.Pod
		for _, pod := range all[*corev1.Pod](b, api.Pods) {
			if podReady(pod) && pod.DeletionTimestamp == nil {
				ready = append(ready, pod)
			}
		}
		b.objects[api.PodMetrics] = map[api.Key]api.Object{}
		for _, pod := range ready {
			b.objects[api.PodMetrics][api.KeyOf(pod)] = podMetrics(pod, load()/int64(len(ready)), b.engine.Clock())
		}
		b.later(b.engine.Now()+15*time.Second, "measure", again)
	}
	b.later(b.engine.Now()+10*time.Second, "measure", again)
}

func podMetrics(pod *corev1.Pod, milli int64, at time.Time) *metricsv1beta1.PodMetrics {
	return &metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels},
		Timestamp:  metav1.NewTime(at), Window: metav1.Duration{Duration: 15 * time.Second},
		Containers: []metricsv1beta1.ContainerMetrics{{Name: "c", Usage: corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(milli, resource.DecimalSI)}}},
	}
}

// rescales notes each number of replicas that a Deployment is given, and when.
func rescales(b *bench) *[]string {
	var out []string
	b.observe = append(b.observe, func(old, new api.Object) {
		d, ok := new.(*appsv1.Deployment)
		if before, had := old.(*appsv1.Deployment); ok && had && *before.Spec.Replicas != *d.Spec.Replicas {
			out = append(out, fmt.Sprintf("%s:%d", b.engine.Now().Round(time.Second), *d.Spec.Replicas))
		}
	})
	return &out
}

func requesting(d *appsv1.Deployment, milli int64) *appsv1.Deployment {
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(milli, resource.DecimalSI)},
	}}}
	return d
}

func hpaConditions(b *bench, name string) string {
	var out []string
	for _, c := range get[*autoscalingv2.HorizontalPodAutoscaler](b, api.HorizontalPodAutoscalers, name).Status.Conditions {
		out = append(out, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason))
	}
	return strings.Join(out, ", ")
}

// policies are rules of one policy, without a window.
func policies(t autoscalingv2.HPAScalingPolicyType, value, seconds int32) *autoscalingv2.HPAScalingRules {
	most := autoscalingv2.MaxChangePolicySelect
	return &autoscalingv2.HPAScalingRules{SelectPolicy: &most, StabilizationWindowSeconds: new(int32), Policies: []autoscalingv2.HPAScalingPolicy{{Type: t, Value: value, PeriodSeconds: seconds}}}
}

// shownMetric is for example "60%, 60m".
func shownMetric(m autoscalingv2.MetricStatus) string {
	var now autoscalingv2.MetricValueStatus
	switch {
	case m.Resource != nil:
		now = m.Resource.Current
	case m.ContainerResource != nil:
		now = m.ContainerResource.Current
	}
	text := now.AverageValue.String()
	if now.AverageUtilization != nil {
		text = fmt.Sprintf("%d%%, %s", *now.AverageUtilization, text)
	}
	return text
}

func TestAutoscalerFollowsTheLoad(t *testing.T) {
	for _, c := range []struct {
		name     string
		behavior *autoscalingv2.HorizontalPodAutoscalerBehavior
		want     string
	}{
		// 100m is asked of each pod, and 50% of that is the aim. 700m comes from 1 m on, for two minutes; then 60m.
		{"by default", nil, "[1m15s:4 1m30s:8 1m45s:10 8m15s:2]"},
		{"a pod a minute up, two down", &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp: policies(autoscalingv2.PodsScalingPolicy, 1, 60), ScaleDown: policies(autoscalingv2.PodsScalingPolicy, 2, 60),
		}, "[1m15s:3 2m15s:4 3m15s:2]"},
		{"half up, never down", &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp: policies(autoscalingv2.PercentScalingPolicy, 50, 30), ScaleDown: func() *autoscalingv2.HPAScalingRules {
				r := policies(autoscalingv2.PodsScalingPolicy, 1, 60)
				*r.SelectPolicy = autoscalingv2.DisabledPolicySelect
				return r
			}(),
		}, "[1m15s:3 1m45s:5 2m15s:8 2m45s:10]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.start()
			add(b, requesting(deployment("web", 2), 100))
			hpa := autoscaler("web", 1, 10, 50)
			hpa.Spec.Behavior = c.behavior
			add(b, hpa)
			got := rescales(b)
			measured(b, func() int64 {
				if now := b.engine.Now(); now > time.Minute && now < 3*time.Minute {
					return 700
				}
				return 60
			})
			b.run(15 * time.Minute)
			if fmt.Sprint(*got) != c.want {
				t.Errorf("scaled %v, want %s", *got, c.want)
			}
		})
	}
}

func TestAutoscalerWithoutMetrics(t *testing.T) {
	b := newBench(t)
	b.start()
	add(b, requesting(deployment("web", 2), 100))
	add(b, autoscaler("web", 1, 10, 50))
	b.run(time.Minute)
	if got, want := hpaConditions(b, "web"), "AbleToScale=True SucceededGetScale, ScalingActive=False FailedGetResourceMetric"; got != want {
		t.Errorf("conditions %s, want %s", got, want)
	}
	const why = "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"
	events := b.events("web")
	for _, want := range []string{"FailedGetResourceMetric: " + why, "FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: " + why} {
		if !slices.Contains(events, want) {
			t.Errorf("no event %q in %q", want, events)
		}
	}
}

// The pods of one Deployment, each "used" in thousandths of the 100 that it requests
// and "!" while it is not ready, "?" of which nothing is known, "." Pending or "-" being deleted.
func TestAutoscalerCounts(t *testing.T) {
	value := func(q string) func(*autoscalingv2.HorizontalPodAutoscaler) {
		return func(h *autoscalingv2.HorizontalPodAutoscaler) {
			v := resource.MustParse(q)
			h.Spec.Metrics[0].Resource.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &v}
		}
	}
	for _, c := range []struct {
		name   string
		pods   string
		adjust func(*autoscalingv2.HorizontalPodAutoscaler)
		want   int32
		shown  string // the metric in the status
	}{
		{"as it should be", "50 50 50 50", nil, 4, "50%, 50m"},
		{"within the tolerance", "55 55 55 55", nil, 4, "55%, 55m"},
		{"above", "56 56 56 56", nil, 5, "56%, 56m"},
		{"below", "20 20 20 20", nil, 2, "20%, 20m"},
		{"a tolerance of one's own", "60 60 60 60", func(h *autoscalingv2.HorizontalPodAutoscaler) {
			fifth := resource.MustParse("0.2")
			h.Spec.Behavior.ScaleUp.Tolerance = &fifth
		}, 4, "60%, 60m"},
		{"one not ready: it will take its share", "100 100 100 !100", nil, 6, "100%, 100m"},
		{"two pending: they are enough", "100 100 . .", nil, 4, "100%, 100m"},
		{"one unknown, up", "100 100 100 ?", nil, 6, "100%, 100m"},
		{"one unknown, down: it may use all", "20 20 20 ?", nil, 4, "20%, 20m"},
		{"one unknown, far down", "1 1 1 1 1 1 1 1 1 ?", nil, 2, "1%, 1m"},
		{"one on its way out", "100 100 100 -100", nil, 6, "100%, 100m"},
		{"an amount", "30 30 30 30", value("20m"), 6, "30m"},
		{"an amount, one unknown, down", "5 5 5 ?", value("20m"), 2, "5m"},
		{"of one container", "56 56 56 56", func(h *autoscalingv2.HorizontalPodAutoscaler) {
			r := h.Spec.Metrics[0].Resource
			h.Spec.Metrics[0] = autoscalingv2.MetricSpec{Type: autoscalingv2.ContainerResourceMetricSourceType, ContainerResource: &autoscalingv2.ContainerResourceMetricSource{Name: r.Name, Container: "c", Target: r.Target}}
		}, 5, "56%, 56m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.start()
			words := strings.Fields(c.pods)
			add(b, requesting(deployment("web", int32(len(words))), 100))
			b.run(10 * time.Minute) // beyond the time in which a pod may still be starting
			for i, pod := range all[*corev1.Pod](b, api.Pods) {
				pod = pod.DeepCopy()
				switch words[i][0] {
				case '.':
					pod.Status.Phase = corev1.PodPending
				case '-':
					pod.Finalizers, pod.DeletionTimestamp = []string{"example.com/stay"}, &metav1.Time{Time: b.engine.Clock()}
				case '!':
					pod.Status.StartTime = &metav1.Time{Time: b.engine.Clock()}
					pod.Status.Conditions[0].Status = corev1.ConditionFalse
				}
				b.put(pod)
				var milli int64
				if n, _ := fmt.Sscan(strings.TrimLeft(words[i], "!-"), &milli); n == 1 {
					b.put(podMetrics(pod, milli, b.engine.Clock()))
				}
			}
			hpa := autoscaler("web", 1, 20, 50)
			hpa.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleUp: policies(autoscalingv2.PodsScalingPolicy, 20, 15), ScaleDown: policies(autoscalingv2.PodsScalingPolicy, 20, 15),
			}
			if c.adjust != nil {
				c.adjust(hpa)
			}
			add(b, hpa)
			b.run(15 * time.Second)
			hpa = get[*autoscalingv2.HorizontalPodAutoscaler](b, api.HorizontalPodAutoscalers, "web")
			if hpa.Status.DesiredReplicas != c.want || len(hpa.Status.CurrentMetrics) != 1 || shownMetric(hpa.Status.CurrentMetrics[0]) != c.shown {
				t.Errorf("%d replicas, metrics %+v; want %d, %s; %s; %q", hpa.Status.DesiredReplicas, hpa.Status.CurrentMetrics, c.want, c.shown, hpaConditions(b, "web"), b.events("web"))
			}
		})
	}
}

func TestAutoscalerSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name      string
		prepare   func(b *bench, h *autoscalingv2.HorizontalPodAutoscaler)
		condition string
		event     string
		replicas  int32
	}{
		{"no target", func(_ *bench, h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.ScaleTargetRef.Name = "none" },
			"AbleToScale=False FailedGetScale", `FailedGetScale: deployments.apps "none" not found`, 2},
		{"no such kind", func(_ *bench, h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.ScaleTargetRef.Kind = "Engine" },
			"AbleToScale=False FailedGetScale", `FailedGetScale: no matches for kind "Engine" in group "apps"`, 2},
		{"too few", func(_ *bench, h *autoscalingv2.HorizontalPodAutoscaler) { *h.Spec.MinReplicas = 3 },
			"AbleToScale=True SucceededRescale", "SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas", 3},
		{"too many", func(_ *bench, h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 1 },
			"AbleToScale=True SucceededRescale", "SuccessfulRescale: New size: 1; reason: Current number of replicas above Spec.MaxReplicas", 1},
		{"nothing runs", func(b *bench, _ *autoscalingv2.HorizontalPodAutoscaler) {
			change(b, get[*appsv1.Deployment](b, api.Deployments, "web"), func(d *appsv1.Deployment) { *d.Spec.Replicas = 0 })
		}, "AbleToScale=True SucceededGetScale, ScalingActive=False ScalingDisabled", "", 0},
		{"no request", func(b *bench, _ *autoscalingv2.HorizontalPodAutoscaler) {
			for _, pod := range all[*corev1.Pod](b, api.Pods) {
				pod = pod.DeepCopy()
				pod.Spec.Containers[0].Resources.Requests = nil
				b.put(pod)
				b.put(podMetrics(pod, 10, b.engine.Clock().Add(time.Minute)))
			}
		}, "AbleToScale=True SucceededGetScale, ScalingActive=False FailedGetResourceMetric",
			"FailedGetResourceMetric: failed to get cpu utilization: missing request for cpu in container c of Pod web-6d8ccf8fb8-", 2},
		{"two autoscalers", func(b *bench, _ *autoscalingv2.HorizontalPodAutoscaler) {
			rival := autoscaler("rival", 1, 10, 50)
			rival.Spec.ScaleTargetRef.Name = "web"
			add(b, rival)
		}, "AbleToScale=True SucceededGetScale, ScalingActive=False AmbiguousSelector",
			"AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [{rival default} {web default}]", 2},
		{"a metric that nobody measures", func(_ *bench, h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{Metric: autoscalingv2.MetricIdentifier{Name: "hits"}}}}
		}, "AbleToScale=True SucceededGetScale, ScalingActive=False FailedGetPodsMetric",
			"FailedGetPodsMetric: unable to get metric hits: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.start()
			add(b, requesting(deployment("web", 2), 100))
			b.run(time.Minute)
			hpa := autoscaler("web", 1, 10, 50)
			c.prepare(b, hpa)
			add(b, hpa)
			b.run(15*time.Second + 200*time.Millisecond)
			if got := hpaConditions(b, "web"); got != c.condition {
				t.Errorf("conditions %s, want %s", got, c.condition)
			}
			if events := b.events("web"); c.event != "" && !slices.ContainsFunc(events, func(e string) bool { return strings.HasPrefix(e, c.event) }) {
				t.Errorf("no event %q in %q", c.event, events)
			}
			if n := *get[*appsv1.Deployment](b, api.Deployments, "web").Spec.Replicas; n != c.replicas {
				t.Errorf("%d replicas, want %d", n, c.replicas)
			}
		})
	}
}
