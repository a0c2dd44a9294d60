package rest_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"minisim/internal/served"
	"minisim/sim/apiserver/rest"
	"minisim/sim/cluster"
	"minisim/sim/engine"
)

// town is a running cluster with its server.
type town struct {
	testing.TB
	cluster *cluster.Cluster
	server  *rest.Server
	live    *rest.Live
	served  *served.Cluster
	file    string // kubeconfig
}

// config is a cluster of three workers whose pods run at once, as in the recorded sessions.
func config() cluster.Config {
	c := cluster.Config{Seed: 1, Instant: true, Latency: &cluster.Latency{}}
	for i := range 3 {
		c.Workers = append(c.Workers, cluster.Worker{
			Name: fmt.Sprintf("worker-%d", i+1), CPU: resource.MustParse("4"), Memory: resource.MustParse("8Gi"),
		})
	}
	return c
}

// build starts a cluster that lives so many times as fast as real time.
func build(t testing.TB, c cluster.Config, speed float64) *town {
	t.Helper()
	made, err := served.Start(t.Context(), served.Config{
		Cluster: c, Speed: speed,
		Tokens: map[string]rest.User{"secret": {Name: "robot", Groups: []string{"system:masters"}}, "weak": {Name: "nobody"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &town{TB: t, served: made, cluster: made.Cluster, server: made.Server, live: made.Live, file: filepath.Join(t.TempDir(), "kubeconfig")}
	if err := w.server.WriteKubeconfig(w.file, "minisim", rest.Admin); err != nil {
		t.Fatal(err)
	}
	return w
}

// pause has nothing happen but what comes from outside.
func (w *town) pause() { w.served.Pause() }

// end stops the cluster and its server.
func (w *town) end() {
	if err := w.served.Stop(); err != nil {
		w.Error(err)
	}
}

// visit looks at the cluster between two steps.
func (w *town) visit(f func(e *engine.Engine)) {
	<-w.cluster.Engine.Visit(func() { f(w.cluster.Engine) })
}
