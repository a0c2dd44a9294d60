package controller

import (
	"fmt"
	"slices"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"minisim/sim/api"
	"minisim/sim/component"
)

// autoscalers changes how many replicas a workload has by what its pods use: each
// HorizontalPodAutoscaler is looked at every 15 s. Of metrics it knows CPU and
// memory; there is no server for others (custom.metrics.k8s.io, external.metrics.k8s.io).
type autoscalers struct {
	base
	options AutoscalerOptions
	list    *component.Cache[*autoscalingv2.HorizontalPodAutoscaler]
	pods    *component.Cache[*corev1.Pod]
	memory  map[api.Key]*scaleMemory
}

// scaleMemory is what is remembered of one autoscaler from one look to the next.
// It goes with the program, as in the real one.
type scaleMemory struct {
	recommended []recommendation // the oldest ones are replaced
	ups, downs  []scaleEvent
	selector    labels.Selector // of its target's pods, as last read
	trouble     string          // the last error that was told
}

func newAutoscalers(p *component.Process, caches *Caches, o AutoscalerOptions) *autoscalers {
	c := &autoscalers{options: o, list: caches.HorizontalPodAutoscalers, pods: caches.Pods, memory: map[api.Key]*scaleMemory{}}
	c.base = newBase(p, "horizontal-pod-autoscaler-controller", "horizontal-pod-autoscaler", api.HorizontalPodAutoscalers, c)
	c.list.OnChange(func(old, new *autoscalingv2.HorizontalPodAutoscaler) {
		if old != nil && (new == nil || replaced(old, new)) {
			delete(c.memory, api.KeyOf(old))
		}
		if new != nil { // a change does not have it looked at any sooner
			c.queue.AddAfter(api.KeyOf(new), o.SyncPeriod)
		}
	})
	return c
}

// scaleSync is one look at one autoscaler.
type scaleSync struct {
	*autoscalers
	*scaleMemory
	hpa    *autoscalingv2.HorizontalPodAutoscaler // its status as it is to be
	now    time.Time
	target *api.Resource
	scale  *autoscalingv1.Scale

	least, most, current int32
}

// Reconcile looks at one autoscaler, and sees to it that it is looked at again.
func (c *autoscalers) Reconcile(key api.Key) error {
	hpa, ok := c.list.Get(key)
	if !ok {
		return nil
	}
	m := c.memory[key]
	if m == nil {
		m = &scaleMemory{}
		c.memory[key] = m
	}
	s := &scaleSync{autoscalers: c, scaleMemory: m, hpa: hpa.DeepCopy(), now: c.process.Engine.Clock()}
	err := s.look()
	if component.Unreachable(err) {
		return err
	}
	if writeErr := s.write(hpa); writeErr != nil {
		err = writeErr
	}
	s.complain(key, err)
	c.queue.AddAfter(key, c.options.SyncPeriod)
	return nil
}

// complain tells of an error when it is another one than last time.
func (s *scaleSync) complain(key api.Key, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != s.trouble {
		s.process.Trace.Then(component.Failed(s.name, key.String(), err, s.options.SyncPeriod))
	}
	s.trouble = text
}

// look finds out how many replicas there should be, and has the target scaled.
func (s *scaleSync) look() error {
	if err := s.findTarget(); err != nil {
		if component.Unreachable(err) {
			return err
		}
		s.recorder.Event(s.hpa, corev1.EventTypeWarning, "FailedGetScale", err.Error())
		s.condition(autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedGetScale", "the HPA controller was unable to get the target's current scale: "+err.Error())
		return fmt.Errorf("failed to query scale subresource for %s: %w", s.reference(), err)
	}
	s.condition(autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededGetScale", "the HPA controller was able to get the target's current scale")
	if s.recommended == nil {
		s.recommended = []recommendation{{s.current, s.now}}
	}
	desired, reason, found, err := s.desired()
	if err != nil && desired < 0 {
		if component.Unreachable(err) {
			return err
		}
		s.status(s.hpa.Status.DesiredReplicas, found)
		s.recorder.Event(s.hpa, corev1.EventTypeWarning, "FailedComputeMetricsReplicas", err.Error())
		return fmt.Errorf("failed to compute desired number of replicas based on listed metrics for %s: %w", s.reference(), err)
	}
	if desired != s.current {
		if scaleErr := s.rescale(desired, reason, found); scaleErr != nil {
			return scaleErr
		}
	}
	s.status(desired, found)
	return err
}

// desired is the wanted number of replicas, why, and the state of the metrics it
// follows from. With an error below 0 is no number at all, any other one stands.
func (s *scaleSync) desired() (n int32, reason string, found []autoscalingv2.MetricStatus, err error) {
	switch {
	case s.current == 0:
		s.condition(autoscalingv2.ScalingActive, corev1.ConditionFalse, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
		return 0, "", nil, nil
	case s.current > s.most:
		return s.most, "Current number of replicas above Spec.MaxReplicas", nil, nil
	case s.current < s.least:
		return s.least, "Current number of replicas below Spec.MinReplicas", nil, nil
	}
	proposed, name, found, err := s.measure()
	if err != nil && proposed < 0 {
		return -1, "", found, err
	}
	switch {
	case proposed > s.current:
		reason = name + " above target"
	case proposed < s.current:
		reason = "All metrics below target"
	}
	return s.normalize(max(proposed, 0)), reason, found, err
}

func (s *scaleSync) reference() string {
	return fmt.Sprintf("%s/%s/%s", s.hpa.Spec.ScaleTargetRef.Kind, s.hpa.Namespace, s.hpa.Spec.ScaleTargetRef.Name)
}

// findTarget reads the scale of what the autoscaler is for.
func (s *scaleSync) findTarget() error {
	ref := s.hpa.Spec.ScaleTargetRef
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return err
	}
	gk := schema.GroupKind{Group: gv.Group, Kind: ref.Kind}
	served, err := api.Preferred(s.client) // custom resources, too
	if err != nil {
		return err
	}
	i := slices.IndexFunc(served, func(r *api.Resource) bool { return r.GVK().GroupKind() == gk })
	if i < 0 {
		return &meta.NoKindMatchError{GroupKind: gk}
	}
	s.target = served[i]
	o, err := s.client.Do(api.Request{Verb: api.VerbGet, Resource: s.target, Subresource: "scale", Key: api.Key{Namespace: s.hpa.Namespace, Name: ref.Name}})
	if err != nil {
		return err
	}
	s.scale = o.(*autoscalingv1.Scale)
	s.current, s.most, s.least = s.scale.Spec.Replicas, s.hpa.Spec.MaxReplicas, 1
	if s.hpa.Spec.MinReplicas != nil {
		s.least = *s.hpa.Spec.MinReplicas
	}
	return nil
}

// rescale gives the target another number of replicas.
func (s *scaleSync) rescale(desired int32, reason string, found []autoscalingv2.MetricStatus) error {
	because := reason
	if because == "" {
		because = "the metrics asked for it a short time ago"
	}
	s.tell(api.KeyOf(s.hpa), component.Reconciled{
		Want: pods(int(desired)), Have: fmt.Sprint(s.current),
		Do: fmt.Sprintf("scale %s %s to %d", s.target.Singular, s.scale.Name, desired), Because: because,
	})
	scale := s.scale.DeepCopy()
	scale.Spec.Replicas = desired
	_, err := s.client.Do(api.Request{Verb: api.VerbUpdate, Resource: s.target, Subresource: "scale", Key: api.KeyOf(scale), Object: scale})
	if component.Unreachable(err) {
		return err
	}
	if err != nil {
		s.recorder.Eventf(s.hpa, corev1.EventTypeWarning, "FailedRescale", "New size: %d; reason: %s; error: %v", desired, reason, err)
		s.condition(autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedUpdateScale", fmt.Sprintf("the HPA controller was unable to update the target scale: %v", err))
		s.status(s.hpa.Status.DesiredReplicas, found)
		return fmt.Errorf("failed to rescale %s: %w", s.reference(), err)
	}
	s.condition(autoscalingv2.AbleToScale, corev1.ConditionTrue, "SucceededRescale", fmt.Sprintf("the HPA controller was able to update the target scale to %d", desired))
	s.recorder.Eventf(s.hpa, corev1.EventTypeNormal, "SuccessfulRescale", "New size: %d; reason: %s", desired, reason)
	s.remember(desired)
	now := metaTime(s.now)
	s.hpa.Status.LastScaleTime = &now
	return nil
}

// status is what the autoscaler says of itself.
func (s *scaleSync) status(desired int32, found []autoscalingv2.MetricStatus) {
	s.hpa.Status = autoscalingv2.HorizontalPodAutoscalerStatus{
		CurrentReplicas: s.current, DesiredReplicas: desired, CurrentMetrics: found,
		LastScaleTime: s.hpa.Status.LastScaleTime, Conditions: s.hpa.Status.Conditions,
	}
}

func (s *scaleSync) condition(t autoscalingv2.HorizontalPodAutoscalerConditionType, status corev1.ConditionStatus, reason, message string) {
	i := slices.IndexFunc(s.hpa.Status.Conditions, func(c autoscalingv2.HorizontalPodAutoscalerCondition) bool { return c.Type == t })
	if i < 0 {
		i = len(s.hpa.Status.Conditions)
		s.hpa.Status.Conditions = append(s.hpa.Status.Conditions, autoscalingv2.HorizontalPodAutoscalerCondition{Type: t})
	}
	c := &s.hpa.Status.Conditions[i]
	if c.Status != status {
		c.LastTransitionTime = metaTime(s.now)
	}
	c.Status, c.Reason, c.Message = status, reason, message
}

// write stores the status if it is another one than that of seen.
func (s *scaleSync) write(seen *autoscalingv2.HorizontalPodAutoscaler) error {
	if equality.Semantic.DeepEqual(seen.Status, s.hpa.Status) {
		return nil
	}
	s.tell(api.KeyOf(s.hpa), component.Reconciled{Report: true, Do: fmt.Sprintf("status: %d of %d replicas", s.hpa.Status.CurrentReplicas, s.hpa.Status.DesiredReplicas)})
	if _, err := api.UpdateStatus(s.client, s.hpa); err != nil {
		if !component.Unreachable(err) {
			s.recorder.Event(s.hpa, corev1.EventTypeWarning, "FailedUpdateStatus", err.Error())
		}
		return fmt.Errorf("failed to update status for %s: %w", s.hpa.Name, err)
	}
	return nil
}
