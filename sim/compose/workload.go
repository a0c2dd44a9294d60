package compose

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// workload is the kind of object that runs a service's pods.
type workload string

const (
	deployment  workload = "Deployment"
	statefulSet workload = "StatefulSet"
	daemonSet   workload = "DaemonSet"
	job         workload = "Job"
)

// typeLabel is how Kompose users choose the kind of workload.
const typeLabel = "kompose.controller.type"

// chooseKind chooses the kind of workload from the label, the deploy mode, what waits for the service, and whether it
// is a task that runs once.
func (s *service) chooseKind() {
	s.kind = deployment
	switch wanted := strings.ToLower(s.label(typeLabel)); wanted {
	case "":
	case "deployment":
		return
	case "statefulset":
		s.kind = statefulSet
		return
	case "daemonset":
		s.kind = daemonSet
		return
	case "job":
		s.kind = job
		return
	default:
		s.note(Lost, "the label "+typeLabel+" asks for a "+wanted, "it is not deployment, statefulset, daemonset or job", "", "labels", typeLabel)
	}
	switch mode := s.mode(); {
	case mode == "global":
		s.kind = daemonSet
	case mode == "replicated-job":
		s.kind = job
	case mode == "global-job":
		s.kind = job
		s.note(Changed, "runs once on every node that matches", fmt.Sprintf("a Job knows no nodes: %d pods run, each on another node", s.replicas),
			"set deploy.replicas to the number of nodes", "deploy", "mode")
	case len(s.dependents(types.ServiceConditionCompletedSuccessfully)) > 0:
		s.kind = job
	case s.isTask():
		s.kind = job
	}
}

func (s *service) mode() string {
	if s.Deploy == nil {
		return ""
	}
	return s.Deploy.Mode
}

// restart is the restart condition (no, on-failure, always, unless-stopped, or "" when none is given) and the most
// restarts, -1 for no limit.
func (s *service) restart() (condition string, attempts int) {
	condition, attempts = s.Restart, -1
	if rest, ok := strings.CutPrefix(condition, "on-failure:"); ok {
		condition = types.RestartPolicyOnFailure
		attempts, _ = strconv.Atoi(rest)
	}
	if s.Deploy != nil && s.Deploy.RestartPolicy != nil {
		policy := s.Deploy.RestartPolicy
		switch policy.Condition {
		case "none":
			condition = types.RestartPolicyNo
		case "any":
			condition = types.RestartPolicyAlways
		case "on-failure":
			condition = types.RestartPolicyOnFailure
		}
		if policy.MaxAttempts != nil {
			attempts = int(min(*policy.MaxAttempts, math.MaxInt32))
		}
	}
	return condition, attempts
}

// restartPath is the key that says how the service is restarted.
func (s *service) restartPath() []string {
	switch {
	case s.Deploy != nil && s.Deploy.RestartPolicy != nil:
		return []string{"deploy", "restart_policy"}
	case s.Restart != "":
		return []string{"restart"}
	}
	return nil
}

// isTask tells whether a service does some work and ends: it is not to be restarted after success, publishes nothing,
// nobody needs it running, and nothing is said that only a server needs: a number of replicas, how to update them, how
// to see that they are well.
func (s *service) isTask() bool {
	if s.HealthCheck != nil || s.Scale != nil || s.Deploy != nil && (s.Deploy.Replicas != nil || s.Deploy.UpdateConfig != nil) {
		return false
	}
	condition, _ := s.restart()
	return (condition == types.RestartPolicyNo || condition == types.RestartPolicyOnFailure) &&
		len(s.Ports) == 0 && len(s.Expose) == 0 &&
		len(s.dependents(types.ServiceConditionStarted, types.ServiceConditionHealthy)) == 0
}

// noteRestart says what the pods' restart policy makes of the compose one.
func (s *service) noteRestart() {
	condition, attempts := s.restart()
	switch {
	case s.kind == job:
		if condition == types.RestartPolicyAlways || condition == types.RestartPolicyUnlessStopped {
			s.note(Changed, "compose starts it again whenever it ends", "a Job ends when it has succeeded", "", s.restartPath()...)
		}
		if condition == types.RestartPolicyOnFailure && attempts < 0 {
			s.note(Changed, "compose starts it again after every failure, for ever", "a Job must give up at last: after 2147483647 retries", "", s.restartPath()...)
		}
	case condition == "":
		s.note(Changed, "without restart: compose leaves a stopped container stopped", "Kubernetes starts it again, always", "say restart: always to mean it")
	case condition == types.RestartPolicyUnlessStopped:
		s.note(Changed, "compose starts it again unless it was stopped by hand", "Kubernetes starts it again, always", "to stop it, scale it to 0", s.restartPath()...)
	case condition == types.RestartPolicyNo || condition == types.RestartPolicyOnFailure:
		s.note(Changed, "compose does not start it again after it ends ("+condition+")", "it is a server, and a "+string(s.kind)+" starts its pods again, always", "", s.restartPath()...)
	}
}

// translateWorkload makes the object that runs the service's pods.
func (s *service) translateWorkload() {
	s.noteRestart()
	template := s.podTemplate()
	meta := s.meta(s.kube)
	meta.Annotations = s.deployLabels
	selector := &metav1.LabelSelector{MatchLabels: s.labels()}
	var r Resource
	switch s.kind {
	case deployment:
		d := &appsv1.Deployment{TypeMeta: typeMeta("apps/v1", string(s.kind)), ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
			Replicas: &s.replicas, Selector: selector, Template: template,
		}}
		s.strategy(&d.Spec)
		r = d
	case statefulSet:
		r = &appsv1.StatefulSet{TypeMeta: typeMeta("apps/v1", string(s.kind)), ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{
			Replicas: &s.replicas, Selector: selector, Template: template, ServiceName: s.kube,
		}}
		s.noteUpdates()
	case daemonSet:
		r = &appsv1.DaemonSet{TypeMeta: typeMeta("apps/v1", string(s.kind)), ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{
			Selector: selector, Template: template,
		}}
		s.noteUpdates()
	case job:
		r = s.job(meta, template)
		s.noteUpdates()
	}
	s.t.objects.workloads = append(s.t.objects.workloads, s.object(r, s.workloadWhy()))
}

func (s *service) workloadWhy() string {
	condition, _ := s.restart()
	switch {
	case s.kind == daemonSet:
		return "runs once on every node"
	case s.kind == job && len(s.dependents(types.ServiceConditionCompletedSuccessfully)) > 0:
		return "must complete before " + s.dependents(types.ServiceConditionCompletedSuccessfully)[0].Name + " starts"
	case s.kind == job && s.isTask():
		return "runs to its end (restart: " + condition + ")"
	case s.kind == job:
		return "runs to its end"
	case s.replicas == 1:
		return "runs 1 replica"
	}
	return fmt.Sprintf("runs %d replicas", s.replicas)
}

// job makes a Job: as many completions as the service has replicas, all at once.
func (s *service) job(meta metav1.ObjectMeta, template corev1.PodTemplateSpec) *batchv1.Job {
	condition, attempts := s.restart()
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	var backoff int32
	if condition != "" && condition != types.RestartPolicyNo {
		template.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
		backoff = math.MaxInt32
		if attempts >= 0 {
			backoff = int32(min(attempts, math.MaxInt32))
		}
	}
	if s.mode() == "global-job" {
		template.Spec.Affinity = onDifferentNodes(template.Spec.Affinity, s.labels())
	}
	return &batchv1.Job{TypeMeta: typeMeta("batch/v1", string(job)), ObjectMeta: meta, Spec: batchv1.JobSpec{
		Parallelism: &s.replicas, Completions: &s.replicas, BackoffLimit: &backoff, Template: template,
	}}
}

// strategy chooses how a Deployment replaces its pods.
func (s *service) strategy(spec *appsv1.DeploymentSpec) {
	if volume := s.writableVolume(); volume != "" {
		spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
		if s.Deploy != nil && s.Deploy.UpdateConfig != nil {
			s.note(Changed, "containers are replaced some at a time", "all pods stop before new ones start, because they write to the volume "+volume, "", "deploy", "update_config")
		}
		return
	}
	if s.Deploy == nil || s.Deploy.UpdateConfig == nil {
		return
	}
	u := s.Deploy.UpdateConfig
	atOnce := intstr.FromInt32(1)
	if u.Parallelism != nil {
		atOnce = intstr.FromInt32(int32(min(*u.Parallelism, math.MaxInt32)))
		if *u.Parallelism == 0 {
			atOnce = intstr.FromString("100%")
		}
	}
	zero := intstr.FromInt32(0)
	rolling := &appsv1.RollingUpdateDeployment{MaxUnavailable: &atOnce, MaxSurge: &zero}
	if u.Order == "start-first" {
		rolling = &appsv1.RollingUpdateDeployment{MaxUnavailable: &zero, MaxSurge: &atOnce}
	}
	spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: rolling}
	spec.MinReadySeconds = seconds(time.Duration(u.Delay))
	if monitor := seconds(time.Duration(u.Monitor)); monitor > 0 {
		monitor = max(monitor, spec.MinReadySeconds+1) // Kubernetes wants it larger
		spec.ProgressDeadlineSeconds = &monitor
	}
}

// noteUpdates says that an update_config has no effect on kinds other than a Deployment.
func (s *service) noteUpdates() {
	if s.Deploy != nil && s.Deploy.UpdateConfig != nil {
		s.note(Lost, "containers are replaced as update_config says", "a "+string(s.kind)+" has its own way of replacing pods", "", "deploy", "update_config")
	}
}

// seconds rounds a duration up to whole seconds, as far as Kubernetes' numbers go.
func seconds(d time.Duration) int32 {
	return int32(min((d+time.Second-1)/time.Second, math.MaxInt32-1))
}
