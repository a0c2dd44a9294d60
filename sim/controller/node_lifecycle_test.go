package controller

import (
	corev1 "k8s.io/api/core/v1"
	"minisim/sim/api"
	"testing"
	"time"
)

func TestX(t *testing.T) {
	m := newMachines(t)
	m.startNodes()
	for i, n := range []string{"master", "worker-1", "worker-2", "worker-3"} {
		m.node(n, time.Duration(i)*1500*time.Millisecond, nil)
	}
	m.pod("web", "worker-2", nil)
	m.run(60 * time.Second)
	m.dead["worker-2"] = true
	m.run(400 * time.Second)
	for _, l := range m.timeline() {
		t.Log(l)
	}
	t.Log(m.taints("worker-2"), m.ready4("worker-2"))
	for _, e := range m.sorted(api.Events) {
		ev := e.(*corev1.Event)
		t.Log(ev.FirstTimestamp, ev.Source.Component, ev.InvolvedObject.Name, ev.Reason, ev.Message)
	}
	t.Log(m.engine.Steps(), m.requests)
}
