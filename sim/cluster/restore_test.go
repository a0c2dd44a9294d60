package cluster

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"minisim/sim/api"
)

// TestTheClockNeverGoesBack: a cluster whose machines were off carries on after
// what was last written, not after the last heartbeat.
func TestTheClockNeverGoesBack(t *testing.T) {
	config := Config{DataDir: t.TempDir(), Workers: []Worker{{Name: "worker-1"}}}
	c, err := New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	c.Boot()
	if err := c.Engine.RunTo(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill("worker-1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Engine.RunTo(5 * time.Minute); err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for _, cond := range c.API.Get(api.Nodes, api.Key{Name: "worker-1"}).(*corev1.Node).Status.Conditions {
		if cond.LastTransitionTime.After(last) {
			last = cond.LastTransitionTime.Time
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = New(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if now := c.Engine.Clock(); now.Before(last) {
		t.Errorf("it carries on at %s, the node's conditions are of %s", now, last)
	}
}
