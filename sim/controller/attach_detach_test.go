package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/sim/api"
)

func TestStory(t *testing.T) {
	s := newStorageBench(t)
	for i, n := range []string{"master", "worker-1", "worker-2", "worker-3"} {
		s.node(n, time.Duration(i)*1500*time.Millisecond, nil)
	}
	s.claim("redis-data", nil)
	s.run(5 * time.Second)
	s.user("redis-a", "worker-2", "redis-data")
	s.run(55 * time.Second)
	s.dead["worker-2"] = true
	s.observe = append(s.observe, func(old, new api.Object) {
		if pod, ok := new.(*corev1.Pod); ok && pod.Name == "redis-a" && pod.DeletionTimestamp != nil && s.objects[api.Pods][api.Key{"default", "redis-b"}] == nil {
			s.user("redis-b", "worker-3", "redis-data")
		}
	})
	s.run(480 * time.Second)
	s.taint("worker-2", corev1.Taint{Key: corev1.TaintNodeOutOfService, Value: "nodeshutdown", Effect: corev1.TaintEffectNoExecute})
	s.run(60 * time.Second)
	_ = metav1.Now
	for _, l := range s.timeline() {
		t.Log(l)
	}
	t.Log(s.attachments())
	for _, e := range s.sorted(api.Events) {
		ev := e.(*corev1.Event)
		t.Log(ev.FirstTimestamp, ev.Count, ev.Source.Component, ev.InvolvedObject.Name, ev.Reason, ev.Message)
	}
	t.Log(s.engine.Steps(), s.requests)
}
