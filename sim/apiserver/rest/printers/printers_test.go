package printers

import (
	"fmt"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

// TestEveryColumnHasACell shows an empty object of each kind.
func TestEveryColumnHasACell(t *testing.T) {
	for _, r := range api.Resources() {
		o := r.New()
		o.SetName("x")
		table := Table(r, []api.Object{o}, now)
		if len(table.Rows) != 1 || len(table.Rows[0].Cells) != len(table.ColumnDefinitions) {
			t.Errorf("%s: %d cells in %d columns", r, len(table.Rows[0].Cells), len(table.ColumnDefinitions))
		}
		for _, c := range table.ColumnDefinitions {
			if c.Description == "" {
				t.Errorf("%s: nobody says what the column %s is about", r, c.Name)
			}
		}
	}
}

func running(name string, ready bool) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, Ready: ready, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
}

func ended(name, reason string, code int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}}
}

func waiting(name, reason string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}
}

// TestPodStatus has the words that kubectl has for what happens to pods.
func TestPodStatus(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	yes := true
	for want, pod := range map[string]*corev1.Pod{
		"0/1 Pending 0":               {Status: corev1.PodStatus{Phase: corev1.PodPending}},
		"1/1 Running 0":               {Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{running("c", true)}}},
		"0/1 ContainerCreating 0":     {Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{waiting("c", "ContainerCreating")}}},
		"0/1 Completed 0":             {Status: corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: []corev1.ContainerStatus{ended("c", "Completed", 0)}}},
		"0/1 Error 0":                 {Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{ended("c", "Error", 1)}}},
		"0/1 ExitCode:3 0":            {Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{ended("c", "", 3)}}},
		"0/1 Evicted 0":               {Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted"}},
		"0/1 Init:0/1 0":              {Spec: corev1.PodSpec{InitContainers: []corev1.Container{{Name: "i"}}}, Status: corev1.PodStatus{Phase: corev1.PodPending, InitContainerStatuses: []corev1.ContainerStatus{running("i", false)}}},
		"0/1 Init:CrashLoopBackOff 0": {Spec: corev1.PodSpec{InitContainers: []corev1.Container{{Name: "i"}}}, Status: corev1.PodStatus{Phase: corev1.PodPending, InitContainerStatuses: []corev1.ContainerStatus{waiting("i", "CrashLoopBackOff")}}},
		"2/2 Running 0": {
			Spec: corev1.PodSpec{InitContainers: []corev1.Container{{Name: "side", RestartPolicy: &always}}},
			Status: corev1.PodStatus{
				Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{running("c", true)},
				InitContainerStatuses: []corev1.ContainerStatus{{Name: "side", Started: &yes, Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
			},
		},
		"0/1 CrashLoopBackOff 4 (65s ago)": {Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{
			Name: "c", RestartCount: 4, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: ago(65 * time.Second)}},
		}}}},
		"0/1 SchedulingGated 0": {Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Reason: corev1.PodReasonSchedulingGated}}}},
		"1/1 Terminating 0": {
			ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &metav1.Time{Time: now}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{running("c", true)}},
		},
		"1/1 Unknown 0": {
			ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &metav1.Time{Time: now}},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, Reason: "NodeLost", ContainerStatuses: []corev1.ContainerStatus{running("c", true)}},
		},
	} {
		pod.Spec.Containers = []corev1.Container{{Name: "c"}}
		cells := podCells(pod, now)
		if got := fmt.Sprint(cells[1], " ", cells[2], " ", cells[3]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestTargets has metrics of each type, measured and not.
func TestTargets(t *testing.T) {
	ten, half := new(resource.MustParse("10")), new(int32(50))
	perPod := autoscalingv2.MetricTarget{AverageValue: ten}
	cpu := autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: "cpu", Target: autoscalingv2.MetricTarget{AverageUtilization: half}}}
	one := autoscalingv2.MetricSpec{Type: autoscalingv2.ContainerResourceMetricSourceType, ContainerResource: &autoscalingv2.ContainerResourceMetricSource{Name: "cpu", Container: "c"}}
	memory := autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: "memory", Target: perPod}}
	pods := autoscalingv2.MetricSpec{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{Target: perPod}}
	object := autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{Target: autoscalingv2.MetricTarget{Value: ten}}}
	external := autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{Target: perPod}}
	for want, c := range map[string]struct {
		spec   []autoscalingv2.MetricSpec
		status []autoscalingv2.MetricStatus
	}{
		"<none>":                              {},
		"cpu: <unknown>/50%":                  {spec: []autoscalingv2.MetricSpec{cpu}},
		"cpu: <unknown>/<auto>, <unknown>/10": {spec: []autoscalingv2.MetricSpec{one, object}},
		"memory: <unknown>/10, <unknown>/10 (avg) + 1 more...": {spec: []autoscalingv2.MetricSpec{memory, external, pods}},
		"cpu: 50%/50%, 10/10": {
			spec: []autoscalingv2.MetricSpec{cpu, pods},
			status: []autoscalingv2.MetricStatus{
				{Resource: &autoscalingv2.ResourceMetricStatus{Current: autoscalingv2.MetricValueStatus{AverageUtilization: half}}},
				{Pods: &autoscalingv2.PodsMetricStatus{Current: autoscalingv2.MetricValueStatus{AverageValue: ten}}},
			},
		},
	} {
		h := &autoscalingv2.HorizontalPodAutoscaler{Spec: autoscalingv2.HorizontalPodAutoscalerSpec{Metrics: c.spec}, Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentMetrics: c.status}}
		if got := targets(h); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestQuotaShares(t *testing.T) {
	list := func(pods, cpu, limit string) corev1.ResourceList {
		return corev1.ResourceList{"pods": resource.MustParse(pods), "requests.cpu": resource.MustParse(cpu), "limits.memory": resource.MustParse(limit)}
	}
	q := &corev1.ResourceQuota{Status: corev1.ResourceQuotaStatus{Hard: list("10", "2", "1Gi"), Used: list("3", "500m", "0")}}
	if requests, limits := shares(q); requests != "pods: 3/10, requests.cpu: 500m/2" || limits != "limits.memory: 0/1Gi" {
		t.Errorf("requests %q, limits %q", requests, limits)
	}
}

func TestAgesAndLists(t *testing.T) {
	for want, d := range map[string]time.Duration{"5s": 5 * time.Second, "119s": 119 * time.Second, "2m": 2 * time.Minute, "3h5m": 3*time.Hour + 5*time.Minute, "4d": 100 * time.Hour} {
		if got := since(ago(d), now); got != want && !(want == "4d" && got == "4d4h") {
			t.Errorf("%s ago is %q", d, got)
		}
	}
	if got := since(metav1.Time{}, now); got != unknown {
		t.Errorf("never is %q", got)
	}
	if got := few([]string{"a", "b", "c", "d", "e"}); got != "a,b,c + 2 more..." {
		t.Errorf("five words are %q", got)
	}
	if got := modes([]corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany, corev1.ReadWriteOnce, corev1.ReadWriteOnce}); got != "RWO,RWX" {
		t.Errorf("access modes are %q", got)
	}
}
