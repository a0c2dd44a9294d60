package printers

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"
)

// templateDoc is about the columns that show a pod template.
var templateDoc = map[string]string{
	"Containers": "Names of the containers in the template.",
	"Images":     "Images of the containers in the template.",
}

// with adds what is about other columns.
func with(more map[string]string) map[string]string {
	for k, v := range templateDoc {
		if more[k] == "" {
			more[k] = v
		}
	}
	return more
}

var workloads = map[reflect.Type]printer{
	reflect.TypeFor[*appsv1.Deployment](): of(columns("Name|Ready|Up-to-date|Available|Age|Containers*|Images*|Selector*", with(map[string]string{
		"Ready":      "How many pods are ready, of how many.",
		"Up-to-date": appsv1.DeploymentStatus{}.SwaggerDoc()["updatedReplicas"],
		"Available":  appsv1.DeploymentStatus{}.SwaggerDoc()["availableReplicas"],
		"Selector":   appsv1.DeploymentSpec{}.SwaggerDoc()["selector"],
	})), func(d *appsv1.Deployment, now time.Time) []any {
		names, images := containers(d.Spec.Template.Spec.Containers)
		selector := "<invalid>"
		if s, err := metav1.LabelSelectorAsSelector(d.Spec.Selector); err == nil {
			selector = s.String()
		}
		return []any{
			d.Name, ratio(d.Status.ReadyReplicas, d.Spec.Replicas), int64(d.Status.UpdatedReplicas), int64(d.Status.AvailableReplicas),
			age(d, now), names, images, selector,
		}
	}),
	reflect.TypeFor[*appsv1.ReplicaSet](): of(columns("Name|Desired#|Current#|Ready#|Age|Containers*|Images*|Selector*", with(map[string]string{
		"Desired":  appsv1.ReplicaSetSpec{}.SwaggerDoc()["replicas"],
		"Current":  appsv1.ReplicaSetStatus{}.SwaggerDoc()["replicas"],
		"Ready":    appsv1.ReplicaSetStatus{}.SwaggerDoc()["readyReplicas"],
		"Selector": appsv1.ReplicaSetSpec{}.SwaggerDoc()["selector"],
	})), func(s *appsv1.ReplicaSet, now time.Time) []any {
		names, images := containers(s.Spec.Template.Spec.Containers)
		return []any{
			s.Name, int64(value(s.Spec.Replicas, 0)), int64(s.Status.Replicas), int64(s.Status.ReadyReplicas),
			age(s, now), names, images, metav1.FormatLabelSelector(s.Spec.Selector),
		}
	}),
	reflect.TypeFor[*appsv1.StatefulSet](): of(columns("Name|Ready|Age|Containers*|Images*", with(map[string]string{
		"Ready": "How many pods are ready, of how many.",
	})), func(s *appsv1.StatefulSet, now time.Time) []any {
		names, images := containers(s.Spec.Template.Spec.Containers)
		return []any{s.Name, ratio(s.Status.ReadyReplicas, s.Spec.Replicas), age(s, now), names, images}
	}),
	reflect.TypeFor[*appsv1.DaemonSet](): of(columns("Name|Desired#|Current#|Ready#|Up-to-date#|Available#|Node Selector|Age|Containers*|Images*|Selector*", with(map[string]string{
		"Desired":       appsv1.DaemonSetStatus{}.SwaggerDoc()["desiredNumberScheduled"],
		"Current":       appsv1.DaemonSetStatus{}.SwaggerDoc()["currentNumberScheduled"],
		"Ready":         appsv1.DaemonSetStatus{}.SwaggerDoc()["numberReady"],
		"Up-to-date":    appsv1.DaemonSetStatus{}.SwaggerDoc()["updatedNumberScheduled"],
		"Available":     appsv1.DaemonSetStatus{}.SwaggerDoc()["numberAvailable"],
		"Node Selector": corev1.PodSpec{}.SwaggerDoc()["nodeSelector"],
		"Selector":      appsv1.DaemonSetSpec{}.SwaggerDoc()["selector"],
	})), func(d *appsv1.DaemonSet, now time.Time) []any {
		names, images := containers(d.Spec.Template.Spec.Containers)
		s := d.Status
		return []any{
			d.Name, int64(s.DesiredNumberScheduled), int64(s.CurrentNumberScheduled), int64(s.NumberReady), int64(s.UpdatedNumberScheduled),
			int64(s.NumberAvailable), labels.FormatLabels(d.Spec.Template.Spec.NodeSelector), age(d, now),
			names, images, metav1.FormatLabelSelector(d.Spec.Selector),
		}
	}),
	reflect.TypeFor[*appsv1.ControllerRevision](): of(columns("Name|Controller|Revision|Age", map[string]string{
		"Controller": "What the revision is of.", "Revision": appsv1.ControllerRevision{}.SwaggerDoc()["revision"],
	}), func(r *appsv1.ControllerRevision, now time.Time) []any {
		controller := none
		if o := metav1.GetControllerOfNoCopy(r); o != nil {
			controller = strings.ToLower(o.Kind+"."+groupOf(o.APIVersion)) + "/" + o.Name
		}
		return []any{r.Name, controller, r.Revision, age(r, now)}
	}),
	reflect.TypeFor[*batchv1.Job](): of(columns("Name|Status|Completions|Duration|Age|Containers*|Images*|Selector*", with(map[string]string{
		"Status": "Where the job has got to.", "Completions": batchv1.JobStatus{}.SwaggerDoc()["succeeded"],
		"Duration": "The time that the job takes or has taken.", "Selector": batchv1.JobSpec{}.SwaggerDoc()["selector"],
	})), func(j *batchv1.Job, now time.Time) []any {
		names, images := containers(j.Spec.Template.Spec.Containers)
		return []any{j.Name, jobStatus(j), completions(j), jobDuration(j, now), age(j, now), names, images, metav1.FormatLabelSelector(j.Spec.Selector)}
	}),
	reflect.TypeFor[*batchv1.CronJob](): of(columns("Name|Schedule|Timezone|Suspend?|Active#|Last Schedule|Age|Containers*|Images*|Selector*", with(map[string]string{
		"Schedule": batchv1.CronJobSpec{}.SwaggerDoc()["schedule"], "Timezone": batchv1.CronJobSpec{}.SwaggerDoc()["timeZone"],
		"Suspend": batchv1.CronJobSpec{}.SwaggerDoc()["suspend"], "Active": batchv1.CronJobStatus{}.SwaggerDoc()["active"],
		"Last Schedule": batchv1.CronJobStatus{}.SwaggerDoc()["lastScheduleTime"], "Selector": batchv1.JobSpec{}.SwaggerDoc()["selector"],
	})), func(c *batchv1.CronJob, now time.Time) []any {
		names, images := containers(c.Spec.JobTemplate.Spec.Template.Spec.Containers)
		last := none
		if c.Status.LastScheduleTime != nil {
			last = since(*c.Status.LastScheduleTime, now)
		}
		suspend := unset
		if c.Spec.Suspend != nil {
			suspend = title(*c.Spec.Suspend)
		}
		return []any{
			c.Name, c.Spec.Schedule, text(c.Spec.TimeZone, none), suspend, int64(len(c.Status.Active)), last,
			age(c, now), names, images, metav1.FormatLabelSelector(c.Spec.JobTemplate.Spec.Selector),
		}
	}),
	reflect.TypeFor[*autoscalingv2.HorizontalPodAutoscaler](): of(columns("Name|Reference|Targets|MinPods|MaxPods|Replicas|Age", map[string]string{
		"Reference": autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["scaleTargetRef"],
		"Targets":   autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["metrics"],
		"MinPods":   autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["minReplicas"],
		"MaxPods":   autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["maxReplicas"],
		"Replicas":  autoscalingv2.HorizontalPodAutoscalerStatus{}.SwaggerDoc()["currentReplicas"],
	}), func(h *autoscalingv2.HorizontalPodAutoscaler, now time.Time) []any {
		least := unset
		if h.Spec.MinReplicas != nil {
			least = fmt.Sprint(*h.Spec.MinReplicas)
		}
		return []any{
			h.Name, h.Spec.ScaleTargetRef.Kind + "/" + h.Spec.ScaleTargetRef.Name, targets(h), least,
			int64(h.Spec.MaxReplicas), int64(h.Status.CurrentReplicas), age(h, now),
		}
	}),
}

func ratio(ready int32, want *int32) string { return fmt.Sprintf("%d/%d", ready, value(want, 0)) }

func title(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func jobStatus(j *batchv1.Job) string {
	is := func(t batchv1.JobConditionType) bool {
		for _, c := range j.Status.Conditions {
			if c.Type == t {
				return c.Status == corev1.ConditionTrue
			}
		}
		return false
	}
	switch {
	case is(batchv1.JobComplete):
		return "Complete"
	case is(batchv1.JobFailed):
		return "Failed"
	case j.DeletionTimestamp != nil:
		return "Terminating"
	case is(batchv1.JobSuspended):
		return "Suspended"
	case is(batchv1.JobFailureTarget):
		return "FailureTarget"
	case is(batchv1.JobSuccessCriteriaMet):
		return "SuccessCriteriaMet"
	}
	return "Running"
}

func completions(j *batchv1.Job) string {
	switch parallel := value(j.Spec.Parallelism, 0); {
	case j.Spec.Completions != nil:
		return fmt.Sprintf("%d/%d", j.Status.Succeeded, *j.Spec.Completions)
	case parallel > 1:
		return fmt.Sprintf("%d/1 of %d", j.Status.Succeeded, parallel)
	}
	return fmt.Sprintf("%d/1", j.Status.Succeeded)
}

func jobDuration(j *batchv1.Job, now time.Time) string {
	switch s := j.Status; {
	case s.StartTime == nil:
		return ""
	case s.CompletionTime == nil:
		return duration.HumanDuration(now.Sub(s.StartTime.Time))
	default:
		return duration.HumanDuration(s.CompletionTime.Sub(s.StartTime.Time))
	}
}
