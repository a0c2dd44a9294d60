package printers

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
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
