package controller

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestFirstToGo(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	pod := func(name string, f func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))}}
		p.Spec.NodeName, p.Status.Phase = "n-"+name, corev1.PodRunning
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-time.Hour))}}
		f(p)
		return p
	}
	plain := func(*corev1.Pod) {}
	for name, worse := range map[string]func(*corev1.Pod){
		"unassigned":     func(p *corev1.Pod) { p.Spec.NodeName = "" },
		"pending":        func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending },
		"not ready":      func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse },
		"lower cost":     func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.PodDeletionCost: "-1"} },
		"crowded node":   func(p *corev1.Pod) { p.Spec.NodeName = "crowded" },
		"ready for less": func(p *corev1.Pod) { p.Status.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(-time.Minute)) },
		"more restarts":  func(p *corev1.Pod) { p.Status.ContainerStatuses = []corev1.ContainerStatus{{RestartCount: 2}} },
		"younger":        func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(now.Add(-time.Minute)) },
		"smaller UID":    func(p *corev1.Pod) { p.UID = "A" },
		"about one age": func(p *corev1.Pod) {
			p.UID = "A"
			p.CreationTimestamp = metav1.NewTime(now.Add(-time.Hour - time.Minute))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bad := pod("z", worse)
			pods := []*corev1.Pod{pod("a", plain), bad, pod("b", plain)}
			related := append([]*corev1.Pod{pod("other", func(p *corev1.Pod) { p.Spec.NodeName = "crowded" })}, pods...)
			if got := firstToGo(pods, related, 1, now); got[0] != bad {
				t.Errorf("%s goes first, want %s", got[0].Name, bad.Name)
			}
		})
	}
	if got := firstToGo([]*corev1.Pod{pod("a", plain)}, nil, 3, now); fmt.Sprint(len(got)) != "1" {
		t.Errorf("picked %d of one pod", len(got))
	}
}
