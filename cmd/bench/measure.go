package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"minisim/internal/source"
	"minisim/scenarios"
	"minisim/sim/api"
	"minisim/sim/apiserver"
	"minisim/sim/cluster"
	"minisim/sim/component"
	"minisim/sim/etcdstore"
	"minisim/sim/scenario"
	"minisim/sim/trace"
)

// startedVariable tells a child when it was started, in nanoseconds since 1970.
const startedVariable = "MINISIM_BENCH_STARTED"

func sinceStart() float64 {
	ns, _ := strconv.ParseInt(os.Getenv(startedVariable), 10, 64)
	return time.Since(time.Unix(0, ns)).Seconds()
}

// What etcd alone is asked to write: values of about the size of a stored pod, in bytes.
const (
	rawWrites = 20_000
	valueSize = 1024
)

// measure takes one measurement and prints it as JSON.
func measure(ctx context.Context, name string) error {
	var f figures
	var err error
	switch name {
	case "etcd":
		f.Raw, err = etcdstore.RawRate(ctx, rawWrites, valueSize)
	case "redis":
		f, err = measureRedis(ctx)
	case "serve":
		return serveForBench(ctx)
	case "http":
		f, err = measureLoad(ctx)
	case "100x1000":
		f, err = measureScale(ctx, 100, 1000)
	case "1000x5000":
		f, err = measureScale(ctx, 1000, 5000)
	default:
		err = fmt.Errorf("there is no measurement %q", name)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

// measureRedis runs redis-app until both services are ready.
func measureRedis(ctx context.Context) (figures, error) {
	var f figures
	data, err := scenarios.Files.ReadFile("redis-app.yaml")
	if err != nil {
		return f, err
	}
	file, err := source.Parse("redis-app.yaml", data)
	if err != nil {
		return f, err
	}
	s, err := scenario.Load("redis-app", file, scenario.Options{})
	if err != nil {
		return f, err
	}
	s.Cluster.Input = s.Input()
	c, err := cluster.New(ctx, s.Cluster)
	if err != nil {
		return f, err
	}
	defer c.Close()
	c.Trace.Subscribe(func(r trace.Record) {
		if f.Decision == 0 && r.Body.Kind() == "decision" {
			f.Decision = sinceStart()
		}
	})
	r := scenario.NewRunner(s, c)
	r.Start()
	for r.View.Ready("app") < 3 || r.View.Ready("redis") < 1 {
		if more, err := r.Step(); err != nil || !more {
			return f, fmt.Errorf("redis-app did not become ready: %v", err)
		}
	}
	f.Ready, f.Hash = sinceStart(), c.Trace.Hash()
	return f, nil
}

// podsPerDeployment keeps the workloads of the scale measurements ordinary.
const podsPerDeployment = 100

// measureScale applies pods to a cluster that is up, waits until all run, kills a
// node and waits until all run again.
func measureScale(ctx context.Context, nodes, pods int) (figures, error) {
	f := figures{Pods: pods}
	var config cluster.Config
	for i := range nodes {
		config.Workers = append(config.Workers, cluster.Worker{Name: fmt.Sprintf("worker-%d", i+1)})
	}
	var store *counter
	config.Hooks.Store = func(s apiserver.Store) apiserver.Store {
		store = &counter{Store: s}
		store.reset()
		return store
	}
	c, err := cluster.New(ctx, config)
	if err != nil {
		return f, err
	}
	defer c.Close()
	c.Boot()
	w := observe(c)
	booting := startClock()
	if err := w.until(ctx, func() bool { return w.readyNodes == nodes }); err != nil {
		return f, fmt.Errorf("nodes ready: %w", err)
	}
	f.Boot = booting.read()
	admin := c.Admin("kubernetes-admin", "bench")
	store.reset()
	applied := startClock()
	for i := range pods / podsPerDeployment {
		if _, err := api.Create(admin, deployment(i)); err != nil {
			return f, err
		}
	}
	if err := w.until(ctx, func() bool { return w.bound == pods }); err != nil {
		return f, fmt.Errorf("%d of %d pods bound: %w", w.bound, pods, err)
	}
	f.Bound = applied.read()
	if err := w.until(ctx, func() bool { return w.running == pods }); err != nil {
		return f, fmt.Errorf("%d of %d pods running: %w", w.running, pods, err)
	}
	f.Running, f.Applied = applied.read(), store.read()
	died, dying := c.Engine.Now(), startClock()
	if err := c.Kill("worker-1"); err != nil {
		return f, err
	}
	lost := w.onNode["worker-1"]
	if err := w.until(ctx, func() bool { return w.running == pods && w.onNode["worker-1"] == 0 }); err != nil {
		return f, fmt.Errorf("%d pods of the dead node replaced: %w", lost, err)
	}
	f.Heal, f.HealTime, f.Hash = dying.read(), (c.Engine.Now() - died).Seconds(), c.Trace.Hash()
	return f, nil
}

func deployment(i int) *appsv1.Deployment {
	labels := map[string]string{"app": fmt.Sprintf("app-%d", i)}
	replicas := int32(podsPerDeployment)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: labels["app"]},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "main", Image: "nginx:1.27-alpine",
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
						corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("100Mi"),
					}},
				}}},
			},
		},
	}
}

// watcher counts what a user who watches pods and nodes sees.
type watcher struct {
	cluster                    *cluster.Cluster
	readyNodes, bound, running int
	onNode                     map[string]int // pods that run and are not being deleted
}

func observe(c *cluster.Cluster) *watcher {
	w := &watcher{cluster: c, onNode: map[string]int{}}
	p := component.NewProcess("bench", "bench", "", c.Engine, c.Trace, c.Admin("kubernetes-admin", "bench"))
	pods := component.Informer[*corev1.Pod](p, api.Pods, api.ListOptions{})
	pods.OnChange(func(old, new *corev1.Pod) {
		w.count(old, -1)
		w.count(new, +1)
	})
	nodes := component.Informer[*corev1.Node](p, api.Nodes, api.ListOptions{})
	nodes.OnChange(func(old, new *corev1.Node) {
		if isReady(new) && !isReady(old) {
			w.readyNodes++
		}
	})
	p.Start()
	return w
}

func (w *watcher) count(p *corev1.Pod, n int) {
	if p == nil || p.DeletionTimestamp != nil || p.Spec.NodeName == "" {
		return
	}
	w.bound += n
	if p.Status.Phase == corev1.PodRunning {
		w.running += n
		w.onNode[p.Spec.NodeName] += n
	}
}

func isReady(n *corev1.Node) bool {
	if n != nil {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady {
				return c.Status == corev1.ConditionTrue
			}
		}
	}
	return false
}

// until steps the cluster until done says so.
func (w *watcher) until(ctx context.Context, done func() bool) error {
	limit := w.cluster.Engine.Now() + 20*time.Minute
	for !done() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.cluster.Engine.Now() > limit {
			return fmt.Errorf("not within 20 minutes of virtual time")
		}
		if _, err := w.cluster.Engine.Step(); err != nil {
			return err
		}
	}
	return nil
}
