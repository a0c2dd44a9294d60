package controller

import (
	"errors"
	"fmt"
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	resourcehelper "k8s.io/component-helpers/resource"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"minisim/sim/api"
)

// measurement is how many replicas the use of one resource asks for.
type measurement struct {
	*scaleSync
	resource  corev1.ResourceName
	container string // "": whole pods
	selector  labels.Selector
	target    int64 // of each pod: an amount in thousandths, or …
	percent   bool  // … that many percent of what it requests

	requests map[string]int64 // by pod, in thousandths
	shown    int64            // the present value of what target is for
	mean     int64            // use of a pod, in thousandths
}

// sample is what one pod used at a time, in thousandths.
type sample struct {
	value  int64
	at     time.Time
	window time.Duration
}

// replicas compares what the pods use with the target. Pods that have just
// begun, are not ready or of which nothing is known count so that they never
// make the change larger than it would be without them.
func (m *measurement) replicas() (int32, error) {
	samples, err := m.samples()
	if err != nil {
		return 0, fmt.Errorf("unable to get metrics for resource %s: %w", m.resource, err)
	}
	pods := selected(m.pods, byLabel, m.hpa.Namespace, m.selector)
	if len(pods) == 0 {
		return 0, errors.New("no pods returned by selector while calculating replica count")
	}
	ready, unready, missing := m.sort(pods, samples)
	if len(samples) == 0 {
		return 0, errors.New("did not receive metrics for targeted pods (pods might be unready)")
	}
	if m.percent {
		if err := m.readRequests(pods); err != nil {
			return 0, err
		}
	}
	ratio, shown, mean, err := m.ratio(samples)
	if err != nil {
		return 0, err
	}
	m.shown, m.mean = shown, mean
	withUnready := len(unready) > 0 && ratio > 1
	if !withUnready && len(missing) == 0 {
		if m.tolerates(ratio) {
			return m.current, nil
		}
		return int32(math.Ceil(float64(ratio * float64(ready)))), nil
	}
	m.assume(samples, ratio, unready, missing)
	again, _, _, err := m.ratio(samples)
	if err != nil {
		return 0, err
	}
	if m.tolerates(again) || ratio < 1 && again > 1 || ratio > 1 && again < 1 {
		return m.current, nil
	}
	n := int32(math.Ceil(float64(again * float64(len(samples)))))
	if again < 1 && n > m.current || again > 1 && n < m.current {
		return m.current, nil
	}
	return n, nil
}

// assume fills in what is not known, on the side of no change: pods without
// metrics use all that they should when it is about scaling down and nothing when
// it is about scaling up; those that are not ready use nothing yet.
func (m *measurement) assume(samples map[string]sample, ratio float64, unready, missing []string) {
	for _, pod := range missing {
		switch {
		case ratio < 1 && m.percent:
			samples[pod] = sample{value: m.requests[pod] * max(100, m.target) / 100}
		case ratio < 1:
			samples[pod] = sample{value: m.target}
		case ratio > 1:
			samples[pod] = sample{}
		}
	}
	if ratio > 1 {
		for _, pod := range unready {
			samples[pod] = sample{}
		}
	}
}

// samples asks the metrics server what each pod uses.
func (m *measurement) samples() (map[string]sample, error) {
	list, err := m.client.List(api.PodMetrics, api.ListOptions{Namespace: m.hpa.Namespace, Labels: m.selector})
	if err != nil {
		return nil, fmt.Errorf("unable to fetch metrics from resource metrics API: %w", err)
	}
	if len(list.Items) == 0 {
		return nil, errors.New("no metrics returned from resource metrics API")
	}
	out := make(map[string]sample, len(list.Items))
	for _, o := range list.Items {
		pod := o.(*metricsv1beta1.PodMetrics)
		if value, ok := m.used(pod); ok {
			out[pod.Name] = sample{value, pod.Timestamp.Time, pod.Window.Duration}
		}
	}
	return out, nil
}

// used is what a pod, or the container in question, uses; false if that is not known.
func (m *measurement) used(pod *metricsv1beta1.PodMetrics) (sum int64, ok bool) {
	for _, c := range pod.Containers {
		if m.container != "" && m.container != c.Name {
			continue
		}
		use, known := c.Usage[m.resource]
		if !known {
			return 0, false
		}
		sum, ok = sum+use.MilliValue(), true
	}
	return sum, ok
}

// sort takes the samples of pods away that do not count, and says how many pods
// do, which are not ready and which have no sample.
func (m *measurement) sort(pods []*corev1.Pod, samples map[string]sample) (ready int, unready, missing []string) {
	for _, pod := range pods {
		s, known := samples[pod.Name]
		switch {
		case pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed:
			delete(samples, pod.Name)
		case pod.Status.Phase == corev1.PodPending, known && m.resource == corev1.ResourceCPU && m.unready(pod, s):
			delete(samples, pod.Name)
			unready = append(unready, pod.Name)
		case !known:
			missing = append(missing, pod.Name)
		default:
			ready++
		}
	}
	return ready, unready, missing
}

// unready says whether a pod's use of CPU says nothing yet: while it may still be
// starting, before it has been ready for a whole window; later, if it never was ready.
func (m *measurement) unready(pod *corev1.Pod, s sample) bool {
	c := podCondition(pod, corev1.PodReady)
	if c == nil || pod.Status.StartTime == nil {
		return true
	}
	no := c.Status == corev1.ConditionFalse
	if pod.Status.StartTime.Add(m.options.CPUInitializationPeriod).After(m.now) {
		return no || s.at.Before(c.LastTransitionTime.Add(s.window))
	}
	return no && pod.Status.StartTime.Add(m.options.InitialReadinessDelay).After(c.LastTransitionTime.Time)
}

// readRequests notes what the pods request. All containers have to.
func (m *measurement) readRequests(pods []*corev1.Pod) error {
	m.requests = make(map[string]int64, len(pods))
	for _, pod := range pods {
		n, err := requested(pod, m.container, m.resource)
		if err != nil {
			return err
		}
		m.requests[pod.Name] = n
	}
	return nil
}

func requested(pod *corev1.Pod, container string, r corev1.ResourceName) (int64, error) {
	if container == "" && resourcehelper.IsPodLevelRequestsSet(pod) {
		q, ok := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{})[r]
		if !ok {
			return 0, fmt.Errorf("missing pod-level request for %s in Pod %s", r, pod.Name)
		}
		return q.MilliValue(), nil
	}
	containers := append([]corev1.Container(nil), pod.Spec.Containers...)
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, c)
		}
	}
	sum, found := int64(0), container == ""
	for _, c := range containers {
		if container != "" && container != c.Name {
			continue
		}
		q, ok := c.Resources.Requests[r]
		if !ok {
			return 0, fmt.Errorf("missing request for %s in container %s of Pod %s", r, c.Name, pod.Name)
		}
		sum, found = sum+q.MilliValue(), true
	}
	if !found {
		return 0, fmt.Errorf("container %s not found in Pod %s", container, pod.Name)
	}
	return sum, nil
}

// ratio is what the pods use on average over what they should, the present value
// of what the target is for, and the average itself.
func (m *measurement) ratio(samples map[string]sample) (ratio float64, shown, mean int64, err error) {
	var used, requests, n int64
	for pod, s := range samples {
		if request, ok := m.requests[pod]; ok || !m.percent {
			used, requests, n = used+s.value, requests+request, n+1
		}
	}
	switch {
	case m.percent && requests == 0:
		return 0, 0, 0, errors.New("no metrics returned matched known pods")
	case m.percent:
		shown, mean = used*100/requests, used/n
	default:
		shown, mean = used/n, used/n
	}
	return float64(shown) / float64(m.target), shown, mean, nil
}

// tolerates says whether a ratio is too near to 1 to do anything about it.
func (m *measurement) tolerates(ratio float64) bool {
	down, up := m.options.Tolerance, m.options.Tolerance
	if b := m.hpa.Spec.Behavior; b != nil {
		if b.ScaleDown != nil && b.ScaleDown.Tolerance != nil {
			down = b.ScaleDown.Tolerance.AsApproximateFloat64()
		}
		if b.ScaleUp != nil && b.ScaleUp.Tolerance != nil {
			up = b.ScaleUp.Tolerance.AsApproximateFloat64()
		}
	}
	return 1-down <= ratio && ratio <= 1+up
}
