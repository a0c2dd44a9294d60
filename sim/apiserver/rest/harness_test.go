package rest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

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
	file    string // kubeconfig
	stop    func()
	closed  sync.Once
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
	w := &town{TB: t}
	var err error
	if w.cluster, err = cluster.New(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	w.live = rest.NewLive(w.cluster.Engine)
	if w.server, err = rest.Start(rest.Config{
		Engine: w.cluster.Engine, API: w.cluster.API, Clock: w.live.Date,
		Tokens: map[string]rest.User{"secret": {Name: "robot", Groups: []string{"system:masters"}}, "weak": {Name: "nobody"}},
	}); err != nil {
		t.Fatal(err)
	}
	w.file = filepath.Join(t.TempDir(), "kubeconfig")
	if err := w.server.WriteKubeconfig(w.file, "minisim", rest.Admin); err != nil {
		t.Fatal(err)
	}
	w.cluster.Boot()
	if err := w.cluster.Engine.RunTo(w.cluster.Engine.Now() + 5*time.Second); err != nil {
		t.Fatal(err)
	}
	w.live.Speed(speed)
	w.run(w.live.Run)
	t.Cleanup(func() {
		w.end()
		w.cluster.Close()
	})
	return w
}

// run has the cluster run until stop is called.
func (w *town) run(how func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- how(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != context.Canceled {
			w.Errorf("the cluster stopped: %v", err)
		}
	})
}

// pause has nothing happen but what comes from outside.
func (w *town) pause() {
	w.stop()
	w.run(func(ctx context.Context) error {
		for {
			w.cluster.Engine.Serve()
			select {
			case <-w.live.Wake():
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
}

// end stops the cluster and its server.
func (w *town) end() {
	w.stop()
	w.closed.Do(func() {
		if err := w.server.Close(); err != nil {
			w.Error(err)
		}
	})
}

// visit looks at the cluster between two steps.
func (w *town) visit(f func(e *engine.Engine)) {
	<-w.cluster.Engine.Visit(func() { f(w.cluster.Engine) })
}

// environment is that of a program which is to find the cluster.
func (w *town) environment() []string {
	return append(os.Environ(), "KUBECONFIG="+w.file, "HOME="+filepath.Dir(w.file), "TZ=UTC", "KUBE_EDITOR=false", "KUBECTL_EXTERNAL_DIFF=")
}
